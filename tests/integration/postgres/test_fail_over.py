"""The primary dies under load, its standby takes over: nothing acknowledged is lost (G5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from eventstore.codec import Commit
from eventstore.storage.store import Store
from tests.support.postgres_load import Load, load_on, opened
from tests.support.postgres_pair import Pair, postgres_pair
from tests.support.postgres_server import DEADLINE_S
from tests.support.stores import note
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

THREADS = 4
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
LONG_WAITING = f"{WAITING} AND clock_timestamp() > xact_start + interval '1 s'"


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair() as one:
        yield one


def fail_over(pair: Pair, load: Load) -> float:
    """Kill the primary and promote the standby; return the seconds to the next append."""
    begun = time.monotonic()
    pair.primary.kill()
    pair.promote()
    load.more(1)
    return time.monotonic() - begun


def kept(store: Store) -> list[Commit]:
    return list(store.logs["node"].commits())


def test_what_was_acknowledged_outlives_the_primary_and_appends_go_on(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(pair.database()) as store, load_on(store, THREADS) as load:
        load.more(200)
        first = fail_over(pair, load)
        pair.seed()
        load.more(200)
        second = fail_over(pair, load)
        load.more(100)
        acknowledged = load.stop()
        assert kept(store) == acknowledged
    with capsys.disabled():
        print(f"\nfail-over: {first:.2f} s and {second:.2f} s to the next append")


def test_a_store_that_is_opened_after_the_fail_over_has_it_all(pair: Pair) -> None:
    url = pair.database()
    with opened(url) as store, load_on(store, THREADS) as load:
        load.more(100)
        pair.primary.kill()
        pair.promote()
        load.more(1)
        acknowledged = load.stop()
    with opened(url) as again:
        assert kept(again) == acknowledged


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with others"])
def test_what_the_standby_lacks_is_not_acknowledged_though_the_primary_stops_waiting(
    end: str, alone: bool, pair: Pair
) -> None:
    with opened(pair.database(), alone=alone) as store, ThreadPoolExecutor(1) as pool:
        first = store.append([note("first")])
        pair.standby.kill()
        appending = pool.submit(store.append, [note("second")])
        for _ in range(2):
            wait_until(lambda: appending.done() or pair.primary.sql(WAITING))
            pair.primary.sql(f"SELECT {end}(pid) FROM ({WAITING}) AS waiting")
        pair.primary.kill()
        pair.standby.start()
        pair.promote()
        second = appending.result(DEADLINE_S)
        third = store.append([note("third")])
        assert kept(store) == [*first, *second, *third]


def test_a_time_limit_on_statements_does_not_end_the_wait_for_the_standby(pair: Pair) -> None:
    url = pair.url(pair.primary.database_name(), options="-c statement_timeout=200ms")
    with opened(url) as store, ThreadPoolExecutor(1) as pool:
        first = store.append([note("first")])
        pair.standby.kill()
        appending = pool.submit(store.append, [note("second")])
        wait_until(lambda: appending.done() or pair.primary.sql(LONG_WAITING))
        pair.primary.kill()
        pair.standby.start()
        pair.promote()
        second = appending.result(DEADLINE_S)
        assert kept(store) == [*first, *second]
