"""Stores for tests in a schema of a PostgreSQL database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from eventstore.storage.archive import directory_of
from eventstore.storage.location import Database
from eventstore.storage.offline import read_store
from eventstore.storage.postgres.connection import PostgresDriver, connect
from eventstore.storage.queue import QUEUE_MAX
from eventstore.storage.store import Store
from tests.support.postgres_server import Server
from tests.support.stores import NODE, Readers

_SCHEMAS = count(1)


class Raw(PostgresDriver):
    """A plain connection that takes a script as well, as that of SQLite does."""

    def executescript(self, script: str) -> None:
        for statement in script.split(";"):
            self.execute(statement)


class PostgresEngine:
    """A store in a schema of its own; `url` names the database."""

    name = "postgresql"

    def __init__(self, url: str, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.url = url
        self.location: Database = Database(url, f"s{next(_SCHEMAS)}", directory / "log.db")
        self.path = directory / "log.db"
        """Where its file would be; beside it is what is archived."""
        self.is_new = True

    def open(self, queue_max: int = QUEUE_MAX, *, alone: bool = True) -> Store:
        store = Store.open(self.location, queue_max=queue_max, alone=alone)
        if self.is_new:
            store.create_log("shared", "lab")
            store.create_log("node", NODE)
            self.is_new = False
        return store

    @contextmanager
    def serving(self) -> Iterator[Store]:
        with self.open() as store:
            yield store

    def reading(self) -> AbstractContextManager[Readers]:
        return read_store(self.location)

    def copy(self, directory: Path) -> PostgresEngine:
        other = PostgresEngine(self.url, directory)
        old, new = self.location.schema, other.location.schema
        with self.raw() as driver:
            driver.execute(f"CREATE SCHEMA {new}")
            query = "SELECT tablename FROM pg_tables WHERE schemaname = ?"
            tables = [name for (name,) in driver.execute(query, (old,)).fetchall()]
            driver.execute("BEGIN IMMEDIATE")
            driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for name in tables:
                driver.execute(f"CREATE TABLE {new}.{name} (LIKE {old}.{name} INCLUDING ALL)")
                driver.execute(f"INSERT INTO {new}.{name} SELECT * FROM {old}.{name}")
            driver.execute("COMMIT")
        other.is_new = False
        if directory_of(self.path).exists():
            shutil.copytree(directory_of(self.path), directory_of(other.path))
        return other

    @contextmanager
    def raw(self) -> Iterator[Any]:
        driver = Raw(lambda: connect(self.location))
        try:
            yield driver
        finally:
            driver.close()


def database_of(server: Server) -> str:
    """The one database of a server that stores share, a schema each."""
    found: str | None = getattr(server, "stores", None)
    if found is None:
        found = server.database()
        server.stores = found  # type: ignore[attr-defined]
    return found
