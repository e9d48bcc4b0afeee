"""The engine of a store in a schema of a PostgreSQL database.

Reading has a connection of its own, beside the one that writes: what other threads read meanwhile
neither waits for an append nor can disturb it, and sees only what was committed.

A transaction goes to the server in one piece, up to its COMMIT, and is answered in one. In it the
row of each log in `heads` is moved from where we know it to be; if it is elsewhere, or somebody
else has taken the store, the move breaks a rule of the table, and nothing is committed. So there
is never a hole, and never a guess about the order of two writers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import randbits
from threading import RLock, get_ident
from typing import Any

import psycopg

from eventstore.codec import Head
from eventstore.errors import AppendFailed, Damaged, StoreError, Unavailable
from eventstore.storage.engine import DatabaseError, HeadMoved, Moves, Row
from eventstore.storage.location import Database
from eventstore.storage.postgres import schema
from eventstore.storage.postgres.connection import (
    RECONNECT_S,
    Connection,
    Patience,
    PostgresDriver,
    connect,
    fell_back,
    roll_back,
    session_of,
)
from eventstore.storage.postgres.lost import Lost, Outcome
from eventstore.storage.postgres.reading import Both, PostgresReading, channel, lock_key
from eventstore.storage.postgres_errors import append_refused, said_by_driver
from eventstore.storage.schema import LOGS
from eventstore.storage.statements import writes

SERVING_S = 4.0
"""How long a daemon waits at an append for a server that is away: others wait for the daemon no
longer than five. After that it recovers, as from a disk that failed, until the server is there."""
_HELD_S = 5.0
"""How long the server may take to see that who had the store is gone."""

_MOVE = (
    "UPDATE heads SET position = CASE WHEN position = ? AND hash = ? AND epoch = ? THEN ?::bigint "
    "END, hash = ? WHERE log = ? RETURNING pg_current_xact_id()::text AS xid, pg_notify(?, '')"
)
_STORE = {
    log: f"WITH moved AS ({_MOVE}), stored AS ({insert}) SELECT xid FROM moved"  # noqa: S608 ours
    for log, insert in writes("postgresql").commit.items()
}
"""The whole of a transaction that appends one commit."""
_GUARD = (
    "UPDATE heads SET position = CASE WHEN epoch = ? THEN position END, mark = ? "
    "RETURNING pg_current_xact_id()::text"
)
_WAIT = "SELECT pg_logical_emit_message(true, 'vxconfigd', '')"
"""Writes to the server's log, so that its commit waits for what is before it there."""
_LOCK = "SELECT 1 FROM heads ORDER BY log FOR NO KEY UPDATE"
_TAKE = "UPDATE heads SET epoch = epoch + 1"
_HEADS = (
    "SELECT h.log, h.position, h.hash, h.epoch, h.mark, "
    "(SELECT hash FROM {log}_commits WHERE position = h.position) "
    "FROM heads h WHERE h.log = '{log}'"
)
_ENDS = " UNION ALL ".join(_HEADS.format(log=log) for log in LOGS)


