"""What a moment that somebody named is in a log: the position of a commit.

A time means the last commit at or before it; the log's order decides, never a clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from eventstore.codec import decode_events, decode_header
from eventstore.errors import NotFound, Rejected
from eventstore.model.events import UNKNOWN_INTERVALS, IntervalUnknown
from eventstore.storage.reader import LogReader
from eventstore.text import iso


class Moment(Struct, frozen=True):
    """A moment as it was named: a ``time`` is in us since the epoch, ``relative`` to the head."""

    kind: Literal["position", "relative", "head", "tx", "time", "tag"]
    value: int | str | None = None
    log: str | None = None

    @property
    def number(self) -> int:
        """Return the value of a kind that has a number.

        Raises:
            Rejected: it has none.
        """
        if isinstance(self.value, int):
            return self.value
        raise Rejected("V-5-1-7847", f"a moment of kind {self.kind} needs a number")


class Resolved(Struct, frozen=True):
    """A moment as a position; `asked_us` where it was asked for by time."""

    position: int
    time_us: int
    asked_us: int | None = None

    def __str__(self) -> str:
        """Return what is told to whoever asked."""
        return f"at @{self.position} ({iso(self.time_us)})"


def resolve(reader: LogReader, moment: Moment | None) -> Resolved:
    """Return the position of a moment; the head for None.

    Raises:
        NotFound: the log has no such moment.
    """
    last = reader.last()
    if moment is None or moment.kind == "head":
        position = last
    elif moment.kind == "time":
        return _at_time(reader, moment.number, last)
    elif moment.kind == "tx":
        position = _need_tx(reader, str(moment.value))
    else:
        position = moment.number + (last if moment.kind == "relative" else 0)
    if 0 < position < reader.first and (gone := reader.away(position)) is not None:
        raise gone
    if not reader.first <= position <= last:
        raise NotFound(
            "V-5-1-7841",
            f"log {reader.name} has no commit @{position}",
            cause=f"it has commits @{reader.first} to @{last}",
            fix="'vx log' lists them",
        )
    return Resolved(position, time_of(reader, position))


def counterpart(reader: LogReader, position: int, other: LogReader) -> int:
    """Return the position of one log at the moment of a position of the other.

    Each commit of a node's log says how far the shared log was applied there; where none says so
    yet, it is 0.
    """
    if other.log == "shared":
        return decode_header(reader.commit(position).header).shared_position or 0
    low, high = other.first - 1, other.last()
    while low < high:
        middle = (low + high + 1) // 2
        applied = decode_header(other.commit(middle).header).shared_position or 0
        if applied <= position:
            low = middle
        else:
            high = middle - 1
    return low


def time_of(reader: LogReader, position: int) -> int:
    """Return the time of a commit.

    Raises:
        NotFound: there is none at that position.
    """
    return decode_header(reader.commit(position).header).time_us


def position_of_tx(reader: LogReader, tx: str) -> int | None:
    """Return the position of a transaction's commit, or None."""
    return first_of_tx(reader, reader.positions(f"tx/{tx}"), tx)


def first_of_tx(reader: LogReader, candidates: Iterable[int], tx: str) -> int | None:
    """Return the first of some positions whose commit is that of a transaction, or None."""
    for position in candidates:
        if decode_header(reader.commit(position).header).tx == tx:
            return position
    return None


def _need_tx(reader: LogReader, tx: str) -> int:
    position = position_of_tx(reader, tx)
    if position is None:
        raise NotFound(
            "V-5-1-7843",
            f"log {reader.name} has no transaction {tx}",
            fix="'vx outcome ID' tells what became of a request",
        )
    return position


def _at_time(reader: LogReader, asked_us: int, last: int) -> Resolved:
    """Find the last commit at or before a time; times never go back, so halving finds it."""
    low, high = reader.first - 1, last
    while low < high:
        middle = (low + high + 1) // 2
        if time_of(reader, middle) <= asked_us:
            low = middle
        else:
            high = middle - 1
    if low < reader.first:
        if low > 0 and (gone := reader.away(low)) is not None:
            raise gone
        begins = (
            f"log {reader.name} begins at {iso(time_of(reader, reader.first))}"
            if last
            else "it is empty"
        )
        raise NotFound(
            "V-5-1-7844",
            f"log {reader.name} has no commit at or before {iso(asked_us)}",
            cause=begins,
            fix="ask for a later moment",
        )
    return Resolved(low, time_of(reader, low), asked_us)


def unknown_intervals(reader: LogReader, after: int = 0) -> list[tuple[int, IntervalUnknown]]:
    """Return (position, interval) of what could not be observed, from commits behind `after`."""
    return [
        (position, event)
        for position in reader.positions(UNKNOWN_INTERVALS)
        if position > after
        for event in decode_events(reader.commit(position).payload, position)
        if isinstance(event, IntervalUnknown)
    ]


def doubt_about(reader: LogReader, resolved: Resolved) -> list[str]:
    """Return what must be said of an answer about a time in which nothing was observed (A5)."""
    asked = resolved.asked_us
    if asked is None:
        return []
    return [
        _doubt(position, interval)
        for position, interval in unknown_intervals(reader, resolved.position)
        if interval.since_us < asked < interval.until_us
    ]


def doubt_between(reader: LogReader, low: int, high: int) -> list[str]:
    """Return what must be said of an answer about all that happened between two commits."""
    return [
        _doubt(position, interval)
        for position, interval in unknown_intervals(reader, low)
        if position <= high
    ]


def _doubt(position: int, interval: IntervalUnknown) -> str:
    return (
        f"unknown interval: from {iso(interval.since_us)} to {iso(interval.until_us)} nothing was "
        f"observed ({interval.reason}, @{position})"
    )


def log_of(moment: Moment | None) -> str | None:
    """Return the log that a moment names (``shared`` or ``node``), or None.

    Raises:
        Rejected: it names a log that no store has.
    """
    name = None if moment is None else moment.log
    if name is None or name == "shared":
        return name
    if name.startswith("node/"):
        return "node"
    raise Rejected("V-5-1-7845", f"there is no log {name}", fix="a log is 'shared' or 'node/NAME'")
