"""Keyframes: encoded states at chosen positions, so that no state is far from one.

A cache. Each belongs to one log by its lineage, to one commit by its hash, and to one version of
the model; its seal, a hash over all that and over the stored bytes, tells whether it is what was
written. That the state in it has the digest which was recorded with the commit is for whoever
opens it to look at (`past.replay`). One that does not hold is passed over, and cut anew by
the survey (`eventstore.proofs.survey`).

The body, compressed, is MessagePack by kind of record: runs of (space, how many), then one column
for each other field; a column whose values are all equal holds one. Columns decode three times as
fast as records and take a tenth of their bytes. It is stored in slices, in one transaction each,
and the row that makes it a keyframe comes with the last one.
"""

from __future__ import annotations

import gc
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from itertools import groupby, repeat
from operator import attrgetter
from types import GenericAlias
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec.structs import fields
from sqlalchemy import Table, bindparam, delete, func, select

from eventstore.model import digest
from eventstore.model.objects import AnyRecord
from eventstore.model.state import State, from_records
from eventstore.storage.engine import Dialect, Driver, ReadEngine, dialect_of
from eventstore.storage.schema import keyframe_slices, keyframes
from eventstore.storage.sqlite import DriverError, DriverMisuse
from eventstore.storage.statements import compiled, put

MODEL_VERSION = 1
"""Raised by hand when `evolve` comes to make another state of the same events, or the body another
form; what the records look like is in `MODEL` by itself."""

COMMITS_MIN = 250
"""From one keyframe to the next: replaying half of them takes as long as decoding a small one."""
SHARE = 10
"""... and so many times its bytes in commits: all keyframes together take a tenth of the log."""
SLICE_BYTES = 1 << 16
"""What one transaction stores: about as much as a flush of some commits."""


class Keyframe(NamedTuple):
    """The row of a keyframe: to which commit it belongs, then what is in it.

    `last_change` is the last commit, up to its own, that changed more than the node's own record.
    """

    log: str
    position: int
    commit_hash: bytes = b""
    digest: bytes = b""
    last_change: int = 0
    model: str = ""
    records: int = 0
    size: int = 0
    slices: int = 0
    seal: bytes = b""


class NotWhole(Exception):
    """The bytes of a keyframe are not what was written."""


_KINDS: tuple[Any, ...] = get_args(AnyRecord)


def _shape(kind: Any) -> tuple[Any, ...]:
    columns = [(field.name, str(field.type), repr(field.default)) for field in fields(kind)]
    return kind.__struct_config__.tag, columns


MODEL = (
    f"{MODEL_VERSION}.{digest.RULES}."
    + sha256(repr([_shape(kind) for kind in _KINDS]).encode()).hexdigest()[:16]
)
"""The version of the model: nothing of another one is ever opened."""


def _columns(kind: Any) -> Any:
    """Return the type of one kind's part of a body: runs of spaces, then columns."""
    lists = [GenericAlias(list, (field.type,)) for field in fields(kind)[1:]]
    return GenericAlias(tuple, (list[tuple[str, int]], *lists))


_Body: Any = msgspec.defstruct(
    "_Body", [(kind.__name__, _columns(kind) | None, None) for kind in _KINDS], omit_defaults=True
)
_decode = msgspec.msgpack.Decoder(_Body).decode
_encode = msgspec.msgpack.Encoder().encode


def encode(state: State) -> bytes:
    """Return the body of a state."""
    body = _Body()
    by_kind: dict[Any, list[Any]] = {}
    for record in state.records():
        by_kind.setdefault(type(record), []).append(record)
    for kind, records in by_kind.items():
        records.sort(key=attrgetter("space", "rid"))
        runs = [(s, sum(1 for _ in run)) for s, run in groupby(records, attrgetter("space"))]
        columns = zip(*map(msgspec.structs.astuple, records), strict=True)
        setattr(body, kind.__name__, (runs, *map(_shortened, list(columns)[1:])))
    return zlib.compress(_encode(body))


def _shortened(column: tuple[Any, ...]) -> Sequence[Any]:
    first = column[0]
    return column if any(value != first for value in column) else column[:1]


def decode(body: bytes) -> State:
    """Return the state of a body.

    Raises:
        NotWhole: it is none.
    """
    try:
        with nothing_collected():
            return from_records(_records(_decode(zlib.decompress(body))))
    except (zlib.error, msgspec.DecodeError, LookupError, ValueError, TypeError) as error:
        raise NotWhole(f"it cannot be decoded: {error}") from error


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Let the collector not look, over and over, at a state that only grows: half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _records(body: Any) -> Iterator[AnyRecord]:
    for kind in _KINDS:
        part = getattr(body, kind.__name__)
        if part is not None:
            runs, *columns = part
            spaces = [space for space, count in runs for _ in range(count)]
            yield from map(kind, spaces, *(_full(column, len(spaces)) for column in columns))


def _full(column: list[Any], count: int) -> Iterable[Any]:
    if len(column) == 1:
        return repeat(column[0], count)
    if len(column) != count:
        raise NotWhole("a column has another length")
    return column


def sealed(lineage: bytes, frame: Keyframe, body: bytes) -> bytes:
    """Return the seal over a keyframe's row and body."""
    return sha256(_encode((lineage, *frame[:-1])) + body).digest()


def cut(lineage: bytes, frame: Keyframe, state: State) -> tuple[Keyframe, list[bytes]]:
    """Return a sealed keyframe of a state, and its slices; `frame` says where it belongs.

    Raises:
        NotWhole: what was encoded does not decode to a state with the frame's digest.
    """
    body = encode(state)
    if digest.stored(digest.of_state(decode(body))) != frame.digest:
        raise NotWhole("what was encoded does not decode to the same state")
    slices = [body[at : at + SLICE_BYTES] for at in range(0, len(body), SLICE_BYTES)]
    records = sum(1 for _ in state.records())
    frame = frame._replace(model=MODEL, records=records, size=len(body), slices=len(slices))
    return frame._replace(seal=sealed(lineage, frame, body)), slices


