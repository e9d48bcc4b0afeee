"""The curves of a run as pictures; without matplotlib the report has to do without them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.measure import Row

_INCHES = (8, 5)
_DOTS_PER_INCH = 120


Point = tuple[float, float, str]


def over_length(name: str, points: Sequence[Point]) -> dict[str, Any]:
    """Return the curve of what something costs, in milliseconds, in logs of some lengths."""
    return {
        "title": "Cost against the length of the log",
        "x": "commits",
        "y": "ms",
        "lines": {name: points},
    }


def draw(rows: Sequence[Row], directory: Path) -> list[Path]:
    """Draw each picture that the rows have curves for, and return where they are.

    `details["curves"]` of a row names picture and axes, and holds lines of points with what each
    point is called; rows that name the same picture share it.
    """
    pictures: dict[str, dict[str, Any]] = {}
    for row in rows:
        if curves := row.details.get("curves"):
            known = pictures.setdefault(curves["title"], {**curves, "lines": {}})
            known["lines"].update(curves["lines"])
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 `make bench` alone has it
    except ImportError:
        if pictures:
            print("  no matplotlib here: no pictures (fix: make bench)", file=sys.stderr)
        return []
    return [
        _drawn(picture, Figure(_INCHES, _DOTS_PER_INCH, layout="constrained"), directory)
        for picture in pictures.values()
    ]


def _drawn(picture: dict[str, Any], figure: Any, directory: Path) -> Path:
    axes = figure.subplots()
    for name, points in picture["lines"].items():
        axes.plot([x for x, _, _ in points], [y for _, y, _ in points], marker="o", label=name)
        for x, y, said in points:
            axes.annotate(said, (x, y), textcoords="offset points", xytext=(4, 4), fontsize=7)
    axes.set(xscale="log", yscale="log", xlabel=picture["x"], ylabel=picture["y"])
    axes.set_title(picture["title"])
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    path = directory / f"bench-{re.sub('[^a-z0-9]+', '-', picture['title'].lower())}.png"
    figure.savefig(path)
    return path
