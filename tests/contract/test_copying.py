"""A store copied to another place: bit for bit, to go on with, and never over something else."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from eventstore.errors import Conflict, Damaged, NotFound, Unavailable
from eventstore.proofs.verify import verify
from eventstore.storage import copying
from eventstore.storage.copying import check_finished, check_still, copy_store
from eventstore.storage.keeping import redact
from eventstore.storage.store import Store
from tests.support.archives import COMMITS, HEAD, archived, long_store
from tests.support.keyframes import good_positions
from tests.support.postgres_server import Server
from tests.support.postgres_stores import PostgresEngine, database_of
from tests.support.stores import Engine, Maker, SqliteEngine, append_all, stored

KINDS = ("postgresql", "sqlite")


def made(kind: str, postgres: Server, directory: Path) -> Engine:
    if kind == "sqlite":
        return SqliteEngine(directory)
    return PostgresEngine(database_of(postgres), directory)


Two = tuple[Engine, Engine]


@pytest.fixture(params=list(product(KINDS, KINDS)), ids="-to-".join)
def two(request: pytest.FixtureRequest, postgres: Server, tmp_path: Path) -> Two:
    source, target = request.param
    return made(source, postgres, tmp_path / "a"), made(target, postgres, tmp_path / "b")


def fill(engine: Engine, count: int = 50) -> None:
    with engine.open() as store:
        append_all(store, [*Maker().entries(count), *Maker("shared").entries(7)])
        store.append([], new_hard_state=b"promise")


def hard_state(engine: Engine) -> bytes | None:
    with Store.open(engine.location) as store:
        return store.hard_state()


def test_a_copy_has_all_bit_for_bit_and_goes_on(two: Two) -> None:
    source, target = two
    fill(source)
    copied = copy_store(source.location, target.location)
    assert [(one.log, one.position, one.begin) for one in copied] == [
        ("shared", 7, 1),
        ("node/node1", 50, 1),
    ]
    with source.reading() as was, target.reading() as now:
        assert stored(was) == stored(now)
        assert all(verify(reader, with_replay=True).ok for reader in now.values())
    assert hard_state(target) == b"promise"
    with Store.open(target.location) as store:
        check_finished(store)
        assert store.positions("node", "tx/tx-5") == [5]


def test_a_copy_that_was_not_let_to_its_end_goes_on_where_it_was(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = two
    fill(source, 50)
    monkeypatch.setattr(copying, "PIECE", 10)

    def told(done: int, _total: int) -> None:
        if done >= 27:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(source.location, target.location, told)
    with Store.open(target.location) as store:
        assert store.hard_state() is None
        with pytest.raises(Unavailable, match="not whole"):
            check_finished(store)
    begins = {one.log: one.begin for one in copy_store(source.location, target.location)}
    assert begins == {"shared": 8, "node/node1": 21}
    with source.reading() as was, target.reading() as now:
        assert stored(was) == stored(now)
    assert hard_state(target) == b"promise"


def test_a_copy_is_brought_up_to_date(two: Two) -> None:
    source, target = two
    fill(source)
    copy_store(source.location, target.location)
    with Store.open(source.location) as store:
        store.append([Maker("shared").entry()], new_hard_state=b"newer")
        redact(store, "node", 9)
    begins = {one.log: one.begin for one in copy_store(source.location, target.location)}
    assert begins == {"shared": 8, "node/node1": 51}
    with source.reading() as was, target.reading() as now:
        assert now["node"].commit(9).context is None
        assert stored(was) == stored(now)
    assert hard_state(target) == b"newer"


def test_what_is_no_beginning_of_the_source_is_left_alone(two: Two) -> None:
    source, target = two
    fill(source)
    fill(target, 3)
    with target.reading() as readers:
        before = stored(readers)
    with pytest.raises(Conflict, match="no beginning"):
        copy_store(source.location, target.location)
    with target.reading() as readers:
        assert stored(readers) == before


def test_what_goes_further_than_the_source_is_left_alone(two: Two) -> None:
    source, target = two
    fill(source)
    copy_store(source.location, target.location)
    with Store.open(target.location) as store:
        store.append([Maker("shared").entry()])
    with pytest.raises(Conflict) as raised:
        copy_store(source.location, target.location)
    assert "@8" in str(raised.value.cause)


def test_a_copy_has_what_was_archived_and_the_keyframes(two: Two) -> None:
    source, target = two
    with source.open() as store:
        before = long_store(store)
        archived(store, 300)
        archived(store, COMMITS)
    copy_store(source.location, target.location)
    with target.reading() as readers:
        assert list(readers["node"].commits()) == before
        assert readers["node"].archive.all() == []
        assert good_positions(readers["node"]) == [900]
        assert readers["node"].last() == HEAD


def test_a_source_that_does_not_hold_is_not_copied(two: Two) -> None:
    source, target = two
    fill(source)
    with source.raw() as connection:
        query = "SELECT hash FROM node_commits WHERE position = 20"
        other = bytes(connection.execute(query).fetchone()[0])
        connection.execute("UPDATE node_commits SET hash = ? WHERE position = 30", (other,))
    with pytest.raises(Damaged) as raised:
        copy_store(source.location, target.location)
    assert raised.value.position == 30


def test_a_copy_that_was_changed_where_it_is_is_told(two: Two) -> None:
    source, target = two
    fill(source)
    copy_store(source.location, target.location)
    with target.raw() as connection:
        connection.execute("UPDATE node_commits SET applied_us = 1, side_check = 1, term = 1"
                           " WHERE position = 30")  # fmt: skip
    with pytest.raises(Damaged) as raised:
        copy_store(source.location, target.location)
    assert raised.value.position == 30


def test_a_store_that_a_daemon_has_is_not_moved(two: Two) -> None:
    source, target = two
    fill(source)
    with source.serving(), pytest.raises(Unavailable, match="a daemon runs"):
        check_still(source.location, target.location)
    check_still(source.location, target.location)


def test_a_store_that_is_not_there_is_not_copied(two: Two) -> None:
    source, target = two
    with pytest.raises(NotFound):
        copy_store(source.location, target.location)
