"""The rows as a table for people, as Markdown for a page, as JSON for comparing two runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
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


def markdown(rows: Sequence[Row], remarks: Sequence[str], pictures: Sequence[Path]) -> str:
    """Return the report as a page: the table, what each base is, the machine, the pictures."""
    head = ("", "ours", "peer or limit", "", "ratio", "goal", "")
    lines = [_line(head), _line(("---", "--:", "--:", "---", "--:", "---", "---"))]
    for row in rows:
        name, ours, base, unit, ratio, _, goal, verdict = _cells(row)
        lines.append(_line((name.strip(), ours, base, unit, ratio, goal, verdict)))
    bases = [f"- {row.name.strip()}: against {row.base_is}" for row in rows if row.base_is]
    shown = [f"![{picture.stem}]({picture.name})" for picture in pictures]
    machine = ", ".join(f"{what} {value}" for what, value in _machine().items())
    return "\n".join([*lines, "", *bases, "", f"{machine}.", *remarks, "", *shown, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


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


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": SQLITE_VERSION,
        "system": f"{platform.system()} {platform.machine()}",
    }


def as_json(rows: Sequence[Row], settings: dict[str, Any]) -> bytes:
    """Return everything that was measured."""
    content = {
        "machine": _machine(),
        "version": VERSION,
        "settings": settings,
        "rows": [{**msgspec.structs.asdict(row), "verdict": row.verdict} for row in rows],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