def opened(lineage: bytes, frame: Keyframe, slices: Sequence[Any]) -> State:
    """Return the state in the slices of a keyframe.

    Raises:
        NotWhole: it is of another model or log, or not what was written.
    """
    if frame.model != MODEL:
        raise NotWhole("another version of the model made it")
    if len(slices) != frame.slices or not all(isinstance(body, bytes) for body in slices):
        raise NotWhole("slices of it are missing")
    body = b"".join(slices)
    if sealed(lineage, frame, body) != frame.seal:
        raise NotWhole("it is not what was written")
    return decode(body)


class _Statements(NamedTuple):
    """The statements for keyframes, compiled once."""

    nearest: str
    one: str
    all: str
    slices: str
    unfinished: str
    drop: str
    drop_slices: str
    add: str
    add_slice: str


def _of(table: Table, *names: str) -> Any:
    clauses = [table.c[name] == bindparam(name) for name in names]
    return clauses[0] if len(clauses) == 1 else clauses[0] & clauses[1]


def _same(one: Any, other: Any) -> Any:
    return (one.c.log == other.c.log) & (one.c.position == other.c.position)


@cache
def _statements(dialect: Dialect) -> _Statements:
    place, body = keyframes.c.position, keyframe_slices
    nearest = select(func.max(place)).where(
        _of(keyframes, "log", "model") & (place <= bindparam("position"))
    )
    return _Statements(
        *(
            compiled(statement, dialect)
            for statement in (
                nearest,
                select(keyframes).where(_of(keyframes, "log", "position")),
                select(keyframes).where(_of(keyframes, "log")).order_by(place),
                select(body.c.body).where(_of(body, "log", "position")).order_by(body.c.number),
                select(body.c.position)
                .select_from(body.outerjoin(keyframes, _same(keyframes, body)))
                .where(_of(body, "log") & (place.is_(None)))
                .distinct(),
                delete(keyframes).where(_of(keyframes, "log", "position")),
                delete(body).where(_of(body, "log", "position")),
                put(dialect, keyframes),
                put(dialect, body),
            )
        )
    )


class Keyframes:
    """The keyframes of one log of an open store.

    What cannot be read is not there: a cache stands in nobody's way.
    """

    def __init__(self, engine: ReadEngine, log: str, lineage: bytes) -> None:
        self._driver = engine.driver
        self._sql = _statements(engine.dialect)
        self.log = log
        self.lineage = lineage
        self.proven: set[bytes] = set()
        """Seals of those whose state was found to have the digest that was recorded."""
        self.passed_over: set[int] = set()
        """Positions of those that were to be opened and did not hold."""

    def nearest(self, position: int) -> Keyframe | None:
        """Return the last one at or before a position, of this model; it is not checked yet."""
        for (found,) in self._rows(self._sql.nearest, self.log, MODEL, position):
            for row in self._rows(self._sql.one, self.log, found):
                return _keyframe(row)
        return None

    def all(self) -> list[Keyframe]:
        """Return the rows of all, of any model, in the order of their positions."""
        return [_keyframe(row) for row in self._rows(self._sql.all, self.log)]

    def unfinished(self) -> list[int]:
        """Return the positions of slices that belong to no keyframe."""
        return [position for (position,) in self._rows(self._sql.unfinished, self.log)]

    def open(self, frame: Keyframe) -> State:
        """Return the state in a keyframe.

        Raises:
            NotWhole: it is of another model or log, or not what was written.
        """
        rows = self._rows(self._sql.slices, self.log, frame.position)
        return opened(self.lineage, frame, [body for (body,) in rows])

    def slices(self, frame: Keyframe, number: int, most: int) -> list[bytes]:
        """Return some slices of a keyframe as they are stored, from a number on; unchecked."""
        rows = self._rows(self._sql.slices, self.log, frame.position)
        return [bytes(body) for (body,) in rows[number : number + most]]

    def _rows(self, sql: str, *parameters: object) -> list[Any]:
        try:
            rows: list[Any] = self._driver.execute(sql, parameters).fetchall()
        except DriverMisuse:
            raise
        except DriverError:
            return []
        return rows


def _keyframe(row: Sequence[Any]) -> Keyframe:
    """Return a row; one whose columns hold other kinds of values as one that has no seal."""
    if tuple(map(type, row)) == _ROW:
        return Keyframe(*row)
    return Keyframe(row[0], row[1])


_ROW = (str, int, bytes, bytes, int, str, int, int, int, bytes)


def write_slice(driver: Driver, log: str, position: int, number: int, body: bytes) -> None:
    """Store a slice of a keyframe to come; the first one ends what was there."""
    if number == 0:
        drop(driver, log, position)
    driver.execute(_statements(dialect_of(driver)).add_slice, (log, position, number, body))


def write_last(driver: Driver, frame: Keyframe, body: bytes) -> None:
    """Store the last slice of a keyframe and its row, which makes them one."""
    write_slice(driver, frame.log, frame.position, frame.slices - 1, body)
    driver.execute(_statements(dialect_of(driver)).add, tuple(frame))


def drop(driver: Driver, log: str, position: int) -> None:
    """Remove a keyframe, or what there is of one."""
    sql = _statements(dialect_of(driver))
    driver.execute(sql.drop, (log, position))
    driver.execute(sql.drop_slices, (log, position))
