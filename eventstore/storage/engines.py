"""Which engine has a store: a file is SQLite's, a URL PostgreSQL's.

The latter's driver is imported only where there is a URL: that takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventstore.errors import Rejected
from eventstore.storage.engine import ReadEngine, WriteEngine
from eventstore.storage.location import Database, Location, located
from eventstore.storage.postgres_errors import require_driver
from eventstore.storage.schema import REVISIONS
from eventstore.storage.sqlite import translated
from eventstore.storage.sqlite_engine import SqliteWriting

if TYPE_CHECKING:
    from eventstore.storage.postgres.listening import Listener


def write_engine(location: Location, *, alone: bool = False) -> WriteEngine:
    """Open a store to be written; `alone`: by nobody else meanwhile.

    Raises:
        Unavailable: the server refuses, or somebody else has it.
    """
    location = located(location)
    if isinstance(location, Database):
        require_driver()
        from eventstore.storage.postgres.writing import PostgresWriting  # noqa: PLC0415

        return PostgresWriting(location, alone=alone)
    return SqliteWriting(location)


@contextmanager
def database_engine(location: Database) -> Iterator[ReadEngine]:
    """Open a store on a server to be read.

    Raises:
        NotFound: there is none.
        UnknownFormat: another version of this program wrote it.
        Unavailable: the server refuses.
    """
    require_driver()
    from eventstore.storage.postgres import schema  # noqa: PLC0415
    from eventstore.storage.postgres.reading import PostgresReading  # noqa: PLC0415

    with translated(f"store {location}"):
        engine = PostgresReading(location)
        try:
            schema.check(location, engine.driver)
            yield engine
        finally:
            engine.close()


def listener(location: Database) -> Listener:
    """Return what hears that a store on a server has grown."""
    require_driver()
    from eventstore.storage.postgres.listening import Listener  # noqa: PLC0415

    return Listener(location)


def migrate(location: Location, role: str | None = None) -> str:
    """Make or migrate a store, and let a role of its server use it; return its revision.

    Raises:
        Rejected: a file knows no roles.
        UnknownFormat: a newer program wrote it.
        Unavailable: it is to be changed, and we may not.
    """
    location = located(location)
    if isinstance(location, Database):
        require_driver()
        from eventstore.storage.postgres import schema  # noqa: PLC0415

        with translated(f"store {location}"):
            schema.migrate_for(location, role)
        return REVISIONS[-1]
    if role is not None:
        raise Rejected(
            "V-5-1-9161",
            f"{location} is a file: no role of a server can be let use it",
            fix="leave out --grant, or name the URL of a database",
        )
    engine = SqliteWriting(location)
    try:
        with translated(f"store {location}"):
            engine.prepare()
    finally:
        engine.close()
    return REVISIONS[-1]
