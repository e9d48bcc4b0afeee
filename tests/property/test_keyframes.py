"""From any keyframe the log leads to the states that it leads to from its start (I10)."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st

from daemon.shell.recovery import recover
from eventstore.past.history import diff, show
from eventstore.past.replay import Replayer, replay
from eventstore.storage import keyframes
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.property.test_recovery import everything, moved
from tests.support.core import Core, a_core, stored
from tests.support.histories import MOVES, Move
from tests.support.keyframes import cut_at, cut_positions, look_over
from tests.support.model import snapshot

PLACES = st.lists(st.integers(0, 1000), max_size=6)
COMMITS = st.integers(1, 20)


@contextmanager
def a_store_of(moves: list[Move]) -> Iterator[tuple[Core, Store]]:
    core = a_core(160, 160)
    moved(core, moves)
    with (
        tempfile.TemporaryDirectory() as where,
        Store.open(stored(core, Path(where) / "log.db")) as store,
    ):
        yield core, store


@given(MOVES, PLACES, PLACES)
@settings(max_examples=25)
def test_the_state_by_any_keyframe_is_the_state_by_replay_from_the_start(
    moves: list[Move], places: list[int], asked: list[int]
) -> None:
    with a_store_of(moves) as (core, store):
        reader, last = store.logs["node"], core.position
        cut_at(store, {place % last + 1 for place in places})
        replayer = Replayer(reader)
        for position in (place % (last + 1) for place in asked):
            found = snapshot(replayer.state_at(position))
            assert found == snapshot(replay(reader, position))


@given(MOVES, PLACES, PLACES)
@settings(max_examples=15)
def test_no_answer_depends_on_the_keyframes_there_are(
    moves: list[Move], places: list[int], asked: list[int]
) -> None:
    with a_store_of(moves) as (core, store):
        reader, last = store.logs["node"], core.position

        def answers() -> list[object]:
            replayer = Replayer(reader)
            positions = [place % last + 1 for place in asked]
            pairs = zip(positions, reversed(positions), strict=True)
            return [diff(replayer, *pair) for pair in pairs] + [
                show(replayer, position) for position in positions
            ]

        before = answers()
        cut_at(store, {place % last + 1 for place in places})
        assert answers() == before
        store.keep(delete_all)
        assert answers() == before


def delete_all(driver: Any) -> None:
    for table in ("keyframes", "keyframe_slices"):
        driver.execute(f"DELETE FROM {table}")


@given(MOVES, PLACES)
@settings(max_examples=15)
def test_recovery_by_any_keyframe_gives_the_core_that_was(
    moves: list[Move], places: list[int]
) -> None:
    with a_store_of(moves) as (core, store):
        cut_at(store, {place % core.position + 1 for place in places})
        cut_at(store, {1}, "shared")
        store.close()
        again, node = recover(store.path)
        with again:
            assert everything(node) == everything(core.node)


@given(MOVES, COMMITS)
@settings(max_examples=15)
def test_the_survey_finds_nothing_wrong_whatever_happened_and_however_often_it_cuts(
    moves: list[Move], commits_min: int
) -> None:
    with a_store_of(moves) as (core, store):
        first = look_over(store, commits_min=commits_min)
        positions = cut_positions(first)
        steps = [b - a for a, b in zip([0, *positions], positions, strict=False)]
        assert all(step >= commits_min for step in steps)
        (done,) = look_over(store, commits_min=commits_min)
        assert done == first[-1]
        with read_store(store.path) as logs:
            frames = logs["node"].keyframes.all()
            assert [frame.position for frame in frames] == positions
            assert all(frame.position <= core.position for frame in frames)


@given(MOVES)
@settings(max_examples=25)
def test_a_state_that_was_encoded_is_decoded_with_its_indexes(moves: list[Move]) -> None:
    core = a_core(160, 160)
    moved(core, moves)
    again = keyframes.decode(keyframes.encode(core.state))
    assert snapshot(again) == snapshot(core.state)
    assert (again.counts, again.troubled) == (core.state.counts, core.state.troubled)
