"""The past is what it was: at every position, by every way there is to ask, and by differences.

What a core answered while a position was its head is kept, and asked of the log afterwards:
replayed from its start, by whatever keyframes, offline, and as a question.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from eventstore.codec import decode_events
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.past.history import diff
from eventstore.past.replay import Replayer
from eventstore.present.differences import change_rows
from eventstore.present.standing import Log
from eventstore.source import Source, open_log
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.property.test_recovery import moved
from tests.property.test_sharing import MOVES as SHARED_MOVES, lived
from tests.support.core import stored
from tests.support.histories import MOVES, Move
from tests.support.keyframes import a_long_store, cut_at, look_over
from tests.support.model import snapshot
from tests.support.witness import (
    Witness,
    a_witness,
    a_witness_of,
    answers_at,
    counted,
    led_on,
    moved_on,
    shown,
)

TESTS = Path(__file__).parents[1]
LOGS = sorted(
    [*TESTS.glob("golden/*/log.db"), *TESTS.glob("sites/*.db"), *TESTS.glob("sites/*/log.db")]
)
SEEDS = st.integers(0, 2**32)
PAIRS = 6
KEYFRAMES_EVERY = 100


@contextmanager
def kept(core: Witness, log: str, seed: int) -> Iterator[tuple[LogReader, Source, random.Random]]:
    """What was witnessed, stored with keyframes at some positions of a log, opened offline."""
    choice = random.Random(seed)
    with tempfile.TemporaryDirectory() as where:
        path = stored(core, Path(where) / "log.db")
        with Store.open(path) as store:
            last = store.heads[log].position
            cut_at(store, {choice.randint(1, last) for _ in range(choice.randrange(4))}, log)
        with open_log(str(path)) as source:
            yield source.readers[log], source, choice


def by_replay(reader: LogReader) -> list[State]:
    """The state before the first commit, and after each: from the start, no keyframe used."""
    state, states = State(), [State()]
    for commit in reader.commits():
        apply(state, decode_events(commit.payload, commit.position))
        states.append(copy_of(state))
    return states


def copy_of(state: State) -> State:
    copied = State()
    for record in sorted(state.records(), key=lambda record: record.rid != 0):
        copied.put(record)
    return copied


def check_states(source: Source, reader: LogReader, choice: random.Random) -> list[State]:
    """Every position asked for in any order gives the state of a replay from the start."""
    states = by_replay(reader)
    order = list(range(len(states)))
    choice.shuffle(order)
    for position in order:
        found = source.replayers[reader.log].state_at(position)
        assert records(found) == records(states[position]), f"@{position}"
    return states


def records(state: State) -> dict[object, object]:
    return {(record.space, record.rid): record for record in state.records()}


def check_differences(replayer: Replayer, states: list[State], choice: random.Random) -> None:
    """Of two moments in any order, the difference leads from the one to the other."""
    for _ in range(PAIRS):
        a, b = (choice.randrange(len(states)) for _ in range(2))
        assert led_on(shown(states[a]), diff(replayer, a, b)) == shown(states[b]), f"@{a} @{b}"
        low, high = sorted((a, b))
        after, changes = replayer.changes(low, high)
        assert moved_on(records(states[low]), changes) == records(states[high]) == records(after)


def witnessed(moves: list[Move]) -> Witness:
    core = a_witness()
    moved(core, moves)
    return core


def hold_to_what_was(core: Witness, log: Log, seed: int) -> None:
    with kept(core, log, seed) as (reader, source, choice):
        states = check_states(source, reader, choice)
        for position, said in core.answers.items():
            assert answers_at(source, reader, position) == said, f"@{position}"
        live = core.node.shared if log == "shared" else core.node.own
        assert snapshot(states[-1]) == snapshot(live.state)
        check_differences(source.replayers[log], states, choice)


@given(MOVES, SEEDS)
@settings(max_examples=50)
def test_every_position_is_what_it_was_and_differences_lead_from_one_to_another(
    moves: list[Move], seed: int
) -> None:
    hold_to_what_was(witnessed(moves), "node", seed)


@given(SHARED_MOVES, SEEDS)
@settings(max_examples=50)
def test_every_position_of_a_shared_log_is_what_it_was(
    moves: list[tuple[str, object, object]], seed: int
) -> None:
    hold_to_what_was(a_witness_of(lived(moves)[0].commits), "shared", seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(MOVES, SEEDS)
@settings(max_examples=1000)
def test_a_thousand_histories_are_what_they_were(moves: list[Move], seed: int) -> None:
    hold_to_what_was(witnessed(moves), "node", seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@given(SHARED_MOVES, SEEDS)
@settings(max_examples=1000)
def test_a_thousand_shared_histories_are_what_they_were(
    moves: list[tuple[str, object, object]], seed: int
) -> None:
    hold_to_what_was(a_witness_of(lived(moves)[0].commits), "shared", seed)


@pytest.mark.parametrize("log", LOGS, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_log_of_a_release_or_a_site_is_what_it_was_by_every_way(
    log: Path, tmp_path: Path
) -> None:
    path, choice = tmp_path / "log.db", random.Random(1)
    path.write_bytes(log.read_bytes())
    with Store.open(path) as store:
        for reader in store.logs.values():
            cut_at(store, {max(1, reader.last() // 2), reader.last()}, reader.log)
    with open_log(str(path)) as source:
        for reader in source.readers.values():
            states = check_states(source, reader, choice)
            check_differences(source.replayers[reader.log], states, choice)
            for position in range(1, len(states)):
                said = answers_at(source, reader, position)
                assert said == answers_at_last(path, reader, position), f"@{position}"


def answers_at_last(path: Path, reader: LogReader, position: int) -> dict[str, bytes]:
    """What the log answers that nobody asked anything before."""
    with open_log(str(path)) as source:
        return answers_at(source, source.readers[reader.log], position)


@pytest.mark.parametrize("commits", [1000, 4000])
def test_a_difference_reads_what_lies_between_and_no_more_however_long_the_log(
    commits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_long_store(tmp_path / "log.db", commits) as store:
        look_over(store, commits_min=KEYFRAMES_EVERY)
        reader = store.logs["node"]
        for low, high in ((10, 15), (commits // 2, commits // 2 + 40), (commits - 5, commits)):
            nearest = reader.keyframes.nearest(low)
            start = 0 if nearest is None else nearest.position
            with counted(monkeypatch) as read:
                diff(Replayer(reader), low, high)
                assert read() <= (high - low) + (low - start) + 3


def test_a_difference_of_far_moments_reads_neither_what_lies_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_long_store(tmp_path / "log.db", 4000) as store:
        look_over(store, commits_min=KEYFRAMES_EVERY)
        with counted(monkeypatch) as read:
            found = diff(Replayer(store.logs["node"]), 100, 3990)
            assert read() < 4 * KEYFRAMES_EVERY
        assert len(found) > 10


def test_a_planted_state_of_another_moment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    state_at = Replayer.state_at
    monkeypatch.setattr(
        Replayer, "state_at", lambda replayer, at: state_at(replayer, 6 if at == 7 else at)
    )
    core = a_witness()
    with kept(core, "node", 1) as (reader, source, choice):
        with pytest.raises(AssertionError, match="@7"):
            check_states(source, reader, choice)
        assert answers_at(source, reader, 7) != core.answers[7]


def test_a_planted_gap_in_a_difference_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept(a_witness(), "node", 1) as (reader, source, choice):
        states = check_states(source, reader, choice)
        name = "eventstore.past.history.change_rows"
        monkeypatch.setattr(name, lambda *given: change_rows(*given)[:-1])
        with pytest.raises(AssertionError):
            check_differences(source.replayers["node"], states, choice)
