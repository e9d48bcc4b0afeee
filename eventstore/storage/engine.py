"""What the store asks of an engine, so that it never asks which one it has.

The rows of both are the same, and so are the statements, written for the driver of SQLite: with a
question mark for each value. What differs is here: how a transaction is made, and what becomes of
it when its answer is lost; how many rows are read in pieces; what makes a store, and what looks
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from eventstore.codec import Head

Dialect = Literal["sqlite", "postgresql"]

FETCH = 512
"""Rows in a piece."""


class DatabaseError(Exception):
    """What another engine than SQLite says; the driver's own error is its cause."""


class HeadMoved(Exception):
    """Somebody else appended since we looked; nothing was written."""


class Driver(Protocol):
    """A connection that runs statements, as that of SQLite does."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run a statement; return a cursor over its rows."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Run a statement for each row of values."""
        ...


def dialect_of(driver: Any) -> Dialect:
    """Return which SQL a driver takes; SQLite's own says nothing about it."""
    found: Dialect = getattr(driver, "dialect", "sqlite")
    return found


class Move(NamedTuple):
    """From where to where a transaction takes the end of a log."""

    old: Head
    new: Head


Moves = Mapping[str, Move]
Row = tuple[object, ...]
"""A commit as the driver is given it."""


class ReadEngine(Protocol):
    """A store that is open to be read."""

    dialect: Dialect
    driver: Driver
    beside: Path
    """The file beside which archived commits are."""

    def pages(self, sql: str, low: int, high: int, size: int) -> Iterator[list[Any]]:
        """Yield the rows from one position to another in pieces, none of them empty.

        They are of `size` rows, unless to ask for a piece takes long.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Have the statements of a block see the store as of one moment."""
        ...

    def version(self) -> int | None:
        """Return what changes when somebody else has written; None: that cannot be told."""
        ...

    def faults(self, tables: Sequence[str]) -> list[str]:
        """Return what the engine itself finds wrong with some tables."""
        ...


class WriteEngine(ReadEngine, Protocol):
    """A store that is open to be written, by one thread at a time."""

    def prepare(self) -> Path | None:
        """Create or migrate the store; return the backup that was made of an older one."""
        ...

    durable: Mapping[str, Head]
    """How far the logs of a server went that acknowledged it; of a file nothing."""
    alone: bool
    """Whether nobody else may write the store meanwhile."""

    def load(self) -> None:
        """Make sure that what can be read is what was written, before anything rests on it.

        Raises:
            Unavailable: somebody holds it back.
            Damaged: it does not end there.
        """
        ...

    def transact(
        self,
        work: Callable[[], Any],
        *,
        moves: Moves | None = None,
        flush: bool = True,
        row: Row | None = None,
    ) -> None:
        """Run work in a transaction that moves heads; flushed, unless it may wait for the next.

        `row`: all that work does is to append this one commit.

        Raises:
            HeadMoved: the heads are not where they are to be moved from.
            AppendFailed: the engine refused, and nothing of it will be acknowledged.
        """
        ...

    def lock(self) -> None:
        """Have the heads stay where they are until the end of the transaction that runs."""
        ...

    def move(self, moves: Moves) -> None:
        """Move heads in the transaction that runs."""
        ...

    def in_bulk(self) -> None:
        """Be told that very many commits are coming."""
        ...

    def erased(self, work: Callable[[], None]) -> None:
        """Run work that takes something out for good, and leave nothing of it behind."""
        ...

    def compact(self) -> None:
        """Give back the room of what was taken out."""
        ...

    def is_full(self, error: Exception) -> bool:
        """Tell whether an error says no more than that there is no room."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
