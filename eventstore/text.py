"""Times and names as people and programs write and order them."""

from __future__ import annotations

from datetime import UTC, datetime
from re import compile as pattern

_RUNS = pattern(r"[0-9]+|[^0-9]")


def iso(time_us: int) -> str:
    """Return microseconds since the epoch as ISO 8601 in UTC, to the microsecond.

    A time that no calendar has, as somebody may ask for, is told as the number it is.
    """
    try:
        moment = datetime.fromtimestamp(time_us // 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{time_us} us"
    return f"{moment.isoformat()[:19]}.{time_us % 1_000_000:06d}Z"


def natural(name: str) -> tuple[object, ...]:
    """Return the key by which the original orders names: letters first, numbers as numbers."""
    found = _RUNS.findall(name)
    runs = [(1, "", int(run)) if run[0] in "0123456789" else (0, run, 0) for run in found]
    return (*runs, (-1, name, 0))
