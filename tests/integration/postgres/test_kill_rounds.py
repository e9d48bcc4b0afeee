"""SIGKILL of the server and of who appends, under load: what was acknowledged is not lost.

`KILL_ROUNDS` says how many rounds, `KILL_SEED` repeats a run's choices (the moments are the
machine's). In a round one of the two is killed, or both are; the server is started again, and who
appends goes on by itself, or another process takes the store over.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from threading import Event

import pytest

from eventstore.codec import Commit
from eventstore.proofs.verify import verify
from eventstore.storage.location import location_of
from eventstore.storage.offline import read_store
from tests.support.postgres_appender import Appender
from tests.support.postgres_load import opened
from tests.support.postgres_server import Server, postgres_server
from tests.support.stores import note

pytestmark = pytest.mark.integration

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
LOAD_S = (0.0, 0.2)
SERVER, APPENDER, BOTH = "server", "appender", "both"


@pytest.fixture
def server() -> Iterator[Server]:
    with postgres_server(durable=True) as one:
        yield one


def stored(url: str) -> list[Commit]:
    """What the log holds, checked."""
    with read_store(location_of(url)) as logs:
        verdict = verify(logs["node"], with_replay=False)
        assert verdict.ok, verdict
        return list(logs["node"].commits())


def check(acknowledged: set[tuple[int, str]], url: str) -> int:
    """Hold what was acknowledged against the log; return where that ends."""
    commits = stored(url)
    assert [commit.position for commit in commits] == list(range(1, len(commits) + 1))
    assert acknowledged <= {(commit.position, commit.hash.hex()) for commit in commits}
    return len(commits)


def test_what_was_acknowledged_and_is_not_there_is_noticed(postgres: Server) -> None:
    url = postgres.database()
    with opened(url) as store:
        (commit,) = store.append([note("kept")])
    check({(1, commit.hash.hex())}, url)
    for lost in [(1, "another"), (2, commit.hash.hex())]:
        with pytest.raises(AssertionError):
            check({lost}, url)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_kill_of_the_server_or_of_who_appends_loses_anything(server: Server) -> None:
    seed = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().getrandbits(32)
    choice, began = random.Random(seed), time.monotonic()
    print(f"KILL_SEED={seed} KILL_ROUNDS={ROUNDS}")
    url = server.database()
    acknowledged: set[tuple[int, str]] = set()
    appender = Appender(url, "r0")
    try:
        for number in range(1, ROUNDS + 1):
            appender.more()
            Event().wait(choice.uniform(*LOAD_S))
            victim = choice.choice([SERVER, SERVER, APPENDER, BOTH])
            if victim != APPENDER:
                server.kill()
            if victim != SERVER:
                appender.kill()
            if victim != APPENDER:
                server.start()
            acknowledged |= appender.acknowledged
            if victim != SERVER:
                appender = Appender(url, f"r{number}")
            check(acknowledged, url)
    finally:
        appender.kill()
    acknowledged |= appender.acknowledged
    last = check(acknowledged, url)
    print(
        f"{ROUNDS} kills, {len(acknowledged)} acknowledged, 0 lost; {last} commits, "
        f"{time.monotonic() - began:.0f} s"
    )
