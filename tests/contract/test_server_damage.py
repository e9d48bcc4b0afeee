"""Rows of a store on a server that are not what was written: told, with the first that is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st

from eventstore.errors import Damaged, StoreError
from eventstore.past.moments import position_of_tx
from eventstore.proofs.verify import Verdict, verify
from tests.contract.test_damage import BLOBS, COMMITS, LOGS, NUMBERS
from tests.support.postgres_server import Server
from tests.support.postgres_stores import PostgresEngine, database_of
from tests.support.stores import Maker, append_all

SAVED = ("node_commits", "node_index", "identity", "index_marks")
EXAMPLES = 25


@pytest.fixture(scope="module")
def engine(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> PostgresEngine:
    made = PostgresEngine(database_of(postgres), tmp_path_factory.mktemp("server"))
    with made.open() as store:
        for log in LOGS:
            append_all(store, Maker(log).entries(COMMITS if log == "node" else 1))
    with made.raw() as server:
        for table in SAVED:
            server.execute(f"CREATE TABLE saved_{table} AS TABLE {table}")
    return made


@contextmanager
def changed(engine: PostgresEngine, sql: str, *values: object) -> Iterator[Any]:
    """Change rows, and bring them back."""
    with engine.raw() as server:
        server.executescript(sql) if not values else server.execute(sql, values)
        try:
            yield server
        finally:
            for table in SAVED:
                server.execute(f"DELETE FROM {table}")
                server.execute(f"INSERT INTO {table} TABLE saved_{table}")


def verdict(engine: PostgresEngine, *, with_replay: bool = False) -> Verdict:
    with engine.reading() as readers:
        return verify(readers["node"], with_replay=with_replay)


def column(engine: PostgresEngine, position: int, name: str) -> Any:
    with engine.raw() as server:
        query = f"SELECT {name} FROM node_commits WHERE position = ?"
        return server.execute(query, (position,)).fetchone()[0]


def set_column(name: str) -> str:
    return f"UPDATE node_commits SET {name} = ? WHERE position = ?"


def test_a_store_that_was_not_changed_holds(engine: PostgresEngine) -> None:
    found = verdict(engine, with_replay=True)
    assert (found.ok, found.commits) == (True, COMMITS)


@settings(max_examples=EXAMPLES)
@given(
    position=st.integers(1, COMMITS),
    name=st.sampled_from(BLOBS),
    place=st.integers(0),
    with_replay=st.booleans(),
)
def test_one_bit_in_any_stored_column_is_found_at_its_commit(
    engine: PostgresEngine, position: int, name: str, place: int, with_replay: bool
) -> None:
    value = bytearray(column(engine, position, name))
    bit = place % (len(value) * 8)
    value[bit // 8] ^= 1 << bit % 8
    with changed(engine, set_column(name), bytes(value), position):
        found = verdict(engine, with_replay=with_replay)
    assert (found.first_bad, found.commits) == (position, position - 1)


@settings(max_examples=EXAMPLES)
@given(position=st.integers(1, COMMITS), name=st.sampled_from(NUMBERS), bit=st.integers(0, 62))
def test_one_bit_in_any_stored_number_is_found_at_its_commit(
    engine: PostgresEngine, position: int, name: str, bit: int
) -> None:
    value = column(engine, position, name) ^ (1 << bit)
    assume(name != "position" or value > COMMITS)
    with changed(engine, set_column(name), value, position):
        assert verdict(engine).first_bad == position


@pytest.mark.parametrize("position", [1, 17, COMMITS - 1])
def test_a_commit_that_is_gone_is_missed(engine: PostgresEngine, position: int) -> None:
    with changed(engine, f"DELETE FROM node_commits WHERE position = {position}"):
        assert verdict(engine).first_bad == position


def test_commits_that_are_gone_from_the_end_are_missed(engine: PostgresEngine) -> None:
    with (
        changed(engine, f"DELETE FROM node_commits WHERE position = {COMMITS}"),
        pytest.raises(Damaged) as raised,
    ):
        verdict(engine)
    assert raised.value.position == COMMITS


def test_two_commits_that_changed_places_are_found(engine: PostgresEngine) -> None:
    steps = ((7, 1000), (8, 7), (1000, 8))
    script = ";".join(
        f"UPDATE node_commits SET position = {new} WHERE position = {old}" for old, new in steps
    )
    with changed(engine, script):
        assert verdict(engine).first_bad == 7


def test_a_log_put_in_place_of_another_is_found_and_not_written_to(
    engine: PostgresEngine,
) -> None:
    with changed(engine, r"UPDATE identity SET lineage = '\x00'"):
        assert verdict(engine).first_bad == 1
        with pytest.raises(StoreError):
            engine.open()


def test_an_index_with_too_much_in_it_gives_no_wrong_answer(engine: PostgresEngine) -> None:
    more = (
        f"INSERT INTO node_index SELECT key, position % {COMMITS} + 1 FROM node_index "
        "ON CONFLICT DO NOTHING"
    )
    with changed(engine, more), engine.reading() as readers:
        found = [position_of_tx(readers["node"], f"tx-{i}") for i in range(1, COMMITS + 1)]
    assert found == list(range(1, COMMITS + 1))


def test_a_redacted_context_holds(engine: PostgresEngine) -> None:
    with changed(engine, "UPDATE node_commits SET context = NULL WHERE position = 5"):
        assert verdict(engine, with_replay=True).ok


def test_a_store_is_copied_into_a_schema_as_it_is(engine: PostgresEngine, tmp_path: Path) -> None:
    other = engine.copy(tmp_path / "copy")
    with engine.reading() as readers, other.reading() as others:
        assert list(readers["node"].commits()) == list(others["node"].commits())
