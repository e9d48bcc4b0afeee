"""Bringing a store to the revision that this program writes.

alembic takes a third of a second to import, so it is asked only when there is something to do.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Connection

from eventstore.errors import Damaged, UnknownFormat
from eventstore.storage.schema import READABLE, REVISIONS
from eventstore.storage.sqlite import appender_engine


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a store, or None for an empty file."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    if not names:
        return None
    if "alembic_version" not in names:
        raise Damaged("not a store of this program", cause="it has no revision")
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def check_revision(revision: str | None) -> None:
    """Refuse what cannot be read as it is.

    Raises:
        UnknownFormat: a newer program wrote the store, or an older one and nobody migrated it yet.
    """
    if revision in READABLE:
        return
    if revision in REVISIONS:
        raise UnknownFormat(
            "V-5-1-2830",
            f"the store has revision {revision}, this program reads {REVISIONS[-1]}",
            cause="an older version of this program wrote it",
            fix="start the daemon on it: it migrates the store, and keeps a backup beside it",
        )
    raise newer(revision)


def prepare(connection: Connection, path: Path) -> Path | None:
    """Create or migrate a store; return the backup that was made of an older one.

    Raises:
        UnknownFormat: a newer program wrote it.
    """
    revision = revision_of(connection)
    if revision == REVISIONS[-1]:
        return None
    if revision is not None and revision not in REVISIONS:
        raise newer(revision)
    backup = None if revision is None else _back_up(connection, path, revision)
    # All or nothing: the driver begins no transaction by itself, and a store that was left between
    # two revisions could be brought to neither.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        run_migrations(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return backup


def newer(revision: str | None) -> UnknownFormat:
    """Return the error for a store of a later version of this program."""
    return UnknownFormat(
        "V-5-1-2830",
        f"the store has revision {revision}, which this program does not know",
        cause=f"a newer version of this program wrote it; this one knows up to {REVISIONS[-1]}",
        fix="run the version that wrote it, or a later one",
        rule="B5",
    )


def _back_up(connection: Connection, path: Path, revision: str) -> Path:
    """Copy the store as it is, with its WAL folded in, beside itself."""
    backup = path.with_name(f"{path.name}.before-{revision}-to-{REVISIONS[-1]}")
    engine = appender_engine(backup)
    with engine.connect() as target:
        source = connection.connection.driver_connection
        source.backup(target.connection.driver_connection)  # type: ignore[union-attr]
    engine.dispose()
    return backup


def run_migrations(
    connection: Connection, scripts: str = "", revision: str = REVISIONS[-1]
) -> None:
    """Bring a database to a revision, in a transaction that runs; `scripts` are below migrations.

    Without them it is a store that is brought to what this program writes.
    """
    from alembic import command  # noqa: PLC0415 see the module's description
    from alembic.config import Config  # noqa: PLC0415

    package = find_spec("migrations")
    assert package is not None
    assert package.origin is not None
    config = Config()
    config.set_main_option("script_location", str(Path(package.origin).parent / scripts))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
