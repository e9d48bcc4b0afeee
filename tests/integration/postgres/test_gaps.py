"""Many writers, slow commits, and readers that go on from the last position they saw.

A position that is taken before its commit is visible can become visible behind a reader, which
then never sees it. Ours are given out under the row that says where a log ends, so they become
visible in their order. The same readers find it at once where positions come from a sequence.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from eventstore.codec import decode_header
from eventstore.storage.location import location_of
from eventstore.storage.offline import read_store
from tests.support.postgres_load import opened
from tests.support.postgres_server import Server
from tests.support.stores import note

pytestmark = pytest.mark.integration

WRITERS = 8
EACH = 40
SLOW_COMMITS = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(random() * 0.005); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow();
"""
"""A commit takes up to 5 ms after its last statement: what is deferred runs in COMMIT."""

Write = Callable[[str], None]
Writer = Callable[[], Iterator[Write]]
Read = Callable[[int], list[tuple[int, str]]]


def missed(writer: Writer, reader: Callable[[], Iterator[Read]]) -> set[str]:
    """Let writers write and readers follow; return what was written and that a reader missed."""
    done = threading.Event()

    def write(number: int) -> set[str]:
        own = random.Random(number)
        with contextmanager(writer)() as put:
            names = {f"{number}-{i}" for i in range(EACH)}
            for name in sorted(names, key=lambda _: own.random()):
                put(name)
        return names

    def follow() -> set[str]:
        seen: set[str] = set()
        with contextmanager(reader)() as read:
            at = 0
            while True:
                last_look = done.is_set()
                for position, name in read(at):
                    at = position
                    seen.add(name)
                if last_look:
                    return seen

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        followers = [pool.submit(follow) for _ in range(2)]
        try:
            written = set[str]().union(*pool.map(write, range(WRITERS)))
        finally:
            done.set()
        return set[str]().union(*(written - follower.result() for follower in followers))


def test_no_reader_misses_a_commit_of_many_writers(postgres: Server) -> None:
    name = postgres.database_name()
    url = postgres.url(name)
    opened(url).close()
    slow = "SET search_path = vxconfigd;" + SLOW_COMMITS.format(table="node_commits")
    postgres.sql(slow, database=name)

    def writer() -> Iterator[Write]:
        with opened(url, alone=False) as store:

            def put(tx: str) -> None:
                store.append([note(tx)])

            yield put

    def reader() -> Iterator[Read]:
        with read_store(location_of(url)) as logs:
            log = logs["node"]

            def read(after: int) -> list[tuple[int, str]]:
                return [
                    (commit.position, decode_header(commit.header).tx)
                    for commit in log.commits(after + 1)
                ]

            yield read

    assert missed(writer, reader) == set()


def test_readers_find_it_if_positions_come_from_a_sequence(postgres: Server) -> None:
    name = postgres.database_name()
    url = postgres.url(name)
    table = "CREATE TABLE planted (position bigserial PRIMARY KEY, tx text);"
    postgres.sql(table + SLOW_COMMITS.format(table="planted"), database=name)

    def writer() -> Iterator[Write]:
        with psycopg.connect(url, autocommit=True) as connection:

            def put(tx: str) -> None:
                connection.execute("INSERT INTO planted (tx) VALUES (%s)", [tx])

            yield put

    def reader() -> Iterator[Read]:
        query = "SELECT position, tx FROM planted WHERE position > %s ORDER BY position"
        with psycopg.connect(url, autocommit=True) as connection:
            yield lambda after: connection.execute(query, [after]).fetchall()

    assert missed(writer, reader)
