"""Seals over the index: whether the rows that a look-up rests on are those that were entered.

The rows, in their order, are cut into ranges of some hundred. Each range has a seal: how many rows
it holds, and a sum over them that costs nothing to bring up to date. A look-up reads the ranges
that its key may be in, whole, and believes nothing if they do not lie side by side, or one does
not hold what its seal says. So a row that is lost, changed, or added is noticed by whoever would
have been misled, however long ago it happened; nobody waits for a survey.

A range that has grown too long is cut, if it holds. What does not hold is left as it is until the
survey has put back what is missing, and seals it anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import delete, func, literal_column, or_, select, tuple_
from sqlalchemy.sql import bindparam

from eventstore.storage.engine import Dialect, ReadEngine
from eventstore.storage.known import KnownRanges, Place
from eventstore.storage.schema import index_seals, tables
from eventstore.storage.sqlite import DriverError, DriverMisuse
from eventstore.storage.statements import compiled, put

RANGE_ROWS = 256
CUT_ROWS = 2 * RANGE_ROWS
_PIECE = 64
"""Ranges looked at in one transaction."""
_LAST = 2**63 - 1
_NO_LIMIT = 2**31
FIRST_PLACE, END_PLACE = (-(2**63), 0), (_LAST, _LAST)


class NotSealed(Exception):
    """The index is not what was entered, where it was looked at."""


class Seal(NamedTuple):
    """A range, from its first place to the one behind it, and what is in it."""

    low_key: int
    low_position: int
    high_key: int
    high_position: int
    entries: int
    total: int

    @property
    def low(self) -> Place:
        """Where it begins."""
        return self.low_key, self.low_position

    @property
    def high(self) -> Place:
        """The first place that is not in it."""
        return self.high_key, self.high_position


def seal(low: Place, high: Place, rows: Sequence[Place]) -> Seal:
    """Return the seal of a range that holds these rows."""
    return Seal(*low, *high, len(rows), _total(rows))


def _total(rows: Sequence[Place]) -> int:
    """Return a sum that changes with any row; products, lest two rows change places unnoticed."""
    return sum(key * position for key, position in rows) & _LAST


class _Statements(NamedTuple):
    """The statements for one log, compiled once."""

    before: str
    upto: str
    rows: str
    drop: str
    odd: str
    add: str


@cache
def _statements(dialect: Dialect, log: str) -> _Statements:
    s, index = index_seals.c, tables[log].touches.c
    place, row = tuple_(s.low_key, s.low_position), tuple_(index.key, index.position)
    low = tuple_(bindparam("low_key"), bindparam("low_position"))
    high = tuple_(bindparam("high_key"), bindparam("high_position"))
    found = select(*index_seals.c[1:]).where(s.log == bindparam("log"))
    return _Statements(
        *(
            compiled(statement, dialect)
            for statement in (
                found.where(place <= low)
                .order_by(s.low_key.desc(), s.low_position.desc())
                .limit(bindparam("most"))
                .offset(bindparam("none")),
                found.where(place > low, place <= high)
                .order_by(s.low_key, s.low_position)
                .limit(bindparam("most"))
                .offset(bindparam("none")),
                select(index.key, index.position)
                .where(row >= low, row < high)
                .order_by(index.key, index.position),
                delete(index_seals).where(s.log == bindparam("log"), place >= low, place < high),
                delete(tables[log].touches).where(row >= low, row < high, _odd(dialect, log)),
                put(dialect, index_seals),
            )
        )
    )


def _odd(dialect: Dialect, log: str) -> Any:
    """What a row of the index cannot be: SQLite takes a value of any kind in any column."""
    index = tables[log].touches.c
    beyond = (index.position < 1) | (index.position > bindparam("last"))
    if dialect != "sqlite":
        return beyond
    kinds = [func.typeof(column) != literal_column("'integer'") for column in index]
    return or_(*kinds, beyond)


class SealedIndex:
    """The index of one log, with its seals, on a given connection of the driver.

    The one connection that writes remembers the ranges that it has found to hold (`remember`):
    they are as they were until somebody else writes, which SQLite tells.
    """

    def __init__(self, engine: ReadEngine, log: str, *, remember: bool = False) -> None:
        self._engine = engine
        self._driver = engine.driver
        self._log = log
        self._sql = _statements(engine.dialect, log)
        self._version = engine.version() if remember else None
        self._known = None if self._version is None else KnownRanges()

    def positions(self, key: int) -> list[int]:
        """Return where a key occurs according to the index, ascending.

        Raises:
            NotSealed: the index does not hold there.
        """
        with _snapshot(self._engine, needed=self._known is None):
            known = self._as_known(key)
            if known is not None:
                return known
            seals = self._covering((key, 0), (key, _LAST))
            rows = self._rows(seals[0].low, seals[-1].high)
        _check(seals, rows)
        if self._known is not None:
            self._known.keep(seals[0].low, seals[-1].high, rows)
        return [position for found, position in rows if found == key]

    def _as_known(self, key: int) -> list[int] | None:
        """Return where a key occurs in what was found to hold, if nobody else wrote since."""
        if self._known is None:
            return None
        version = self._engine.version()
        if version != self._version:
            self._known.clear()
            self._version = version
        return self._known.positions(key)

    def forget(self) -> None:
        """Look again at what was found to hold: rows were written that were not told."""
        if self._known is not None:
            self._known.clear()

    def _covering(self, low: Place, high: Place) -> list[Seal]:
        """Return the seals of the ranges in which rows from one place to another may be.

        Raises:
            NotSealed: they do not lie side by side.
        """
        first = self._before(low)
        if first is None:
            raise NotSealed("no seal")
        seals = [first]
        if first.high <= high:
            seals += self._seals(first.low, high, _NO_LIMIT)
        _check_side_by_side(seals)
        if seals[-1].high <= high:
            raise NotSealed("the last seal is missing")
        return seals

    def begin(self) -> None:
        """Empty the index, and seal it as it is."""
        self.forget()
        self._driver.execute(f"DELETE FROM {tables[self._log].touches.name}")  # noqa: S608 ours
        self._driver.execute(self._sql.drop, (self._log, *FIRST_PLACE, *END_PLACE))
        self._add(seal(FIRST_PLACE, END_PLACE, ()))

    def entered(self, rows: Sequence[Place]) -> None:
        """Bring the seals up to date after rows, in their order, were put into the table."""
        if self._known is not None:
            self._known.add(rows)
        at = 0
        while at < len(rows):
            try:
                known = self._before(rows[at])
            except NotSealed:
                known = None
            if known is None or rows[at] >= known.high:
                at += 1  # a seal is missing here: the survey makes it anew
                continue
            end = bisect_left(rows, known.high, at)
            total = known.total + _total(rows[at:end]) & _LAST
            self._put(known._replace(entries=known.entries + end - at, total=total))
            at = end

    def _put(self, changed: Seal) -> None:
        """Store a seal; cut its range if it has grown long, and holds."""
        if changed.entries <= CUT_ROWS:
            self._add(changed)
            return
        rows = self._rows(changed.low, changed.high)
        if _failing([changed], rows):
            self._add(changed)
        else:
            self._cut(changed.low, changed.high, rows)

    def _cut(self, low: Place, high: Place, rows: Sequence[Place]) -> None:
        for one, part in _parts(low, high, rows):
            self._add(seal(*one, part))

    def seal_again(self, low: Place, high: Place, last: int) -> None:
        """Seal what is in the table from one place to another; what can be no row goes.

        Of a row too many, a look-up gets one candidate more, which its commit does not bear out.
        """
        self.forget()
        self._driver.execute(self._sql.drop, (self._log, *low, *high))
        self._driver.execute(self._sql.odd, (*low, *high, 1, last))
        self._cut(low, high, self._rows(low, high))

    def unsealed(self) -> Iterator[tuple[Place, Place]]:
        """Yield ranges to be sealed again: those that do not hold, or all, if one is missing."""
        at, bad = FIRST_PLACE, list[tuple[Place, Place]]()
        try:
            while at < END_PLACE:
                with _snapshot(self._engine):
                    seals = self._next(at)
                    rows = self._rows(at, seals[-1].high)
                bad += _failing(seals, rows)
                at = seals[-1].high
        except NotSealed:
            yield from self._all()
        else:
            yield from bad

    def _next(self, at: Place) -> list[Seal]:
        """Return some seals from a bound on.

        Raises:
            NotSealed: none begins there, or they do not lie side by side.
        """
        first = self._before(at)
        if first is None or first.low != at:
            raise NotSealed("a seal is missing")
        seals = [first, *self._seals(at, END_PLACE, _PIECE)]
        _check_side_by_side(seals)
        return seals

    def _all(self) -> Iterator[tuple[Place, Place]]:
        cursor = self._driver.execute(self._sql.rows, (*FIRST_PLACE, *END_PLACE))
        low = FIRST_PLACE
        while rows := cursor.fetchmany(RANGE_ROWS):
            yield low, tuple(rows[-1])
            low = tuple(rows[-1])
        yield low, END_PLACE

    def _before(self, place: Place) -> Seal | None:
        for row in self._driver.execute(self._sql.before, (self._log, *place, 1, 0)):
            return _seal(row)
        return None

    def _seals(self, low: Place, high: Place, most: int) -> list[Seal]:
        found = self._driver.execute(self._sql.upto, (self._log, *low, *high, most, 0))
        return [_seal(row) for row in found.fetchall()]

    def _rows(self, low: Place, high: Place) -> list[Place]:
        rows: list[Place] = self._driver.execute(self._sql.rows, (*low, *high)).fetchall()
        return rows

    def _add(self, made: Seal) -> None:
        self._driver.execute(self._sql.add, (self._log, *made))


def _seal(row: Sequence[Any]) -> Seal:
    if not all(isinstance(value, int) for value in row):
        raise NotSealed("a seal holds a value of another kind")
    return Seal(*row)


def _check_side_by_side(seals: Sequence[Seal]) -> None:
    if any(one.high != other.low for one, other in pairwise(seals)):
        raise NotSealed("a seal is missing")


def _parts(
    low: Place, high: Place, rows: Sequence[Place]
) -> Iterator[tuple[tuple[Place, Place], Sequence[Place]]]:
    """Cut a range at every 256th row."""
    starts = range(0, max(1, len(rows)), RANGE_ROWS)
    for start in starts:
        end = start + RANGE_ROWS
        first = low if start == 0 else rows[start]
        yield (first, rows[end] if end < len(rows) else high), rows[start:end]


def _check(seals: Sequence[Seal], rows: Sequence[Place]) -> None:
    if _failing(seals, rows):
        raise NotSealed("rows are not what was entered")


def _failing(seals: Sequence[Seal], rows: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return the ranges that do not hold what their seals say."""
    found, at = [], 0
    for known in seals:
        try:
            end = bisect_left(rows, known.high, at)
            holds = seal(known.low, known.high, rows[at:end]) == known
        except TypeError:  # a value of another kind: it may stand anywhere
            return [(one.low, one.high) for one in seals]
        if not holds:
            found.append((known.low, known.high))
        at = end
    return found


@contextmanager
def _snapshot(engine: ReadEngine, *, needed: bool = True) -> Iterator[None]:
    """Read seals and rows as of one moment, which matters if somebody else may write.

    Raises:
        NotSealed: the driver cannot read them.
    """
    try:
        with engine.snapshot() if needed else nullcontext():
            yield
    except DriverMisuse:
        raise
    except DriverError as error:
        raise NotSealed(str(error)) from error
