"""The tables of `vx`: as wide as what stands in them, nothing cut."""

from __future__ import annotations

from cli.output import Rows

_GAP = "  "


def table(rows: Rows, *, header: bool) -> str:
    """Return rows, the first of which names the columns, aligned to the left."""
    shown = rows if header else rows[1:]
    if not shown:
        return ""
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "".join(_line(row, widths) for row in shown)


def _line(row: list[str], widths: list[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return _GAP.join(cells).rstrip() + "\n"
