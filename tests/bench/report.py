"""The rows as a table for people, and as JSON for whoever compares two runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.version import VERSION
from eventstore.storage.sqlite import VERSION as SQLITE_VERSION
from tests.bench.measure import Row

_HEADINGS = ("", "ours", "base", "unit", "ratio", "middle half", "goal", "")


def table(rows: Sequence[Row]) -> str:
    """Return the report as aligned text; what the base is stands below."""
    lines = [_HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADINGS))]
    text = [
        "  ".join(
            cell.ljust(width) if i in (0, 3, 7) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    bases = [f"  {row.name}: base is {row.base_is}" for row in rows if row.base_is]
    return "\n".join([*text, *([""] if bases else []), *bases])


def _cells(row: Row) -> tuple[str, ...]:
    half = row.middle_half
    return (
        row.name,
        figure(row.ours),
        "" if row.base is None else figure(row.base),
        row.unit,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if half is None else f"{half[0]:.2f} .. {half[1]:.2f}",
        "" if row.goal is None else str(row.goal),
        row.verdict,
    )


def figure(value: float) -> str:
    """Return a number with three digits that count, and its thousands apart."""
    if abs(value) >= 100:  # from here on no digit behind the point counts
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(rows: Sequence[Row], settings: dict[str, Any]) -> bytes:
    """Return everything that was measured."""
    content = {
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "sqlite": SQLITE_VERSION,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "version": VERSION,
        "settings": settings,
        "rows": [{**msgspec.structs.asdict(row), "verdict": row.verdict} for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
