"""The store on PostgreSQL: against the bare driver, against locks, and against SQLite.

The server is started for it, flushes what it commits, and is asked over a Unix socket.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic

import psycopg

from eventstore.past.replay import replay
from eventstore.storage.location import Location, location_of
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.bench import peer, postgres
from tests.bench.appending import CALLERS, COMMITS, SHARED_COMMITS, Appender
from tests.bench.ground import LOG, Scale, entry, warm_store
from tests.bench.listener import CHANNEL
from tests.bench.measure import Goal, Row, Turns, percentile, rate
from tests.support.long_history import extend
from tests.support.postgres_server import Server

TOLD = 200
"""Commits, or notifications, whose hearing is measured in a round."""
_FIRST = 1_000_000
"""Behind the numbers of all commits that were appended before."""


def rows(directory: Path, scale: Scale) -> list[Row]:
    """Compare appends, following and replay."""
    if postgres.is_missing():
        return []
    with postgres.durable_server() as server:
        return [*_appends(server, scale), *_replays(server, directory, scale)]


def _appends(server: Server, scale: Scale) -> list[Row]:
    ours, theirs = server.database(), server.database()
    commits, shared = scale.count(COMMITS), max(CALLERS, scale.count(SHARED_COMMITS))
    raw = postgres.RawTable(theirs)
    locked = postgres.Locked(server, raw, theirs)
    with warm_store(location_of(ours)) as store:
        appender = Appender(store)

        def bare() -> float:
            made = raw.rows(commits)
            return rate(commits, lambda: raw.write(made))

        turns = Turns(
            store=lambda: appender.one(commits),
            raw=bare,
            many=lambda: appender.many(shared),
            locked=lambda: locked.rate(shared, CALLERS),
        )
        turns.run(scale.rounds)
        told = _told(store, ours, theirs, scale)
    raw.close()
    return [
        turns.row(
            "durable append on PostgreSQL, one commit a call",
            "store",
            "raw",
            unit="commits/s",
            goal=Goal(0.7),
            base_is="psycopg alone: the same rows, made beforehand, into such a table",
        ),
        turns.row(
            f"durable append on PostgreSQL, {CALLERS} callers",
            "many",
            "locked",
            unit="commits/s",
            goal=Goal(3),
            base_is="pgbench: as many connections, an advisory lock for each append",
        ),
        told,
    ]


def _told(store: Store, ours: str, theirs: str, scale: Scale) -> Row:
    """Compare what a follower lags behind an answer with what a notification takes."""
    numbers = count(_FIRST)
    with (
        postgres.listener("follower", ours) as follower,
        postgres.listener("bare", theirs) as bare,
        psycopg.connect(theirs, autocommit=True) as connection,
    ):

        def seen_us() -> float:
            waits = []
            for _ in range(scale.count(TOLD)):
                store.append([entry(next(numbers))])
                answered = monotonic()
                waits.append(float(postgres.heard(follower)) - answered)
            return 1e6 * percentile(waits, 0.5)

        def notified_us() -> float:
            waits = []
            for _ in range(scale.count(TOLD)):
                sent = monotonic()
                connection.execute(f"NOTIFY {CHANNEL}")
                waits.append(float(postgres.heard(bare)) - sent)
            return 1e6 * percentile(waits, 0.5)

        turns = Turns(seen=seen_us, notified=notified_us)
        turns.run(scale.rounds)
    return turns.row(
        "a follower on PostgreSQL has a commit, p50",
        "seen",
        "notified",
        unit="us",
        goal=Goal(2, at_most=True),
        base_is="a bare notification, from sending to hearing; ours: from the append's answer on",
    )


def _replays(server: Server, directory: Path, scale: Scale) -> list[Row]:
    """Compare a replay from the server with one from a file, and with the library's."""
    url, file = location_of(server.database()), directory / "replayed.db"
    for location in (url, file):
        with Store.open(location) as store:
            extend(store, scale.count(peer.COMMITS))
    with read_store(url) as far, read_store(file) as near:
        last = near[LOG].last()
        turns = Turns(
            postgres=lambda: rate(last, lambda: replay(far[LOG], last)),
            sqlite=lambda: rate(last, lambda: replay(near[LOG], last)),
        )
        turns.run(scale.rounds)
    row = turns.row(
        "replay from PostgreSQL",
        "postgres",
        "sqlite",
        unit="commits/s",
        goal=Goal(0.6),
        base_is="the same commits from SQLite",
    )
    return [row, *_against_the_library(server, url, scale)]


def _against_the_library(server: Server, url: Location, scale: Scale) -> list[Row]:
    if find_spec("psycopg_pool") is None:
        print("  no psycopg-pool here: a peer is left out (fix: make bench)", file=sys.stderr)
        return []
    one, other = (postgres.of_the_library(server.database()) for _ in range(2))
    return [
        *peer.replayed(url, one, "PostgreSQL", scale),
        *peer.appended(location_of(server.database()), other, "PostgreSQL", scale),
    ]
