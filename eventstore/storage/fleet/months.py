"""The months, of UTC, by which an archive is cut. No I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

_US = 1_000_000
_DAY_US = 86_400 * _US
_LAST_US = 253_370_764_800_000_000
"""The year 9999: a clock that is further ahead is wrong, and its commits are in one month."""


def month_of(time_us: int) -> date:
    """Return the month of a time, as its first day."""
    return _of_day(min(max(time_us, 0), _LAST_US) // _DAY_US)


@lru_cache(maxsize=64)
def _of_day(day: int) -> date:
    return datetime.fromtimestamp(day * _DAY_US // _US, UTC).date().replace(day=1)


def begins_us(month: date) -> int:
    """Return when a month begins."""
    return int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp()) * _US