class PostgresWriting(PostgresReading):
    """A store that is open to be written; `alone`: nobody else can have it so meanwhile."""

    def __init__(self, location: Database, *, alone: bool) -> None:
        self.alone = alone
        self.epoch = 0
        self.patience_s = SERVING_S if alone else RECONNECT_S
        self.durable: Mapping[str, Head] = {}
        """What is on the server's disk as far as we know: it is never less than this."""
        self.known: dict[str, Head] = {}
        self.marks: frozenset[int] = frozenset()
        """What the last transactions that moved no head left of themselves, as we know it."""
        self._one_at_a_time = RLock()
        self._writing = PostgresDriver(lambda: connect(location))
        try:
            self.session = session_of(self._writing.connection)
            super().__init__(location, self.patience_s)
        except BaseException:
            self._writing.close()
            raise
        self._both = Both(self._reading, self._writing)
        self.driver = self._both

    def version(self) -> int | None:
        """Return the same always where nobody else may write, and nothing where others do."""
        return 0 if self.alone else None

    def prepare(self) -> Path | None:
        """Take the store; create or migrate it, if it needs that."""
        self.take(self._writing)
        schema.prepare(self.location, self._writing)
        return None

    def take(self, driver: PostgresDriver) -> None:
        """Have the store for ourselves, or together with others who do not.

        Raises:
            Unavailable: somebody else has it.
        """
        how = "pg_try_advisory_lock" if self.alone else "pg_try_advisory_lock_shared"
        patience = Patience(_HELD_S)
        while not driver.execute(f"SELECT {how}(?)", (lock_key(self.location.schema),)).fetchone()[
            0
        ]:
            if not patience.wait():
                raise self._held(driver)

    def _held(self, driver: PostgresDriver) -> Unavailable:
        key = lock_key(self.location.schema) & 2**64 - 1
        rows = driver.execute(
            "SELECT a.pid::int8, a.application_name, coalesce(a.client_addr::text, 'this machine')"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
            " AND l.granted AND l.classid::int8 = ? AND l.objid::int8 = ?",
            (key >> 32, key & 2**32 - 1),
        ).fetchall()
        who = "; ".join(
            f"{name} at {where}, process {pid} of the server" for pid, name, where in rows
        )
        return Unavailable(
            "V-5-1-9154",
            f"store {self.location} is in use",
            cause=f"it is held by {who or 'somebody who has just let it go'}",
            fix="end the daemon that has it, or name another schema",
            rule="A1",
        )

    def load(self) -> None:
        """Make sure that the store ends where its heads say, and fence off who had it before.

        Raises:
            Damaged: it does not.
        """
        if self.alone:
            self._writing.execute(_TAKE)
        self.known = self.read_heads(self._writing)
        self.durable = dict(self.known)

    def read_heads(self, driver: PostgresDriver) -> dict[str, Head]:
        """Return where the logs end, and take note of the epoch.

        Raises:
            Damaged: a row of `heads` is gone, or names a commit that is not there.
        """
        rows = driver.execute(_ENDS).fetchall()
        if len(rows) != len(LOGS):
            raise Damaged(f"store {self.location}: damaged", cause="where a log ends is lost")
        self.marks = frozenset(row[4] for row in rows)
        found = dict[str, Head]()
        for log, position, hash_, epoch, _mark, there in rows:
            if position and there != hash_:
                raise Damaged(
                    f"log {log}: store damaged; it does not end with the commit @{position} that "
                    "was acknowledged",
                    position=position,
                    cause="the commit is gone" if there is None else "another commit is there",
                )
            self.epoch = epoch
            found[log] = Head(b"", position, hash_, 0)
        return found

    def _connect(self) -> Connection:
        """Connect for reading; what was brought back to an earlier time is never read as if not.

        Raises:
            Damaged: the server has less than it acknowledged.
        """
        connection = super()._connect()
        rows = connection.execute("SELECT log, position FROM heads") if self.durable else ()
        for log, position in rows:
            if position < self.durable[log].position:
                connection.close()
                raise fell_back(log, position, self.durable[log])
        return connection

    # Transactions.

    def transact(
        self,
        work: Callable[[], Any],
        *,
        moves: Moves | None = None,
        flush: bool = True,
        row: Row | None = None,
    ) -> None:
        """Run work in a transaction that moves heads; see the module's description.

        Raises:
            HeadMoved: the heads are not where they are to be moved from.
            AppendFailed: the server refused, or it cannot be told what it did.
            Damaged: the server has less than it acknowledged.
        """
        with self._one_at_a_time:
            done = None
            while done is None:
                attempt = Lost(self, dict(moves or {}), randbits(62))
                try:
                    if row is not None and flush:
                        self._store(attempt, row)
                    else:
                        self._attempt(work, attempt, flush=flush)
                    done = attempt
                except (DatabaseError, psycopg.Error, StoreError) as error:
                    if said_by_driver(error) is None:
                        raise
                    done = attempt if self._after(attempt, error) is Outcome.DONE else None
            self._note(done, flush=flush)

    def _attempt(self, work: Callable[[], Any], attempt: Lost, *, flush: bool) -> None:
        writing, both = self._writing, self._both
        with writing.lock:
            both.owner = get_ident()
            self._running = attempt
            writing.connection.warned = False
            try:
                with writing.connection.pipeline():
                    writing.execute("BEGIN IMMEDIATE")
                    if not flush:
                        writing.execute("SET LOCAL synchronous_commit TO off")
                    if attempt.moves:
                        self._move(attempt.moves)
                    else:
                        attempt.asked = writing.execute(_GUARD, (self.epoch, attempt.mark))
                    work()
                    attempt.committing = True
                    writing.execute("COMMIT")
                self.settle(writing)
            except BaseException:
                self._roll_back()
                raise
            finally:
                both.owner = 0

    def _store(self, attempt: Lost, row: Row) -> None:
        """Append one commit, in one statement that is its own transaction."""
        ((log, (old, new)),) = attempt.moves.items()
        move = (old.position, old.hash, self.epoch, new.position, new.hash, log)
        where = channel(self.location.schema)
        with self._writing.lock:
            self._writing.connection.warned = False
            attempt.committing = True
            attempt.asked = self._writing.execute(_STORE[log], (*move, where, *row))
            self.settle(self._writing)

    def settle(self, driver: PostgresDriver) -> None:
        """Have what was committed where it has to be, though somebody ended the wait for it.

        The server then warns, and says that it is done: the standby that it waited for may not
        have it, and the end of this server would take back what was acknowledged.
        """
        while driver.connection.warned:
            driver.connection.warned = False
            driver.execute(_WAIT).fetchall()

    def _roll_back(self) -> None:
        connection = self._writing.connection
        if not connection.closed and self._writing.in_transaction:
            try:
                roll_back(connection)
            except psycopg.Error:
                connection.close()

    def _after(self, attempt: Lost, error: Exception) -> Outcome:
        """Tell what became of a transaction that ended in an error; mend what can be mended."""
        said = said_by_driver(error)
        while self._writing.connection.closed:
            try:
                return attempt.resolved(error)
            except (DatabaseError, psycopg.Error) as once_more:
                error = said = once_more
        if isinstance(said, psycopg.errors.NotNullViolation) and said.diag.table_name == "heads":
            epoch = self.epoch
            self.read_heads(self._writing)
            if self.epoch == epoch:
                raise HeadMoved from error
            raise AppendFailed(
                "V-5-1-9155",
                f"store {self.location} was taken by another daemon",
                cause="it opened the store for itself after this one",
                fix="end one of the two: a log has one daemon",
                rule="A1",
            ) from error
        if isinstance(said, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
            return Outcome.UNDONE
        raise append_failed(self.location, said or error) from error

    def _note(self, done: Lost, *, flush: bool) -> None:
        self.known.update({log: move.new for log, move in done.moves.items()})
        if not done.moves:
            self.marks = frozenset((done.mark,))
        if flush:
            self.durable = dict(self.known)

    def lock(self) -> None:
        """Have the heads stay where they are until the end of the transaction that runs."""
        self._writing.execute(_LOCK).fetchall()

    def move(self, moves: Moves) -> None:
        """Move heads in the transaction that runs."""
        self._running.moves.update(moves)
        self._move(moves)

    def _move(self, moves: Moves) -> None:
        where = channel(self.location.schema)
        for log in sorted(moves):
            old, new = moves[log]
            self._running.asked = self._writing.execute(
                _MOVE, (old.position, old.hash, self.epoch, new.position, new.hash, log, where)
            )

    def revive(self, driver: PostgresDriver) -> None:
        """Replace the connection that writes, which is gone."""
        self._writing.connection = driver.connection

    def in_bulk(self) -> None:
        """Do nothing: the server knows by itself when to move its log."""

    def erased(self, work: Callable[[], None]) -> None:
        """Have what was taken out vacuumed away; the server's own log keeps it for a while.

        Raises:
            AppendFailed: the server refused.
        """
        work()
        self._alone("VACUUM")

    def compact(self) -> None:
        """Give back the room of what was taken out.

        Raises:
            AppendFailed: the server refused; the logs are as before.
        """
        self._alone("VACUUM")

    def _alone(self, statement: str) -> None:
        try:
            for log in LOGS:
                self._writing.execute(f"{statement} {log}_commits")
        except DatabaseError as error:
            raise append_failed(self.location, error) from error

    def is_full(self, error: Exception) -> bool:
        """Tell whether an error says no more than that there is no room."""
        said = error.__cause__
        said = said.__cause__ if isinstance(said, DatabaseError) else said
        return isinstance(said, psycopg.errors.DiskFull)

    def close(self) -> None:
        """Let go of the server."""
        self._writing.close()
        super().close()


def append_failed(location: Database, error: BaseException) -> AppendFailed:
    """Return the error for a write that the server did not take."""
    return append_refused(f"the log {location} could not be written", error)
