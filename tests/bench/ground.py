"""What the benchmarks work on: a place on a real disk, a store, a raw table beside it, commits."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from eventstore.codec import (
    ZERO_HASH,
    Actor,
    Commit,
    Context,
    Draft,
    Entry,
    Head,
    encode_context,
    encode_events,
    head_after,
    index_keys,
    seal,
)
from eventstore.model import events as ev
from eventstore.storage.location import Location
from eventstore.storage.reader import side_check
from eventstore.storage.sqlite import appender_engine
from eventstore.storage.store import Store

LOG = "node"
_DIGEST = bytes(17)
_DGID = "1790000000.1.node1"
_START_US = 1_790_000_000_000_000
_FIRST_TIME = 1_790_000_000
_NOISE = 0x9E3779B97F4A7C15

SHORT, BETWEEN, LONG, LONGEST = 10_000, 100_000, 1_000_000, 10_000_000
"""Commits of logs; the longest takes an hour to write, and is for --full."""

WARM = 1200
"""Commits after which a WAL is as long as it gets: it is checkpointed at 1,000 pages, and from
then on overwritten. Growing a file nearly doubles the time of a flush."""


class Scale(NamedTuple):
    """How much is measured: rounds, a divisor of what each of them does, and the longest log."""

    rounds: int
    divisor: int
    full: bool = False

    def count(self, full: int) -> int:
        """Return how many to do where a full run does `full`."""
        return max(1, full // self.divisor)

    @property
    def longest(self) -> int:
        """The commits of the longest log."""
        return LONGEST if self.full else self.count(LONG)


def transaction_id(number: int) -> str:
    """Return an identifier like those that utilities make: ten characters of time, then noise."""
    return f"{_FIRST_TIME + number // 7:010d}{number * _NOISE % 10**16:016d}"


def growth(number: int) -> tuple[str, Context, tuple[ev.AnyEvent, ...]]:
    """Return transaction ID, context and events of ``vxassist growby``, as a daemon has them."""
    length = 2048 * number
    context = Context(
        Actor(0, "root", 4711, "vxassist"),
        "vxassist -g datadg growby vol0001 1m",
        clock_us=_START_US + 1000 * number,
    )
    return (
        transaction_id(number),
        context,
        (
            ev.SubdiskResized(_DGID, 5, length=length),
            ev.PlexResized(_DGID, 4, length=length),
            ev.VolumeResized(_DGID, 3, length=length),
        ),
    )


def entry(number: int) -> Entry:
    """Make an entry from what a daemon has in hand: all encoding is done here."""
    tx, context, events = growth(number)
    draft = Draft(
        tx,
        "node1",
        encode_context(context),
        encode_events(events),
        _DIGEST,
        context.clock_us,
        1,
        1,
    )
    return Entry(LOG, draft, index_keys(tx, events))


class Rows:
    """Rows of a log that hold the same bytes as the store's; made before a clock runs."""

    def __init__(self) -> None:
        self._head = Head(bytes(16), 0, ZERO_HASH, 0)

    def rows(self, count: int) -> list[tuple[object, ...]]:
        """Return the next rows."""
        made: list[tuple[object, ...]] = []
        for _ in range(count):
            commit = self._next()
            made.append((*commit, side_check(commit.digest, commit.term, commit.applied_us)))
        return made

    def _next(self) -> Commit:
        draft = entry(self._head.position + 1).item
        assert isinstance(draft, Draft)
        commit = seal(self._head, draft, draft.clock_us)
        self._head = head_after(self._head, commit)
        return commit


class RawTable(Rows):
    """The same table with the same pragmas, written by the driver alone.

    `system`: by the SQLite of Python's own `sqlite3`, which may be another than the store's.
    """

    def __init__(self, path: Path, *, system: bool = False) -> None:
        super().__init__()
        Store.open(path).close()
        self._engine: Engine = appender_engine(path)
        self._connection = self._engine.connect()
        self._driver: Any = self._connection.connection.driver_connection
        if system:
            self.close()
            self._driver = sqlite3.connect(path, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._driver.execute(f"PRAGMA {pragma}")
        self._insert = f"INSERT INTO {LOG}_commits VALUES (?,?,?,?,?,?,?,?,?)"

    def write(self, rows: list[tuple[object, ...]]) -> None:
        """Write each row in a transaction of its own."""
        execute, insert = self._driver.execute, self._insert
        for row in rows:
            execute("BEGIN IMMEDIATE")
            execute(insert, row)
            execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        self._driver.close()
        self._engine.dispose()


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Make a store with an empty log, its WAL grown."""
    with warm_store(path) as store:
        check_warm(path)
        yield store


@contextmanager
def warm_store(location: Location) -> Iterator[Store]:
    """Make a store, in a file or in a database, and append to it for a while."""
    with Store.open(location) as store:
        store.create_log("shared", "bench")
        store.create_log(LOG, "node1")
        for number in range(1, WARM + 1):
            store.append([entry(number)])
        yield store


@contextmanager
def open_raw(path: Path, *, system: bool = False) -> Iterator[RawTable]:
    """Make a raw table, its WAL grown."""
    table = RawTable(path, system=system)
    try:
        table.write(table.rows(WARM))
        check_warm(path)
        yield table
    finally:
        table.close()


def check_warm(path: Path) -> None:
    """Make sure that a WAL has reached the length at which it is written over."""
    wal = path.with_name(path.name + "-wal")
    grown = os.stat(wal).st_size  # noqa: PTH116 one figure
    assert grown > 1000 * 4096, f"the WAL of {path.name} has {grown} bytes only"
