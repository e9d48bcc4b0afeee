"""A store: the two logs of a node and its hard state, behind the one connection that writes.

`Store.append` is the door for every change. It is safe to call from many threads, and what they
bring while a flush is under way shares the next one. What it was given is on stable storage when
it returns. After an error of the disk the store promises nothing more (G5): it has to be opened
again, and what the log holds then is what was written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection

from eventstore.codec import Commit, Entry, Head, head_after
from eventstore.errors import AppendFailed, StoreError, Unavailable
from eventstore.storage import aside, upgrade
from eventstore.storage.batch import Batch, not_next
from eventstore.storage.extending import WAL_PAGES, extend
from eventstore.storage.index import BATCH, Pending, key_hash, mark_again
from eventstore.storage.known import Place
from eventstore.storage.queue import QUEUE_MAX, GroupCommit
from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS
from eventstore.storage.seals import NotSealed
from eventstore.storage.sqlite import DriverError, append_failed, appender_engine, translated
from eventstore.storage.statements import (
    INDEX_ROWS,
    INSERT_COMMIT,
    INSERT_HARD_STATE,
    INSERT_IDENTITY,
    INSERT_INDEX,
    INSERT_INDEX_ROWS,
    INSERT_MARK,
)

APPEND_TIMEOUT_S = 30.0


class _Request(NamedTuple):
    """What one caller wants in one transaction."""

    entries: tuple[Entry, ...]
    hard_state: bytes | None
    flush: bool = True
    cached: Callable[[Any], None] | None = None


class Store:
    """An open store; see the module's description."""

    def __init__(self, path: Path, connection: Connection, queue_max: int) -> None:
        self.path = path
        self.backup: Path | None = None
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._queue: GroupCommit[_Request, list[Commit]] = GroupCommit(self._flush, queue_max)
        self._failed: AppendFailed | None = None
        self._flushes = True
        """Whether the driver is set to flush a transaction before it returns."""
        self.logs: dict[str, LogReader] = {}
        self.heads: dict[str, Head] = {}
        self._pending: dict[str, Pending] = {}
        self.extended = 0
        """How often a log was extended in bulk."""

    @classmethod
    def open(cls, path: Path, *, queue_max: int = QUEUE_MAX) -> Self:
        """Open a store for appending; create it if there is none, migrate it if it is old.

        Raises:
            UnknownFormat: a newer program wrote it.
            Damaged: it does not hold together.
            Unavailable: the file system refuses.
        """
        engine = appender_engine(path)
        with translated(f"store {path}"):
            connection = engine.connect()
            try:
                backup = upgrade.prepare(connection, path)
                store = cls(path, connection, queue_max)
                store.backup = backup
                store._load()
            except BaseException:
                connection.close()
                engine.dispose()
                raise
        return store

    def _load(self) -> None:
        # After a failed flush the WAL may hold pages that never reached the disk, though they can
        # be read: move what is in it to the database, flushed, before anything rests on it.
        _busy, frames, moved = self._driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if moved < frames:
            raise Unavailable(
                "V-5-1-12205",
                f"store {self.path} cannot be opened for writing",
                cause=f"a reader holds {frames - moved} pages of its WAL back",
                fix="end the programs that read it with --log",
            )
        for log in LOGS:
            self.logs[log] = reader = LogReader(self._connection, log, writes=True)
            self.heads[log] = reader.head()
            self._load_index(log, reader)

    def _load_index(self, log: str, reader: LogReader) -> None:
        """Bring the entries that the table does not have into memory; into the table, if many."""
        mark = reader.indexed_to()
        pending = self._pending[log] = Pending(0, from_start=mark == 0)
        for position, keys in reader.keyed(mark + 1):
            pending.add(position, keys)
            if pending.count >= BATCH * 16:
                self._transact(lambda: self._write_index(log))
        if pending.count == 0:
            pending.last = self.heads[log].position

    def create_log(self, log: str, name: str, lineage: bytes | None = None) -> None:
        """Give an empty log its name and its lineage, 16 bytes: a random one, if none is given."""
        lineage = lineage or os.urandom(16)
        self._transact(
            lambda: self._driver.execute(INSERT_IDENTITY, (log, name, lineage)).fetchall()
        )
        self.logs[log] = reader = LogReader(self._connection, log, writes=True)
        self.heads[log] = reader.head()

    def append(
        self,
        entries: Sequence[Entry],
        *,
        new_hard_state: bytes | None = None,
        flush: bool = True,
        timeout_s: float = APPEND_TIMEOUT_S,
    ) -> list[Commit]:
        """Append to the logs, in one transaction; return the commits as stored.

        Without `flush` they are on stable storage with the next transaction that has it: a power
        cut before that takes them, the end of this process does not. A commit that is there
        already (same position, same hash) is a success that changes nothing.

        Raises:
            Conflict: something else is at that position, or there is a gap before it.
            Overloaded: the queue stayed full for `timeout_s` seconds.
            AppendFailed: the disk refused; the store has to be opened again.
        """
        return self._queue.submit(_Request(tuple(entries), new_hard_state, flush), timeout_s)

    def keep(self, work: Callable[[Any], None], *, timeout_s: float = APPEND_TIMEOUT_S) -> None:
        """Write to a cache beside the logs, in a transaction of its own; `work` gets the driver.

        Raises:
            Overloaded: the queue stayed full for `timeout_s` seconds.
            AppendFailed: the disk refused; nothing of it was written, and the logs are as before.
        """
        self._queue.submit(_Request((), None, cached=work), timeout_s)

    def extend(
        self, log: str, commits: Sequence[Commit], new_hard_state: bytes | None, *, flush: bool
    ) -> None:
        """Put commits that were checked to follow behind a log, in one transaction.

        They get no index here: nothing is answered from it until the survey has mended it.

        Raises:
            Conflict: they do not begin where the log ends.
            AppendFailed: the disk refused; the store has to be opened again.
        """
        if self._failed is not None:
            raise self._failed
        head = self.heads[log]
        if commits[0].position != head.position + 1:
            raise not_next(head, log, commits[0])

        if self.extended == 0:
            with translated(f"store {self.path}"):
                self._driver.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}").fetchall()

        def work() -> None:
            extend(self._driver, log, commits)
            if new_hard_state is not None:
                self._driver.execute(INSERT_HARD_STATE, (1, new_hard_state))

        try:
            self._transact(work, flush=flush)
        except AppendFailed as error:
            self._failed = error
            raise
        self.heads[log] = head_after(head, commits[-1])
        self._pending[log] = Pending(commits[-1].position, from_start=False)
        self.extended += 1

    def cut(
        self, log: str, first: int, entries: Sequence[Entry], new_hard_state: bytes | None
    ) -> None:
        """Take the tail of a log out, from `first` on, with what is written beside it.

        Whoever calls has kept a copy. The store has to be opened again: it takes nothing more.

        Raises:
            AppendFailed: the disk refused; the log is as before.
        """
        batch = Batch(self.heads, self.logs)
        batch.add(entries)

        def work() -> None:
            self._write(batch, new_hard_state)
            aside.bring_back(self._driver, self.logs[log].archive, log, first)
            aside.cut(self._driver, log, first)

        self._transact(work)
        self._failed = AppendFailed(
            "V-5-1-9135",
            f"log {log} was cut at @{first}",
            cause="the daemon begins anew from what is left",
            fix="ask again",
        )

    def enter_again(self, log: str, rows: Sequence[tuple[int, int]]) -> None:
        """Put rows (hash of a key, position) into the index that it has lost.

        Raises:
            AppendFailed: the disk refused.
        """
        self.keep(lambda driver: driver.executemany(INSERT_INDEX[log], rows))
        self.logs[log].index.forget()

    def seal_again(self, log: str, low: Place, high: Place) -> None:
        """Seal a range of the index as it is.

        Raises:
            AppendFailed: the disk refused.
        """
        last = self.heads[log].position
        self.keep(lambda _driver: self.logs[log].index.seal_again(low, high, last))

    def positions(self, log: str, key: str) -> list[int]:
        """Return where a key may occur in a log, ascending."""
        pending = self._pending[log]
        waiting = pending.positions(key)
        if pending.from_start:
            return waiting
        return sorted({*self.logs[log].indexed(key), *waiting})

    def known_positions(self, log: str, key: str) -> list[int] | None:
        """Return what `positions` does, without a look at commits; None: the index has a fault."""
        pending = self._pending[log]
        try:
            found = [] if pending.from_start else self.logs[log].index.positions(key_hash(key))
        except NotSealed:
            return None
        return sorted({*found, *pending.positions(key)})

    def alone(self, statement: str) -> None:
        """Run a statement that takes no transaction.

        Raises:
            AppendFailed: the disk refused; the logs are as before.
        """
        try:
            self._driver.execute(statement).fetchall()
        except DriverError as error:
            raise append_failed(self.path, error) from error

    def hard_state(self) -> bytes | None:
        """Return the hard state as it was last written, or None."""
        with translated(f"store {self.path}"):
            row = self._driver.execute("SELECT body FROM hard_state WHERE id = 1").fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Write out the index and close; the last close folds the WAL into the database."""
        try:
            if self._failed is None:
                for log, pending in self._pending.items():
                    if pending.count:
                        self._transact(lambda log=log: self._write_index(log))
        finally:
            engine = self._connection.engine
            self._connection.close()
            engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _flush(
        self, requests: Sequence[_Request]
    ) -> list[tuple[list[Commit] | None, StoreError | None]]:
        """Write what several callers want in one transaction; one's conflict is no other's."""
        if self._failed is not None:
            return [(None, self._failed)] * len(requests)
        batch = Batch(self.heads, self.logs)
        outcomes: list[tuple[list[Commit] | None, StoreError | None]] = []
        body: bytes | None = None
        for request in requests:
            try:
                outcomes.append((batch.add(request.entries), None))
                body = request.hard_state or body
            except StoreError as error:
                outcomes.append((None, error))
        try:
            if batch.rows or body is not None:
                flush = any(request.flush for request in requests)
                self._transact(lambda: self._write(batch, body), flush=flush)
        except AppendFailed as error:
            self._failed = error
            return [(None, refused or error) for _commits, refused in outcomes]
        self._enter(batch)
        for i, request in enumerate(requests):
            if request.cached is not None:
                outcomes[i] = self._keep(request.cached)
        return outcomes

    def _keep(self, work: Callable[[Any], None]) -> tuple[list[Commit] | None, StoreError | None]:
        try:
            self._transact(lambda: work(self._driver))
        except AppendFailed as error:
            if "disk is full" not in str(error.cause):
                # The disk that refused this holds the logs too (G5).
                self._failed = error
            return None, error
        except StoreError as error:
            return None, error
        return [], None

    def _write(self, batch: Batch, body: bytes | None) -> None:
        for log, rows in batch.rows.items():
            if len(rows) == 1:
                self._driver.execute(INSERT_COMMIT[log], rows[0])
            else:
                self._driver.executemany(INSERT_COMMIT[log], rows)
            if self._pending[log].count >= BATCH:
                self._write_index(log)
        if body is not None:
            self._driver.execute(INSERT_HARD_STATE, (1, bytearray(body)))

    def _write_index(self, log: str) -> None:
        pending = self._pending[log]
        index, rows = self.logs[log].index, pending.rows()
        if pending.from_start:
            index.begin()
        entered = tuple(rows)
        # The driver lets go of the interpreter at every statement, and callers that wait take it.
        while len(rows) >= INDEX_ROWS:
            values = [value for row in rows[:INDEX_ROWS] for value in row]
            self._driver.execute(INSERT_INDEX_ROWS[log], values)
            del rows[:INDEX_ROWS]
        self._driver.executemany(INSERT_INDEX[log], rows)
        index.entered(entered)
        for name in (log, mark_again(log)):
            self._driver.execute(INSERT_MARK, (name, pending.last))
        pending.clear()

    def _enter(self, batch: Batch) -> None:
        self.heads.update(batch.heads)
        for log, position, keys in batch.keys:
            self._pending[log].add(position, keys)

    def _transact(self, work: Any, *, flush: bool = True) -> None:
        """Run work in a transaction, flushed with all before it unless it may wait for the next.

        Raises:
            AppendFailed: the driver refused, and nothing of it will be acknowledged.
        """
        try:
            if flush != self._flushes:
                self._driver.execute(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")
                self._flushes = flush
            self._driver.execute("BEGIN IMMEDIATE")
            work()
            self._driver.execute("COMMIT")
        except DriverError as error:
            self._roll_back()
            raise append_failed(self.path, error) from error
        except StoreError:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        except DriverError:
            # The connection is of no more use; whoever opens the store again sees what holds.
            return
