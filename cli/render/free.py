"""Free regions of disks in the original's columns."""

from __future__ import annotations

from typing import Any

from cli.output import Rows, cell

_FORMAT = "%-12s %-12s %-12s %-9s %-9s %s"
_KEYS = ("disk", "device", "tag", "offset_sectors", "length_sectors", "flags")


def listing(data: list[dict[str, Any]], header: bool) -> str:
    """Return the table of `vxdg free`."""
    shown = rows(data)[0 if header else 1 :]
    return "".join(f"{(_FORMAT % tuple(row)).rstrip()}\n" for row in shown)


def rows(data: list[dict[str, Any]]) -> Rows:
    """Return one row for each region."""
    return [["DISK", "DEVICE", "TAG", "OFFSET", "LENGTH", "FLAGS"]] + [
        [cell(row[key]) for key in _KEYS] for row in data
    ]
