"""A PostgreSQL server to measure on, and what its driver and its clients do there by themselves.

The bare driver is psycopg with a prepared statement, one commit a call. Many writers with a lock
for each append, as stores of events on PostgreSQL have it, are `pgbench`'s, which is written in C.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from eventstore.storage.location import location_of
from eventstore.storage.store import Store
from tests.bench.ground import LOG, WARM, Rows
from tests.support.postgres_server import SUPERUSER, Server, binaries, postgres_server, run

_SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "30min"}
_LIKE = f"CREATE TABLE {{}} (LIKE vxconfigd.{LOG}_commits INCLUDING ALL)"
_APPEND = """
CREATE FUNCTION append() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE place bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1);
    SELECT coalesce(max(position), 0) + 1 INTO place FROM locked;
    INSERT INTO locked SELECT place, header, context, payload, hash, digest, term, applied_us,
        side_check FROM one;
    RETURN place;
END $$
"""
_THREADS = 2


def is_missing() -> bool:
    """Whether there is no server here; says so."""
    if binaries() is None:
        print("  no PostgreSQL here: left out (fix: apt-get install postgresql)", file=sys.stderr)
        return True
    return False


@contextmanager
def durable_server() -> Iterator[Server]:
    """Run a server whose commits are flushed."""
    with postgres_server(durable=True, settings=_SETTINGS) as server:
        yield server


class RawTable(Rows):
    """The same table in a database, written by the driver alone."""

    def __init__(self, url: str) -> None:
        super().__init__()
        Store.open(location_of(url)).close()
        self.connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self.connection.execute(_LIKE.format("raw"))
        self._insert = f"INSERT INTO raw VALUES ({','.join(['%b'] * 9)})"
        self.write(self.rows(WARM))

    def write(self, rows: list[tuple[object, ...]]) -> None:
        """Write each row in a transaction of its own."""
        execute, insert = self.connection.cursor(binary=True).execute, self._insert
        for row in rows:
            execute(insert, row)

    def close(self) -> None:
        self.connection.close()


class Locked:
    """A table that each append locks for itself."""

    def __init__(self, server: Server, raw: RawTable, url: str) -> None:
        raw.connection.execute(_LIKE.format("locked"))
        raw.connection.execute("CREATE TABLE one AS SELECT * FROM raw LIMIT 1")
        raw.connection.execute(_APPEND)
        self._url = url
        self._script = server.ground.directory / "append.sql"
        self._script.write_text("SELECT append();\n")
        self._script.chmod(0o644)

    def rate(self, commits: int, callers: int) -> float:
        """Append from so many connections, and return the appends in a second."""
        each = str(max(1, commits // callers))
        said = run(
            *("pgbench", "--no-vacuum", "--protocol=prepared", f"--file={self._script}"),
            *(f"--client={callers}", f"--jobs={_THREADS}", f"--transactions={each}", self._url),
        )
        found = re.search(r"tps = ([\d.]+)", said)
        assert found is not None, said
        return float(found[1])


def of_the_library(url: str) -> dict[str, str]:
    """Return what the `eventsourcing` library is told to keep its events in a database."""
    parts = urlsplit(url)
    where = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.removeprefix("/"),
        "POSTGRES_HOST": where["host"],
        "POSTGRES_PORT": where["port"],
        "POSTGRES_USER": SUPERUSER,
        "POSTGRES_PASSWORD": "",
    }


@contextmanager
def listener(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run who listens, in a process of its own, until this ends."""
    words = [sys.executable, "-m", "tests.bench.listener", *command]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert heard(one) == "ready"
        yield one
        one.kill()


def heard(one: subprocess.Popen[str]) -> Any:
    """Return the next line of a process."""
    assert one.stdout is not None
    return one.stdout.readline().strip()
