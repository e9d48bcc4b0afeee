"""A COMMIT whose answer is lost: the server is asked what became of it, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eventstore.storage.store import Store
from tests.support.postgres_load import LOADED, load_on, opened
from tests.support.postgres_server import Server
from tests.support.postgres_wire import Wire, wire_to
from tests.support.stores import note

pytestmark = pytest.mark.integration

LOST = ["lose_request", "lose_half", "lose_answer"]


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    with wire_to(postgres) as way:
        yield way


@pytest.fixture(params=[True, False], ids=["alone", "with others"])
def store(request: pytest.FixtureRequest, wire: Wire, postgres: Server) -> Iterator[Store]:
    with opened(wire.url(postgres.database_name()), alone=request.param) as one:
        yield one


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("many", [1, 3])
def test_an_append_is_there_once_whether_its_request_or_its_answer_was_lost(
    lost: str, many: int, wire: Wire, store: Store
) -> None:
    first = store.append([note("first")])
    setattr(wire, lost, b"lost-0")
    appended = store.append([note(f"lost-{i}") for i in range(many)])
    assert wire.lost.is_set()
    after = store.append([note("after")])
    assert list(store.logs["node"].commits()) == [*first, *appended, *after]


@pytest.mark.parametrize("lost", LOST)
def test_what_many_append_meanwhile_is_there_once(lost: str, wire: Wire, store: Store) -> None:
    with load_on(store) as load:
        for _ in range(5):
            load.more(20)
            wire.lost.clear()
            setattr(wire, lost, LOADED.encode())
            assert wire.lost.wait(20)
        acknowledged = load.stop()
    assert list(store.logs["node"].commits()) == acknowledged


@pytest.mark.parametrize("lost", LOST)
def test_a_cache_beside_the_logs_is_written_once_too(
    lost: str, wire: Wire, store: Store, postgres: Server
) -> None:
    del postgres
    counted: list[int] = []

    def work(driver: object) -> None:
        counted.append(1)
        driver.execute("DELETE FROM hard_state")  # type: ignore[attr-defined]
        driver.execute("INSERT INTO hard_state VALUES (1, ?)", (b"x",))  # type: ignore[attr-defined]

    setattr(wire, lost, b"DELETE FROM hard_state")
    store.keep(work)
    assert len(counted) == (1 if lost == "lose_answer" else 2)
    assert store.hard_state() == b"x"


def test_a_wire_that_breaks_between_appends_is_not_noticed(wire: Wire, store: Store) -> None:
    appended = store.append([note("before")])
    wire.break_all()
    appended += store.append([note("after")])
    assert list(store.logs["node"].commits()) == appended
