"""Connections to a store in an SQLite file, and what each of them may do.

SQLite before 3.51.3 can lose committed pages when two connections write or checkpoint at the same
moment (the WAL-reset bug), and distributions ship such versions, so the driver brings its own. One
connection appends and checkpoints, in the daemon. Every other is opened read-only, which also
keeps it from checkpointing when it is closed (`eventstore.storage.offline`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pysqlite3.dbapi2 as driver
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from eventstore.errors import AppendFailed, Damaged, StoreError, Unavailable
from eventstore.storage.engine import DatabaseError
from eventstore.storage.postgres_errors import refused, said_by_driver

VERSION: str = driver.sqlite_version

DriverError = (driver.Error, UnicodeDecodeError, DatabaseError)
"""What a driver raises; a damaged schema of SQLite has names that are no text."""
DriverMisuse: type[Exception] = driver.ProgrammingError
"""... and what it raises for a defect of ours."""

_BUSY_MS = 5000
_CACHE_KIB = 16384


def appender_engine(path: Path) -> Engine:
    """Return an engine on the one connection that writes: WAL, every commit flushed."""
    return _engine(
        f"file:{quote(str(path))}?mode=rwc",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
    )


def reader_engine(path: Path, *, immutable: bool = False) -> Engine:
    """Return an engine that only reads; `immutable` for a file that nobody else has open."""
    how = "immutable=1" if immutable else "mode=ro"
    return _engine(f"file:{quote(str(path))}?{how}", "PRAGMA query_only=ON")


def _engine(uri: str, *pragmas: str) -> Engine:
    """One connection, held; transactions are begun and ended by name (the driver adds none)."""

    def connect() -> Any:
        connection = driver.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        for pragma in (
            f"PRAGMA busy_timeout={_BUSY_MS}",
            f"PRAGMA cache_size=-{_CACHE_KIB}",
            *pragmas,
        ):
            connection.execute(pragma).fetchall()
        return connection

    return create_engine("sqlite://", module=driver, creator=connect, poolclass=StaticPool)


def in_memory() -> Any:
    """Return a connection of the driver to a database of its own, which ends with it."""
    return driver.connect(":memory:", isolation_level=None, check_same_thread=False)


@contextmanager
def reading(path: Path, *, immutable: bool = False) -> Iterator[Connection]:
    """Open a store read-only; `immutable` if nobody writes it, and it has no WAL.

    Raises:
        Damaged: it is not a store, or its structure is broken.
        Unavailable: the file system refuses.
    """
    engine = reader_engine(path, immutable=immutable)
    try:
        with translated(f"store {path}"), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn errors of the driver, bare or wrapped, into ours; `what` begins the message."""
    try:
        yield
    except DBAPIError as error:
        raise _named(what, error.orig or error) from error
    except DriverError as error:
        raise _named(what, error) from error


def _named(what: str, error: BaseException) -> StoreError:
    if said_by_driver(error) is not None:
        return refused(what, error)
    said = str(error)
    if "malformed" in said or "not a database" in said or isinstance(error, UnicodeDecodeError):
        return Damaged(f"{what}: store damaged", cause=said)
    if "no such table" in said:
        return Damaged(f"{what}: not a store of this program", cause=said)
    return Unavailable("V-5-1-12205", f"{what} cannot be read", cause=said)


def append_failed(path: Path, error: Exception) -> AppendFailed:
    """Return the error for a write that the disk did not take."""
    return AppendFailed(
        "V-5-1-12204",
        f"the log {path} could not be written",
        cause=str(error),
        fix="make room on, or mend, the file system that holds it; the daemon recovers by itself",
        rule="G5",
    )
