"""What became of a transaction whose answer was lost with the connection.

The process of the server that had it is ended first, if it still runs: after that the transaction
is committed, or never will be. Which of the two, the server says by the transaction's ID where we
learned it, and the store itself says it in any case: its head is where the transaction moved it,
or it has the mark that the transaction left. A server that has less than it acknowledged is not
the one that we knew, or was brought back to an earlier time: that is told and never gone on from.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Protocol

import psycopg

from eventstore.codec import Head
from eventstore.errors import AppendFailed, StoreError, Unavailable
from eventstore.storage.engine import DatabaseError, Move
from eventstore.storage.location import Database
from eventstore.storage.postgres.connection import (
    Patience,
    PostgresDriver,
    Session,
    connect,
    fell_back,
    session_of,
)
from eventstore.storage.postgres_errors import passes, said_by_driver

STATUS_S = 5.0
"""How long a transaction may be in progress whose process was ended."""


class Outcome(Enum):
    """What became of it."""

    DONE = auto()
    UNDONE = auto()


class Holder(Protocol):
    """Whose transaction it was, and what it knows."""

    location: Database
    session: Session
    alone: bool
    patience_s: float
    epoch: int
    marks: frozenset[int]
    known: dict[str, Head]
    durable: Mapping[str, Head]

    def take(self, driver: PostgresDriver) -> None:
        """Have the store, alone or with others, on a new connection."""
        ...

    def revive(self, driver: PostgresDriver) -> None:
        """Write on a new connection from now on."""
        ...

    def settle(self, driver: PostgresDriver) -> None:
        """Have what was committed where it has to be, though somebody ended the wait for it."""
        ...

    def read_heads(self, driver: PostgresDriver) -> dict[str, Head]:
        """Return where the logs end, and take note of the epoch."""
        ...


class Lost:
    """One attempt at a transaction, and all that is known of it should its answer be lost."""

    def __init__(self, engine: Holder, moves: dict[str, Move], mark: int) -> None:
        self.moves = moves
        self.mark = mark
        self._marks = engine.marks
        self.asked: Any = None
        """The statement that asked for the transaction's ID."""
        self.committing = False
        """Whether COMMIT may have been sent."""
        self._engine = engine

    def resolved(self, error: Exception) -> Outcome:
        """Connect again, and tell what became of it.

        Raises:
            HeadMoved: it was not done, and others have appended since.
            AppendFailed: the server stays away, or it cannot be told.
            Damaged: the server has less than it acknowledged.
        """
        driver = self._connected(error)
        engine = self._engine
        status = self._status(driver)
        engine.revive(driver)
        before = engine.epoch
        there = engine.read_heads(driver)
        self._check(driver, there)
        if engine.alone and engine.epoch != before:
            raise self._unknown("another daemon has taken the store meanwhile")
        done = self._is_done(driver, there)
        if engine.alone:
            driver.execute("UPDATE heads SET epoch = epoch + 1")
            engine.read_heads(driver)
        if done is None:
            done = status == "committed" if status else not self.committing and None
        if done is None:
            raise self._unknown("others have written since, and it left no trace") from error
        driver.connection.warned = True  # nobody told us whether the server's standby has it
        engine.settle(driver)
        return Outcome.DONE if done else Outcome.UNDONE

    def _connected(self, error: Exception) -> PostgresDriver:
        """Connect again, end what the old connection had begun, and take the store anew."""
        engine = self._engine
        patience = Patience(engine.patience_s)
        while True:
            driver = None
            try:
                driver = PostgresDriver(lambda: connect(engine.location))
                session = session_of(driver.connection)
                if session.system != engine.session.system:
                    raise self._unknown("it is another server now")
                self._end_old(driver, patience)
                engine.take(driver)
                driver.execute("SELECT 1 FROM heads ORDER BY log FOR NO KEY UPDATE").fetchall()
            except (DatabaseError, psycopg.Error, Unavailable) as again:
                if driver is not None:
                    driver.close()
                if not self._may_pass(again) or not patience.wait():
                    raise self._unknown(str(again)) from error
            else:
                engine.session = session
                return driver

    def _may_pass(self, error: Exception) -> bool:
        if isinstance(error, StoreError) and said_by_driver(error) is None:
            return not isinstance(error, AppendFailed)
        return passes(error, away=True)

    def _end_old(self, driver: PostgresDriver, patience: Patience) -> None:
        old = self._engine.session
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid = ? AND backend_start::text = ?"
        )
        while driver.execute(query, (old.pid, old.began)).fetchall():
            if not patience.wait():
                raise self._unknown("the server does not end what was begun")

    def _status(self, driver: PostgresDriver) -> str | None:
        """Return what the server says of the transaction's ID, if we know it and it does."""
        try:
            xid = self.asked.fetchone()[0] if self.asked is not None else None
        except (DatabaseError, TypeError):
            return None
        if xid is None:
            return None
        try:
            patience = Patience(STATUS_S)
            while True:
                (said,) = driver.execute("SELECT pg_xact_status(?::xid8)", (xid,)).fetchone()
                if said != "in progress" or not patience.wait():
                    return None if said is None else str(said)
        except DatabaseError:
            return None  # it is of the future: the server has never seen it

    def _check(self, driver: PostgresDriver, there: dict[str, Head]) -> None:
        """Make sure that the server has all that it acknowledged."""
        for log, head in self._engine.known.items():
            if there[log].position >= head.position and (
                head.position == 0
                or self._hash_at(driver, log, head.position) in (head.hash, None)
            ):
                continue
            durable = self._engine.durable[log]
            if head != durable and there[log].position >= durable.position:
                raise self._unknown("the server lost what it was not asked to flush yet")
            raise fell_back(log, there[log].position, durable)

    def _hash_at(self, driver: PostgresDriver, log: str, position: int) -> bytes | None:
        """Return the hash of a commit; None if it is in a segment."""
        row = driver.execute(
            f"SELECT hash FROM {log}_commits WHERE position = ?",  # noqa: S608 ours
            (position,),
        ).fetchone()
        return None if row is None else row[0]

    def _is_done(self, driver: PostgresDriver, there: dict[str, Head]) -> bool | None:
        """Tell from the store itself whether it was done; None: the store does not say."""
        for log, move in self.moves.items():
            if move.new.position > move.old.position:
                return self._hash_at(driver, log, move.new.position) == move.new.hash
            if there[log][1:3] == move.new[1:3]:
                return True
        if self.moves:
            return False
        marks = self._engine.marks
        if self.mark in marks:
            return True
        return False if self._engine.alone or marks == self._marks else None

    def _unknown(self, cause: str) -> AppendFailed:
        return AppendFailed(
            "V-5-1-9156",
            f"what became of an append to {self._engine.location} is not known",
            cause=f"the connection was lost, and {cause}",
            fix="see that the server runs; the daemon opens the log anew, and says what it holds",
            rule="G5",
        )
