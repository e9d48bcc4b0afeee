"""What a store on a server promises besides: who may write it, and what a lost answer was."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from threading import Barrier
from typing import Any

import pytest

from eventstore import tailing
from eventstore.codec import Draft, decode_header, seal
from eventstore.errors import AppendFailed, Conflict, Damaged, NotFound, StoreError, Unavailable
from eventstore.past.resuming import Place
from eventstore.storage.engines import migrate
from eventstore.storage.location import Database
from eventstore.storage.offline import read_store
from eventstore.storage.sqlite import translated
from eventstore.storage.store import Store
from eventstore.tailing import Asked, Follower
from tests.support.postgres_server import Server, postgres_server
from tests.support.postgres_stores import PostgresEngine, database_of
from tests.support.stores import Maker, again, append_all, note, stored

WRITERS = 8


@pytest.fixture
def engine(postgres: Server, tmp_path: Path) -> PostgresEngine:
    return PostgresEngine(database_of(postgres), tmp_path)


@pytest.fixture
def store(engine: PostgresEngine) -> Iterator[Store]:
    with engine.open() as opened:
        yield opened


def end_connections(postgres: Server, store: Store) -> None:
    """End the connection that writes a store, as a server that is restarted does."""
    engine: Any = store.engine
    postgres.sql("SELECT pg_terminate_backend(%s)", engine.session.pid)


def sealed(store: Store, tx: str) -> Any:
    draft = note(tx).item
    assert isinstance(draft, Draft)
    return seal(store.heads["node"], draft, 1)


# Who may write.


def test_a_store_that_somebody_has_alone_is_refused_by_name(
    engine: PostgresEngine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.storage.postgres.writing._HELD_S", 0.0)
    for alone in (True, False):
        with pytest.raises(Unavailable, match="in use") as raised:
            Store.open(engine.location, alone=alone)
        assert "vxconfigd at" in str(raised.value.cause)
    assert store.append([note("a")])[0].position == 1


def test_writers_that_share_a_store_leave_no_hole_and_lose_nothing(engine: PostgresEngine) -> None:
    engine.open(alone=False).close()
    begin = Barrier(WRITERS)

    def write(writer: int) -> list[int]:
        with Store.open(engine.location) as store:
            begin.wait(20)
            return [store.append([note(f"{writer}-{i}")])[0].position for i in range(12)]

    with ThreadPoolExecutor(WRITERS) as pool:
        given = [position for one in pool.map(write, range(WRITERS)) for position in one]
    assert sorted(given) == list(range(1, WRITERS * 12 + 1))
    with engine.reading() as readers:
        commits = list(readers["node"].commits())
        txs = {decode_header(commit.header).tx for commit in commits}
        assert txs == {f"{writer}-{i}" for writer in range(WRITERS) for i in range(12)}
        assert readers["node"].positions("tx/3-7") != []


def test_a_draft_is_placed_anew_behind_what_another_writer_appended(
    engine: PostgresEngine,
) -> None:
    with engine.open(alone=False) as one, Store.open(engine.location) as other:
        one.append([note("a")])
        assert other.append([note("b")])[0].position == 2
        assert one.append([note("c"), note("d")])[-1].position == 4
        assert [one.positions("node", f"tx/{tx}") for tx in "abcd"] == [[1], [2], [3], [4]]
        assert [commit.position for commit in other.logs["node"].commits()] == [1, 2, 3, 4]


def test_a_commit_where_another_writer_appended_is_a_conflict(engine: PostgresEngine) -> None:
    with engine.open(alone=False) as one, Store.open(engine.location) as other:
        late = sealed(one, "late")
        other.append([note("first")])
        with pytest.raises(Conflict, match="@1"):
            one.append([again(late)])
        with pytest.raises(Conflict, match="@1"):
            one.extend("node", [late], None, flush=True)
        assert one.append([note("more")])[0].position == 2


def test_a_store_that_was_taken_over_refuses_who_had_it(
    engine: PostgresEngine, store: Store
) -> None:
    with engine.raw() as server:
        server.execute("UPDATE heads SET epoch = epoch + 1")
    with pytest.raises(AppendFailed, match="another daemon"):
        store.append([note("late")])
    with engine.reading() as readers:
        assert readers["node"].last() == 0


def test_a_hard_state_of_who_was_taken_over_is_not_written(
    engine: PostgresEngine, store: Store
) -> None:
    with engine.raw() as server:
        server.execute("UPDATE heads SET epoch = epoch + 1")
    with pytest.raises(AppendFailed, match="another daemon"):
        store.append([], new_hard_state=b"late")
    assert store.hard_state() is None


# What a lost answer was.


class Cut:
    """Loses the connection at a moment of a transaction; the server has the rest, or has not."""

    def __init__(self, postgres: Server, store: Store, when: str) -> None:
        engine: Any = store.engine
        self.writing = engine._writing
        self.execute = self.writing.execute
        self.postgres, self.when, self.store = postgres, when, store
        self.writing.execute = self

    def __call__(self, sql: str, parameters: Any = ()) -> Any:
        if sql != "COMMIT":
            return self.execute(sql, parameters)
        self.writing.execute = self.execute
        if self.when == "after":
            self.execute("COMMIT")
            self.execute("SELECT 1").fetchone()
        if self.when == "unsent":
            self.writing.connection.close()
        else:
            end_connections(self.postgres, self.store)
        return self.execute("COMMIT")


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_append_whose_answer_was_lost_is_there_once(
    postgres: Server, store: Store, when: str
) -> None:
    before = append_all(store, Maker().entries(3))
    Cut(postgres, store, when)
    commits = store.append([note("lost")], new_hard_state=b"hard")
    assert [commit.position for commit in commits] == [4]
    assert list(store.logs["node"].commits()) == before + commits
    assert store.hard_state() == b"hard"
    assert store.append([note("next")])[0].position == 5


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_write_without_a_commit_whose_answer_was_lost_is_done_once(
    postgres: Server, store: Store, when: str
) -> None:
    done: list[int] = []

    def work(driver: Any) -> None:
        done.append(1)
        driver.execute("INSERT INTO hard_state VALUES (7, ?)", (b"once",))

    Cut(postgres, store, when)
    store.keep(work)
    assert len(done) == (2 if when == "before" else 1)
    assert store._driver.execute("SELECT count(*) FROM hard_state").fetchone() == (1,)


def test_a_connection_that_ended_in_between_harms_nobody(postgres: Server, store: Store) -> None:
    store.append([note("a")])
    end_connections(postgres, store)
    assert store.append([note("b")])[0].position == 2
    engine: Any = store.engine
    postgres.sql("SELECT pg_terminate_backend(%s)", engine._reading.connection.info.backend_pid)
    assert store.logs["node"].last() == 2


def test_a_connection_that_ended_in_a_snapshot_is_replaced_by_the_next_read(
    postgres: Server, store: Store
) -> None:
    """A reader that found it gone in the middle of something is answered when it asks again."""
    engine: Any = store.engine
    append_all(store, Maker().entries(3))
    reading = engine._reading.connection

    def interrupted() -> None:
        with translated("store"), engine.snapshot():
            postgres.sql("SELECT pg_terminate_backend(%s)", reading.info.backend_pid)
            store.logs["node"].last()

    with pytest.raises(StoreError):
        interrupted()
    assert store.logs["node"].last() == 3


def test_a_server_that_was_killed_is_waited_for_and_has_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    with postgres_server() as server:
        engine = PostgresEngine(server.database(), tmp_path)
        with engine.open() as store, ThreadPoolExecutor(1) as pool:
            commits = append_all(store, Maker().entries(50), piece=1)
            waits: Any = store.engine
            waits.patience_s = waits._reading._patience_s = 60.0
            server.kill()
            waiting = pool.submit(store.append, [note("meanwhile")])
            server.start()
            commits += waiting.result(60)
            assert list(store.logs["node"].commits()) == commits
        with engine.open() as store:
            assert store.heads["node"].position == 51


def test_a_database_that_was_brought_back_to_an_earlier_time_is_told(
    postgres: Server, engine: PostgresEngine, store: Store
) -> None:
    commits = append_all(store, Maker().entries(5))
    with engine.raw() as server:
        server.execute("DELETE FROM node_commits WHERE position > 3")
        server.execute("UPDATE heads SET position = 3, hash = ? WHERE log = 'node'",
                       (commits[2].hash,))  # fmt: skip
    end_connections(postgres, store)
    with pytest.raises(Damaged, match="has not what it acknowledged") as raised:
        store.append([note("on")])
    assert raised.value.position == 4
    with pytest.raises(StoreError):
        store.append([note("and on")])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("DELETE FROM node_commits WHERE position > 3", "the commit is gone"),
        ("UPDATE node_commits SET hash = '' WHERE position = 5", "another commit"),
        ("DELETE FROM heads WHERE log = 'node'", "is lost"),
    ],
)
def test_a_store_that_does_not_end_where_its_head_says_is_not_opened(
    engine: PostgresEngine, change: str, what: str
) -> None:
    with engine.open() as store:
        append_all(store, Maker().entries(5))
    with engine.raw() as server:
        server.execute(change)
    with pytest.raises(Damaged) as raised:
        engine.open()
    assert what in str(raised.value.cause)


# Roles and places.


def test_a_role_that_may_not_make_tables_writes_what_its_owner_made(
    postgres: Server, engine: PostgresEngine
) -> None:
    url, schema = engine.url, engine.location.schema
    role = f"writer_{schema}"
    postgres.sql(f"CREATE ROLE {role} LOGIN")
    location = Database(url.replace("//postgres@", f"//{role}@"), schema)
    with pytest.raises(Unavailable, match="has to be made"):
        Store.open(location)
    migrate(engine.location, role)
    engine.open().close()
    with Store.open(location, alone=True) as store:
        assert append_all(store, Maker().entries(300))[-1].position == 300
    with read_store(location) as readers:
        assert readers["node"].last() == 300


def test_a_schema_that_is_not_there_is_not_found(engine: PostgresEngine) -> None:
    with pytest.raises(NotFound, match="no such log"), engine.reading():
        pass


def test_a_schema_of_another_program_is_refused(engine: PostgresEngine) -> None:
    with engine.raw() as server:
        server.execute(f"CREATE SCHEMA {engine.location.schema}")
        server.execute("CREATE TABLE songs (title text)")
    with pytest.raises(Damaged, match="not a store"):
        engine.open()
    with pytest.raises(Damaged, match="not a store"), engine.reading():
        pass


def test_stores_in_schemas_of_one_database_know_nothing_of_each_other(
    engine: PostgresEngine, tmp_path: Path
) -> None:
    other = PostgresEngine(engine.url, tmp_path / "other")
    with ExitStack() as stack:
        one, two = (stack.enter_context(each.open()) for each in (engine, other))
        one.append([note("one")])
        assert two.append([note("two")])[0].position == 1
    with engine.reading() as readers, other.reading() as others:
        assert stored(readers)["node"] != stored(others)["node"]


def test_a_follower_hears_of_an_append_and_does_not_wait_for_its_next_look(
    engine: PostgresEngine, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "POLL_SERVER_S", 60.0)
    store.append([Maker("shared").entry(), Maker().entry()])
    told: SimpleQueue[Any] = SimpleQueue()
    places = (Place("node/node1", 1),)
    with Follower(str(engine.location), Asked(places)) as follower, ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: [*map(told.put, follower)])
        for number in range(2, 5):
            store.append([note(str(number))])
            assert told.get(timeout=30).position == number
        follower.close()
        done.result(30)


def test_a_follower_finds_by_itself_what_it_did_not_hear(
    engine: PostgresEngine, store: Store
) -> None:
    store.append([Maker("shared").entry(), Maker().entry()])
    asked = Asked((Place("node/node1", 1),), timeout_s=30)
    with Follower(str(engine.location), asked) as follower:
        deaf: Any = follower._tail
        deaf._listener.wait = lambda closed, _seconds: closed.wait(0.01)
        store.append([note("unheard")])
        commit = next(iter(follower))
        assert getattr(commit, "position", None) == 2
