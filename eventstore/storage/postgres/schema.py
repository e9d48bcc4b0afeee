"""Making the schema of a store on a server, and bringing it to the revision that we write.

The role that a daemon has at run time need not own the schema, nor be allowed to change it: then
the owner does this once (`vx store migrate`), and grants the daemon the use of it.
"""

from __future__ import annotations

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from eventstore.errors import Damaged, NotFound, Unavailable
from eventstore.storage.engine import Driver
from eventstore.storage.location import Database
from eventstore.storage.postgres.connection import PostgresDriver, connect, quoted
from eventstore.storage.postgres_errors import MAY_NOT, refusal_of
from eventstore.storage.schema import REVISIONS
from eventstore.storage.upgrade import check_revision, newer, run_migrations

_USES = "SELECT, INSERT, UPDATE, DELETE"
_MIGRATING = 7_867_225_911
"""The number of the lock that whoever changes a schema holds, one at a time in a database."""


def revision_of(location: Database, driver: Driver) -> str | None:
    """Return the revision of a store; None where there is none yet.

    Raises:
        Damaged: the schema has tables, and they are another program's.
    """
    table = f"{quoted(location.schema)}.alembic_version"
    if driver.execute("SELECT to_regclass(?)", (table,)).fetchone()[0] is None:
        others = driver.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = ?", (location.schema,)
        ).fetchone()[0]
        if others:
            raise Damaged(
                f"schema {location.schema} is not a store of this program",
                cause="it has tables, and no revision",
            )
        return None
    row = driver.execute(f"SELECT version_num FROM {table}").fetchone()  # noqa: S608 ours
    return None if row is None else str(row[0])


def check(location: Database, driver: Driver) -> None:
    """Refuse what cannot be read as it is.

    Raises:
        NotFound: there is no store.
        UnknownFormat: another version of this program wrote it.
    """
    revision = revision_of(location, driver)
    if revision is None:
        raise NotFound(
            "V-5-1-7840",
            f"{location}: no such log",
            fix="name the schema of a node: schema=NAME; "
            "or a cluster of an archive: --cluster NAME",
        )
    check_revision(revision)


def prepare(location: Database, driver: Driver) -> None:
    """Create or migrate a store.

    Raises:
        UnknownFormat: a newer program wrote it.
        Unavailable: it is to be changed, and the role may not do that.
    """
    revision = revision_of(location, driver)
    if revision == REVISIONS[-1]:
        return
    if revision is not None and revision not in REVISIONS:
        raise newer(revision)
    try:
        migrate(location)
    except DBAPIError as error:
        if refusal_of(error).id != MAY_NOT:
            raise
        raise may_not(location, revision, error.orig or error) from error


def migrate(location: Database) -> None:
    """Bring a store to the revision that we write, all or nothing."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(location, plain=True), poolclass=NullPool
    )
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.autocommit = False
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
        schema = quoted(location.schema)
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        run_migrations(connection)
        connection.commit()


def migrate_for(location: Database, role: str | None) -> None:
    """Make or migrate a store, and let a role use it that need not be its owner.

    Raises:
        UnknownFormat: a newer program wrote it.
        Unavailable: it is to be changed, and we may not.
    """
    driver = PostgresDriver(lambda: connect(location))
    try:
        prepare(location, driver)
        if role is not None:
            schema, name = quoted(location.schema), quoted(role)
            driver.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
            driver.execute(f"GRANT {_USES} ON ALL TABLES IN SCHEMA {schema} TO {name}")
    finally:
        driver.close()


def may_not(location: Database, revision: str | None, error: BaseException) -> Unavailable:
    """Return the error for a schema that the role may not change."""
    what = "made" if revision is None else f"brought from revision {revision} to {REVISIONS[-1]}"
    return Unavailable(
        "V-5-1-9152",
        f"store {location} has to be {what}, and could not be",
        cause=str(error).strip(),
        fix="as its owner: 'vx store migrate URL'; then grant the daemon's role the use of it",
    )
