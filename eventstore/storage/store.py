"""A store: the two logs of a node and its hard state, behind the one door that writes.

`Store.append` is the door for every change. It is safe to call from many threads, and what they
bring while a flush is under way shares the next one. What it was given is on stable storage when
it returns. After an error of the disk the store promises nothing more (G5): it has to be opened
again, and what the log holds then is what was written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eventstore.codec import Commit, Entry, Head, head_after
from eventstore.errors import AppendFailed, Damaged, StoreError
from eventstore.storage import cutting
from eventstore.storage.batch import Batch, Placed, Request, not_next, placed
from eventstore.storage.engine import HeadMoved, Move, Moves, Row, WriteEngine
from eventstore.storage.engines import write_engine
from eventstore.storage.extending import extend
from eventstore.storage.index import BATCH, Pending, key_hash, mark_again
from eventstore.storage.known import Place
from eventstore.storage.location import Location
from eventstore.storage.queue import QUEUE_MAX, GroupCommit
from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS
from eventstore.storage.seals import NotSealed
from eventstore.storage.sqlite import translated
from eventstore.storage.statements import INDEX_ROWS, writes

APPEND_TIMEOUT_S = 30.0


class Store:
    """An open store; see the module's description."""

    def __init__(self, location: Location, engine: WriteEngine, queue_max: int) -> None:
        self.location = location
        self.engine = engine
        self.backup: Path | None = None
        self._driver: Any = engine.driver
        self._sql = writes(engine.dialect)
        self._queue: GroupCommit[Request, list[Commit]] = GroupCommit(self._flush, queue_max)
        self._failed: AppendFailed | None = None
        self.logs: dict[str, LogReader] = {}
        self.heads: dict[str, Head] = {}
        self._pending: dict[str, Pending] = {}
        self._indexed: list[str] = []
        """Logs whose entries the transaction that runs moves to the index."""
        self.extended = 0
        """How often a log was extended in bulk."""

    @classmethod
    def open(cls, location: Location, *, queue_max: int = QUEUE_MAX, alone: bool = False) -> Self:
        """Open a store for appending; create it if there is none, migrate it if it is old.

        `alone`: nobody else may have it open for that; in a file nobody ever may.

        Raises:
            UnknownFormat: a newer program wrote it.
            Damaged: it does not hold together.
            Unavailable: the file system or the server refuses, or somebody else has it.
        """
        with translated(f"store {location}"):
            engine = write_engine(location, alone=alone)
            try:
                backup = engine.prepare()
                store = cls(location, engine, queue_max)
                store.backup = backup
                store._load()
            except BaseException:
                engine.close()
                raise
        return store

    @property
    def path(self) -> Path:
        """The file of the store, or what stands for it: beside it are archived commits."""
        return self.engine.beside

    def _load(self) -> None:
        self.engine.load()
        for log in LOGS:
            self.logs[log] = reader = LogReader(self.engine, log, writes=True)
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
        self._transact(lambda: self._driver.execute(self._sql.identity, (log, name, lineage)))
        self.logs[log] = reader = LogReader(self.engine, log, writes=True)
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
        return self._queue.submit(Request(tuple(entries), new_hard_state, flush), timeout_s)

    def keep(self, work: Callable[[Any], None], *, timeout_s: float = APPEND_TIMEOUT_S) -> None:
        """Write to a cache beside the logs, in a transaction of its own; `work` gets the driver.

        Raises:
            Overloaded: the queue stayed full for `timeout_s` seconds.
            AppendFailed: the disk refused; nothing of it was written, and the logs are as before.
        """
        self._queue.submit(Request((), None, cached=work), timeout_s)

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

        self.engine.in_bulk()
        moved = head_after(head, commits[-1])

        def work() -> None:
            extend(self._driver, log, commits)
            if new_hard_state is not None:
                self._driver.execute(self._sql.hard_state, (1, new_hard_state))

        try:
            self._transact(work, {log: Move(head, moved)}, flush=flush)
        except HeadMoved as error:
            self._refresh()
            raise not_next(self.heads[log], log, commits[0]) from error
        except AppendFailed as error:
            self._failed = error
            raise
        self.heads[log] = moved
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
            cutting.bring_back(self._driver, self.logs[log].archive, log, first)
            cutting.cut(self._driver, log, first)

        moves = self._moves(batch)
        before = self.logs[log].commit(first - 1)
        moves[log] = Move(self.heads[log], head_after(self.heads[log], before))
        self._transact(work, moves)
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
        self.keep(lambda driver: driver.executemany(self._sql.entry[log], rows))
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
        if not self.engine.alone:
            return self.logs[log].positions(key)
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

    def hard_state(self) -> bytes | None:
        """Return the hard state as it was last written, or None."""
        with translated(f"store {self.location}"):
            row = self._driver.execute("SELECT body FROM hard_state WHERE id = 1").fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Write out the index and close; the last close folds the WAL into the database."""
        try:
            if self._failed is None:
                for log, pending in self._pending.items():
                    if pending.count:
                        self._transact(partial(self._write_index, log))
        finally:
            self.engine.close()

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
        self, requests: Sequence[Request]
    ) -> list[tuple[list[Commit] | None, StoreError | None]]:
        """Write what several callers want in one transaction; one's conflict is no other's."""
        if self._failed is not None:
            return [(None, self._failed)] * len(requests)
        found = placed(requests, self.heads, self.logs)
        try:
            if found.batch.rows or found.body is not None:
                found = self._written(requests, found)
        except AppendFailed as error:
            self._failed = error
            return [(None, refused or error) for _commits, refused in found.outcomes]
        except Damaged as error:
            self._failed = AppendFailed(error.id, error.message, cause=error.cause, fix=error.fix)
            return [(None, error)] * len(requests)
        self._enter(found.batch)
        for i, request in enumerate(requests):
            if request.cached is not None:
                found.outcomes[i] = self._keep(request.cached)
        return found.outcomes

    def _written(self, requests: Sequence[Request], found: Placed) -> Placed:
        """Write what was placed; anew behind what somebody else has appended meanwhile."""
        flush = any(request.flush for request in requests)
        try:
            self._transact(
                lambda: self._write(found.batch, found.body),
                self._moves(found.batch),
                flush=flush,
                row=found.only(self._pending),
            )
        except HeadMoved:
            again = list[Placed]()

            def work() -> None:
                self.engine.lock()
                self._refresh()
                again[:] = [placed(requests, self.heads, self.logs)]
                self.engine.move(self._moves(again[0].batch))
                self._write(again[0].batch, again[0].body)

            self._transact(work, flush=flush)
            return again[0]
        return found

    def _moves(self, batch: Batch) -> dict[str, Move]:
        return {log: Move(self.heads[log], batch.heads[log]) for log in batch.rows}

    def _refresh(self) -> None:
        """Take note of what others have appended."""
        for log, reader in self.logs.items():
            self.heads[log] = reader.head()
            pending = self._pending[log]
            for position, keys in reader.keyed(pending.last + 1):
                pending.add(position, keys)

    def _keep(self, work: Callable[[Any], None]) -> tuple[list[Commit] | None, StoreError | None]:
        try:
            self._transact(lambda: work(self._driver))
        except AppendFailed as error:
            if not self.engine.is_full(error):
                # The disk that refused this holds the logs too (G5).
                self._failed = error
            return None, error
        except StoreError as error:
            return None, error
        return [], None

    def _write(self, batch: Batch, body: bytes | None) -> None:
        for log, rows in batch.rows.items():
            if len(rows) == 1:
                self._driver.execute(self._sql.commit[log], rows[0])
            else:
                self._driver.executemany(self._sql.commit[log], rows)
            if self._pending[log].count >= BATCH:
                self._write_index(log)
        if body is not None:
            self._driver.execute(self._sql.hard_state, (1, bytearray(body)))

    def _write_index(self, log: str) -> None:
        pending = self._pending[log]
        index, rows = self.logs[log].index, pending.rows()
        if not self.engine.alone and (mark := self.logs[log].indexed_to()):
            rows = [row for row in rows if row[1] > mark]  # somebody else entered the others
        elif pending.from_start:
            index.begin()
        entered = tuple(rows)
        # The driver lets go of the interpreter at every statement, and callers that wait take it.
        while len(rows) >= INDEX_ROWS:
            values = [value for row in rows[:INDEX_ROWS] for value in row]
            self._driver.execute(self._sql.entries[log], values)
            del rows[:INDEX_ROWS]
        self._driver.executemany(self._sql.entry[log], rows)
        index.entered(entered)
        for name in (log, mark_again(log)):
            self._driver.execute(self._sql.mark, (name, pending.last))
        self._indexed.append(log)

    def _enter(self, batch: Batch) -> None:
        self.heads.update(batch.heads)
        for log, position, keys in batch.keys:
            self._pending[log].add(position, keys)

    def _transact(
        self,
        work: Callable[[], Any],
        moves: Moves | None = None,
        *,
        flush: bool = True,
        row: Row | None = None,
    ) -> None:
        """Run work in a transaction; it may be run once more, where it came to nothing.

        Raises:
            HeadMoved: the heads are not where they are to be moved from.
            AppendFailed: the engine refused, and nothing of it will be acknowledged.
        """

        def attempt() -> None:
            self._indexed.clear()
            work()

        self.engine.transact(attempt, moves=moves, flush=flush, row=row)
        for log in self._indexed:
            self._pending[log].clear()
        self._indexed.clear()
