"""The order of names."""

from __future__ import annotations

from re import compile as pattern

_RUNS = pattern(r"[0-9]+|[^0-9]")


def natural(name: str) -> tuple[object, ...]:
    """Return the key by which the original orders names: letters first, numbers as numbers."""
    found = _RUNS.findall(name)
    runs = [(1, "", int(run)) if run[0] in "0123456789" else (0, run, 0) for run in found]
    return (*runs, (-1, name, 0))
