"""Connections to an archive, its schema, and what its errors mean.

The driver is imported with this module: whoever names no URL does not load it. A password in a URL
is in no message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from eventstore.errors import (
    NotFound,
    NotPermitted,
    Rejected,
    StoreError,
    UnknownFormat,
)
from eventstore.storage.fleet.naming import place_of
from eventstore.storage.location import check_characters, shown
from eventstore.storage.postgres.connection import OLDEST, conninfo
from eventstore.storage.postgres_errors import refused

Connection = psycopg.Connection[tuple[Any, ...]]

REVISIONS = ("0001",)
"""Every revision of an archive's schema, in order; the last is what this program writes."""
_SETTINGS = "-c timezone=UTC -c idle_in_transaction_session_timeout=300000"


def connect(url: str, *, writes: bool = False) -> Connection:
    """Open a connection: each statement is a transaction, unless one is begun by name.

    Raises:
        StoreError: the server is not to be had, or does not let us in; it says why.
        Rejected: the URL makes no sense, or the server is too old.
    """
    check_characters(place_of(url).url)
    read_only = "" if writes else " -c default_transaction_read_only=on"
    with told(url):
        connection: Connection = psycopg.connect(
            conninfo(place_of(url).url),
            autocommit=True,
            application_name="vxconfigd archive",
            options=_SETTINGS + read_only,
        )
    if connection.info.server_version < OLDEST * 10_000:
        version = connection.info.server_version // 10_000
        connection.close()
        raise Rejected(
            "V-5-1-9181",
            f"archive {_where(url)}: PostgreSQL {version} is too old",
            cause=f"an archive needs version {OLDEST} or a later one",
            fix="name another server",
        )
    return connection


def _where(url: str) -> str:
    return shown(place_of(url).url)


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn errors of the driver into ours.

    Raises:
        StoreError: what it means.
    """
    try:
        yield
    except psycopg.Error as error:
        raise _named(_where(url), error) from error


def _named(where: str, error: psycopg.Error) -> StoreError:
    cause = " ".join(str(error).split())
    if isinstance(error, errors.InsufficientPrivilege):
        return NotPermitted(
            "V-5-1-9182",
            f"archive {where}: this role may not do that",
            cause=cause,
            fix="ask who runs the database: who reads needs SELECT, who ships also INSERT and "
            "UPDATE, and EXECUTE on vxfleet.open_month",
        )
    if isinstance(error, (errors.UndefinedTable, errors.InvalidSchemaName)):
        return _no_archive(where, cause)
    return refused(f"archive {where}", error)


def _no_archive(where: str, cause: str) -> NotFound:
    return NotFound(
        "V-5-1-9183",
        f"{where}: there is no archive",
        cause=cause,
        fix=f"'vx archive to {where}' on a node makes one",
    )


def prepare(connection: Connection, url: str) -> None:
    """Make the schema of an archive, or bring it to the revision that this program writes.

    Raises:
        UnknownFormat: a newer program made it.
        NotPermitted: it has to be made, and this role may not.
    """
    with told(url):
        if revision_of(connection, url) != REVISIONS[-1]:
            _migrate(url)


def check(connection: Connection, url: str) -> None:
    """Look whether there is an archive that can be read.

    Raises:
        NotFound: there is none.
        UnknownFormat: a newer program made it.
    """
    with told(url):
        if revision_of(connection, url) is None:
            raise _no_archive(_where(url), "it has no schema vxfleet, or none that is whole")


def revision_of(connection: Connection, url: str) -> str | None:
    """Return the revision of an archive; None if there is none.

    Raises:
        UnknownFormat: a newer program made it.
    """
    found = connection.execute("SELECT to_regclass('vxfleet.revision') IS NOT NULL").fetchone()
    if found is None or not found[0]:
        return None
    row = connection.execute("SELECT version_num FROM vxfleet.revision").fetchone()
    if row is not None and row[0] not in REVISIONS:
        raise UnknownFormat(
            "V-5-1-2830",
            f"{_where(url)}: the archive has revision {row[0]}, which this program does not know",
            cause=f"a newer version of this program made it; this one knows up to {REVISIONS[-1]}",
            fix="run the version that made it, or a later one",
            rule="B5",
        )
    return None if row is None else str(row[0])


def _migrate(url: str) -> None:
    from sqlalchemy import create_engine  # noqa: PLC0415 it is rarely needed
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    from eventstore.storage.upgrade import run_migrations  # noqa: PLC0415

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(conninfo(place_of(url).url), options=_SETTINGS),
        poolclass=NullPool,
    )
    try:
        with engine.begin() as connection:
            # Of two that want to make it at once the second finds it made.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('vxfleet.prepare'))")
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS vxfleet")
            run_migrations(connection, "fleet", REVISIONS[-1])
    except DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()
