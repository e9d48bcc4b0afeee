"""Reading a store in a schema of a PostgreSQL database, also beside whoever writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import get_ident
from typing import Any

from eventstore.storage.engine import Dialect, Driver
from eventstore.storage.location import Database
from eventstore.storage.postgres.connection import (
    RECONNECT_S,
    Connection,
    PostgresDriver,
    connect,
    roll_back,
    told,
)

PAGE_FIRST, PAGE_MAX = 512, 4096
"""Rows of a piece: each is asked for by itself, and a long reading by longer ones."""
_NOWHERE = Path("/dev/null/log.db")
"""Where files of a store are that is read without its home: nowhere that anything could be."""


def lock_key(schema: str) -> int:
    """Return the number of the lock that whoever writes a store holds, in its database."""
    digest = blake2b(f"vxconfigd {schema}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def channel(schema: str) -> str:
    """Return where it is said that a store has grown."""
    return f"vx_{schema}"


class PostgresReading:
    """A store that is open to be read."""

    dialect: Dialect = "postgresql"

    def __init__(self, location: Database, patience_s: float = RECONNECT_S) -> None:
        self.location = location
        self.beside = location.beside or _NOWHERE
        self._reading = PostgresDriver(self._connect, patience_s=patience_s)
        self.driver: Driver = self._reading

    def _connect(self) -> Connection:
        return connect(self.location)

    def pages(self, sql: str, low: int, high: int, size: int) -> Iterator[list[Any]]:
        """Yield the rows in pieces, each as of the moment at which it is asked for."""
        size = max(size, PAGE_FIRST)
        while low <= high:
            rows = self.driver.execute(f"{sql} LIMIT {size}", (low, high)).fetchall()
            if rows:
                yield rows
            if len(rows) < size:
                return
            low, size = rows[-1][0] + 1, min(PAGE_MAX, size * 2)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have the statements of a block see the store as of one moment."""
        reading = self._reading
        with reading.lock, told():
            reading.alive()
            reading.held = True
            try:
                with reading.connection.pipeline():
                    reading.execute("BEGIN")
                    yield
                    reading.execute("COMMIT")
            except BaseException:
                if reading.in_transaction and not reading.connection.closed:
                    roll_back(reading.connection)
                raise
            finally:
                reading.held = False

    def version(self) -> int | None:
        """Return nothing: a server does not say whether somebody else has written."""
        return None

    def faults(self, tables: Sequence[str]) -> list[str]:
        """Return nothing: the server looks after its own pages."""
        del tables
        return []

    def close(self) -> None:
        """Let go of the server."""
        self._reading.close()


class Both:
    """The driver of a store that is written: what belongs to a transaction goes with it."""

    dialect: Dialect = "postgresql"

    def __init__(self, reading: PostgresDriver, writing: PostgresDriver) -> None:
        self.reading = reading
        self.writing = writing
        self.owner = 0
        """The thread whose transaction runs."""

    @property
    def in_transaction(self) -> bool:
        """Whether this thread's statements are part of a transaction."""
        return self.owner == get_ident()

    def _one(self) -> PostgresDriver:
        return self.writing if self.owner == get_ident() else self.reading

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement; return a cursor over its rows."""
        return self._one().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> Any:
        """Run a statement for each row of values."""
        return self._one().executemany(sql, parameters)
