"""A network that is cut between a store and its server: the kernel's timers tell, and it heals.

Nothing tells: packets vanish. What bounds the wait is what our URLs have for keepalives and for
data that is not acknowledged.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eventstore.storage.store import Store
from tests.support.networks import SERVER_ADDRESS, Cable, cable, needs_networks
from tests.support.postgres_load import load_on, opened
from tests.support.postgres_server import DEADLINE_S, Server
from tests.support.stores import note
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, needs_networks]


@pytest.fixture
def joined() -> Iterator[Cable]:
    with cable() as one:
        yield one


@pytest.fixture
def url(joined: Cable) -> Iterator[str]:
    server = Server(settings={"listen_addresses": "*"})
    try:
        server.admit("host all all all trust")
        with joined.on_server():
            server.start()
        yield server.url(server.database_name(), host=SERVER_ADDRESS)
    finally:
        server.close()


def connection_of(store: Store) -> Any:
    engine: Any = store.engine
    return engine._writing.connection


@pytest.mark.long
def test_an_append_during_a_cut_is_done_once_when_the_network_is_back(
    joined: Cable, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with joined.on_client(), opened(url) as store, ThreadPoolExecutor(1) as pool:
        before = store.append([note("before")])
        joined.cut()
        begun = time.monotonic()
        old = connection_of(store)
        appending = pool.submit(store.append, [note("during")])
        wait_until(lambda: old.closed)
        noticed = time.monotonic() - begun
        joined.mend()
        during = appending.result(DEADLINE_S)
        assert list(store.logs["node"].commits()) == [*before, *during]
    with capsys.disabled():
        print(f"\ncut: noticed after {noticed:.1f} s, back after {time.monotonic() - begun:.1f} s")


@pytest.mark.long
def test_what_many_append_around_a_cut_is_there_once(joined: Cable, url: str) -> None:
    with joined.on_client(), opened(url) as store, load_on(store) as load:
        load.more(50)
        joined.cut()
        old = connection_of(store)
        wait_until(lambda: old.closed)
        joined.mend()
        load.more(50)
        acknowledged = load.stop()
        assert list(store.logs["node"].commits()) == acknowledged


@pytest.mark.long
def test_a_reader_gets_its_answer_when_the_network_is_back(joined: Cable, url: str) -> None:
    with joined.on_client(), opened(url) as store, ThreadPoolExecutor(1) as pool:
        before = store.append([note("before")])
        engine: Any = store.engine
        old = engine._reading.connection
        joined.cut()
        reading = pool.submit(lambda: list(store.logs["node"].commits()))
        wait_until(lambda: old.closed)
        joined.mend()
        assert reading.result(DEADLINE_S) == before
