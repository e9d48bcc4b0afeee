"""From a stored log to the state after any of its commits."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from eventstore.codec import ZERO_HASH, Head, encode_events
from eventstore.errors import Damaged, NotFound, UnknownFormat
from eventstore.model import events as ev
from eventstore.past.history import diff
from eventstore.past.replay import Replayer, replay
from eventstore.present.views import document_view
from eventstore.storage.reader import LogReader
from tests.support.core import LINEAGES
from tests.support.model import snapshot
from tests.support.past import Past, log_of, sealed

POSITIONS = st.integers(0, 31)
FRESH = Head(LINEAGES["node"], 0, ZERO_HASH, 0)


def reader(past: Past) -> LogReader:
    return past.source.readers["node"]


@pytest.mark.parametrize("position", range(32))
def test_the_state_at_a_position_is_what_it_was_when_it_was_current(
    past: Past, position: int
) -> None:
    # A step that a jump of the clock precedes makes two commits; no state was current between.
    if position in past.core.documents:
        state = replay(reader(past), position)
        assert document_view(state) == past.core.documents[position]


def test_the_story_ends_where_these_tests_think(past: Past) -> None:
    assert reader(past).last() == past.core.position == 31
    assert len(past.core.documents) >= 31


@given(st.tuples(POSITIONS, POSITIONS).map(sorted))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replay_onto_an_earlier_state_goes_on_from_it(past: Past, cut: list[int]) -> None:
    low, high = cut
    halves = replay(reader(past), high, onto=replay(reader(past), low), low=low + 1)
    assert snapshot(halves) == snapshot(replay(reader(past), high))


@given(st.lists(POSITIONS, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_replayer_gives_the_same_states_in_any_order(past: Past, asked: list[int]) -> None:
    replayer = Replayer(reader(past))
    for position in asked:
        found = snapshot(replayer.state_at(position))
        assert found == snapshot(replay(reader(past), position))
        diff(replayer, position, 31 - position)


@pytest.mark.parametrize("position", [32, -1])
def test_there_is_no_state_beyond_the_log(past: Past, position: int) -> None:
    with pytest.raises(NotFound):
        Replayer(reader(past)).state_at(position)


MISFITS: list[ev.AnyEvent] = [
    ev.DeviceRemoved(7, ev.Notice("remove")),
    ev.VolumeRemoved("no-group", 3),
    ev.VolumeResized("", 0, length=8),
    ev.SubdiskResized("", 1, length=8),
    ev.DiskGroupDestroyed("no-group"),
    ev.VolumeCreated("no-group", 1, name="v", length=8),
]


@pytest.mark.parametrize("event", MISFITS)
def test_an_event_that_does_not_fit_is_damage_at_its_position(
    tmp_path: Path, event: ev.AnyEvent
) -> None:
    added = ev.DeviceAdded(1, "sda", "x", 8, ev.Notice("add"))
    first = sealed(FRESH, encode_events([ev.NodeCreated("node1", "c1"), added]), b"")
    second = sealed(Head(FRESH.lineage, 1, first.hash, 1), encode_events([event]), b"")
    with log_of(tmp_path, [first, second]) as source:
        with pytest.raises(Damaged, match="does not fit") as caught:
            replay(source.readers["node"], 2)
        assert caught.value.position == 2


def test_an_event_of_a_newer_model_is_refused_by_its_name(tmp_path: Path) -> None:
    payload = encode_events([ev.NodeCreated("node1", "c1")]).replace(b"created/1", b"created/2")
    named = pytest.raises(UnknownFormat, match=r"@1 holds an event node-created/2")
    with log_of(tmp_path, [sealed(FRESH, payload, b"")]) as source, named:
        replay(source.readers["node"], 1)


def test_a_question_that_met_damage_leaves_no_half_state_to_the_next(tmp_path: Path) -> None:
    made, named = ev.NodeCreated("node1", "c1"), ev.DiskGroupCreated("1.1.n", "dg", 1000)
    first = sealed(FRESH, encode_events([made]), b"")
    events = encode_events([named, ev.DiskGroupDestroyed("no-group")])
    second = sealed(Head(FRESH.lineage, 1, first.hash, 1), events, b"")
    with log_of(tmp_path, [first, second]) as source:
        replayer = Replayer(source.readers["node"])
        clean = snapshot(replayer.state_at(1))
        with pytest.raises(Damaged):
            replayer.state_at(2)
        assert snapshot(replayer.state_at(1)) == clean
        with pytest.raises(Damaged):
            diff(replayer, 1, 2)
        assert snapshot(replayer.state_at(1)) == clean
