"""The engine of a store in an SQLite file.

Its driver is the connection itself: between the store and SQLite there is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from eventstore.codec import Head
from eventstore.errors import AppendFailed, StoreError, Unavailable
from eventstore.storage import upgrade
from eventstore.storage.engine import Dialect, Driver, Moves, Row
from eventstore.storage.sqlite import DriverError, append_failed, appender_engine, translated

WAL_PAGES = 8192
"""How long the WAL gets before it is moved to the database, which costs two flushes: 32 MiB."""


class SqliteReading:
    """A store that is open to be read; `beside` is its file, where a copy of it is open."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: Connection, beside: Path | None = None) -> None:
        self.driver: Driver = connection.connection.driver_connection  # type: ignore[assignment]
        if beside is None:
            with translated("store"):
                beside = Path(self.driver.execute("PRAGMA database_list").fetchone()[2])
        self.beside = beside

    def pages(self, sql: str, low: int, high: int, size: int) -> Iterator[list[Any]]:
        """Yield the rows of one snapshot in pieces."""
        cursor = self.driver.execute(sql, (low, high))
        while rows := cursor.fetchmany(size):
            yield rows

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have the statements of a block see the store as of one moment."""
        began = not self.driver.in_transaction
        try:
            if began:
                self.driver.execute("BEGIN")
            yield
        finally:
            if began and self.driver.in_transaction:
                self.driver.execute("ROLLBACK")

    def version(self) -> int | None:
        """Return what changes when another connection has written."""
        return int(self.driver.execute("PRAGMA data_version").fetchone()[0])

    def faults(self, tables: Sequence[str]) -> list[str]:
        """Return what SQLite finds wrong with some tables."""
        said = [
            self.driver.execute(f"PRAGMA quick_check({table})").fetchone()[0] for table in tables
        ]
        return [text for text in said if text != "ok"]


class SqliteWriting(SqliteReading):
    """The one connection that writes a file, and moves its WAL into it."""

    alone = True
    durable: Mapping[str, Head] = MappingProxyType({})

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = appender_engine(path)
        self._flushes = True
        """Whether the driver is set to flush a transaction before it returns."""
        self._in_bulk = False
        self._connection = self._engine.connect()
        super().__init__(self._connection, path)

    def prepare(self) -> Path | None:
        """Create or migrate the store; return the backup that was made of an older one."""
        return upgrade.prepare(self._connection, self._path)

    def load(self) -> None:
        """Move what is in the WAL to the database, flushed, before anything rests on it.

        After a failed flush it may hold pages that never reached the disk, though they can be
        read.

        Raises:
            Unavailable: a reader holds it back.
        """
        _busy, frames, moved = self.driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if moved < frames:
            raise Unavailable(
                "V-5-1-12205",
                f"store {self._path} cannot be opened for writing",
                cause=f"a reader holds {frames - moved} pages of its WAL back",
                fix="end the programs that read it with --log",
            )

    def transact(
        self,
        work: Callable[[], Any],
        *,
        moves: Moves | None = None,
        flush: bool = True,
        row: Row | None = None,
    ) -> None:
        """Run work in a transaction, flushed with all before it unless it may wait.

        Raises:
            AppendFailed: the driver refused, and nothing of it will be acknowledged.
        """
        del moves, row  # nobody else writes the file, and it takes no round trips
        execute = self.driver.execute
        try:
            if flush != self._flushes:
                execute(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")
                self._flushes = flush
            execute("BEGIN IMMEDIATE")
            work()
            execute("COMMIT")
        except DriverError as error:
            self._roll_back()
            raise append_failed(self._path, error) from error
        except StoreError:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            if self.driver.in_transaction:
                self.driver.execute("ROLLBACK")
        except DriverError:
            # The connection is of no more use; whoever opens the store again sees what holds.
            return

    def lock(self) -> None:
        """Do nothing: a transaction that writes is alone."""

    def move(self, moves: Moves) -> None:
        """Do nothing: the rows themselves say where a log ends."""

    def in_bulk(self) -> None:
        """Let the WAL grow, since moving it costs two flushes."""
        if not self._in_bulk:
            with translated(f"store {self._path}"):
                self.driver.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}").fetchall()
            self._in_bulk = True

    def erased(self, work: Callable[[], None]) -> None:
        """Write over what is freed, and empty the WAL, which has the rows as they were.

        If a reader holds the WAL, then it is when it is written over.

        Raises:
            AppendFailed: the disk refused.
        """
        self._alone("PRAGMA secure_delete=ON")
        work()
        self._alone("PRAGMA secure_delete=OFF")
        self._alone("PRAGMA wal_checkpoint(TRUNCATE)")

    def compact(self) -> None:
        """Give back the room of what was taken out.

        Raises:
            AppendFailed: the disk refused; the logs are as before.
        """
        self._alone("VACUUM")

    def _alone(self, statement: str) -> None:
        """Run a statement that takes no transaction."""
        try:
            self.driver.execute(statement).fetchall()
        except DriverError as error:
            raise append_failed(self._path, error) from error

    def is_full(self, error: Exception) -> bool:
        """Tell whether an error says no more than that there is no room."""
        return isinstance(error, AppendFailed) and "disk is full" in str(error.cause)

    def close(self) -> None:
        """Close; the last close folds the WAL into the database."""
        self._connection.close()
        self._engine.dispose()
