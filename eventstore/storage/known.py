"""Ranges of an index that were read and found to hold, kept in memory by the one who writes it.

Only a cache, and exact: a range says which rows there are from one place to another, and nothing
of what lies outside. Its owner brings what it enters up to date here, and forgets everything
when somebody else has written. Nothing is read or written here.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

Place = tuple[int, int]
"""(hash of a key, position): a row of the index, or a bound between rows."""

ROWS_MAX = 131_072
"""Two MiB, at 16 bytes a row."""
RANGE_ROWS_MAX = 4096
"""A range that grows longer is read again, in the pieces into which it was cut."""
_LAST = 2**63 - 1


class _Range(NamedTuple):
    """The rows up to a place, by key and position."""

    high: Place
    keys: array[int]
    positions: array[int]


class KnownRanges:
    """What is known of one index; see the module's description."""

    def __init__(self) -> None:
        self._lows: list[Place] = []
        self._ranges: list[_Range] = []
        self._rows = 0

    def positions(self, key: int) -> list[int] | None:
        """Return where a key occurs, ascending; None if its range is not known."""
        at = bisect_right(self._lows, (key, 0)) - 1
        if at < 0 or self._ranges[at].high <= (key, _LAST):
            return None
        _high, keys, positions = self._ranges[at]
        return positions[bisect_left(keys, key) : bisect_right(keys, key)].tolist()

    def keep(self, low: Place, high: Place, rows: Sequence[Place]) -> None:
        """Remember that these rows, in their order, are all that there are in a range."""
        if self._rows + len(rows) > ROWS_MAX:
            self.clear()
        begin = bisect_left(self._lows, low)
        if begin and self._ranges[begin - 1].high > low:
            begin -= 1
        end = bisect_left(self._lows, high)
        self._rows += len(rows) - sum(len(one.keys) for one in self._ranges[begin:end])
        keys, positions = (array("q", (row[i] for row in rows)) for i in (0, 1))
        self._lows[begin:end] = [low]
        self._ranges[begin:end] = [_Range(high, keys, positions)]

    def add(self, rows: Sequence[Place]) -> None:
        """Take rows that were entered into the index."""
        for row in rows:
            at = bisect_right(self._lows, row) - 1
            if at < 0 or self._ranges[at].high <= row:
                continue
            _high, keys, positions = self._ranges[at]
            begin, end = bisect_left(keys, row[0]), bisect_right(keys, row[0])
            place = bisect_left(positions, row[1], begin, end)
            if place < end and positions[place] == row[1]:
                continue
            keys.insert(place, row[0])
            positions.insert(place, row[1])
            self._rows += 1
            if len(keys) > RANGE_ROWS_MAX:
                self._rows -= len(keys)
                del self._lows[at], self._ranges[at]

    def clear(self) -> None:
        """Forget everything."""
        self._lows.clear()
        self._ranges.clear()
        self._rows = 0
