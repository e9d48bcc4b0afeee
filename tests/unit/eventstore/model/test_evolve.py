"""What events do to the state, and how it is undone."""

import pytest

from eventstore.codec import decode_events
from eventstore.model import events as ev
from eventstore.model.evolve import apply, evolve
from eventstore.model.objects import DiskGroup, Volume
from eventstore.model.state import State
from tests.support.histories import EVENTS, every_event
from tests.support.model import a_world, goes, make, remove, snapshot


def test_every_event_is_in_the_story_that_has_them_all() -> None:
    core = every_event()
    commits = [*core.commits("shared"), *core.commits()]
    told = {type(event) for commit in commits for event in decode_events(commit.payload)}
    assert told == set(EVENTS)


def test_every_event_of_the_story_can_be_undone() -> None:
    state = State()
    for commit in every_event().commits():
        before, events = snapshot(state), decode_events(commit.payload)
        state.restore(apply(state, events))
        assert snapshot(state) == before
        apply(state, events)


def test_a_new_record_moves_the_counter_of_its_space() -> None:
    world = a_world(160).does(make("vol", 8))
    (group,) = world.state.groups()
    assert group.next_rid == 5
    assert world.state.next_rid(group.space) == 5


def test_the_counter_does_not_go_back_when_records_go() -> None:
    world = a_world(160).does(make("vol", 8), remove("vol"), make("vol", 8))
    assert world.one(Volume, "vol").rid == 5


def test_a_group_that_ends_takes_its_space_with_it_and_brings_it_back() -> None:
    state = State()
    created = ev.DiskGroupCreated("1.1.n", "dg", 1000)
    apply(state, [created])
    changes = apply(state, [ev.DiskGroupDestroyed("1.1.n")])
    assert "1.1.n" not in state.spaces
    state.restore(changes)
    assert state.group("dg") == DiskGroup("1.1.n", 0, name="dg", base_minor=1000)
    assert state.group("1.1.n") == state.group("dg")


def test_changes_tell_what_was_before_and_what_is_after() -> None:
    world = a_world(160).does(make("vol", 8))
    volume = world.one(Volume, "vol")
    ((key, before, after),) = evolve(
        world.state, ev.VolumeResized(volume.space, volume.rid, length=9)
    )
    assert (key, before) == ((volume.space, volume.rid), volume)
    assert isinstance(after, Volume)
    assert after.length == 9


@pytest.mark.parametrize(
    "event",
    [
        ev.IntervalUnknown("down", 1, 2),
        ev.RequestRejected("id", "volume.make", "V-5-1-1", "no"),
        ev.NoticeIgnored("sdz", ev.Notice("remove")),
    ],
)
def test_what_is_only_told_changes_nothing(event: ev.AnyEvent) -> None:
    world = a_world(160)
    before = snapshot(world.state)
    assert evolve(world.state, event) == ()
    assert ev.touched(event) == ()
    assert snapshot(world.state) == before


def test_the_order_of_the_records_rests_on_what_was_undone_and_nothing_else_does() -> None:
    world, fresh = a_world(160, 160), a_world(160, 160)
    world.state.restore(apply(world.state, world.would(make("vol", 8))))
    world.state.restore(apply(world.state, [ev.DiskRemoved(world.state.groups()[0].space, 1)]))
    space = world.state.groups()[0].space
    assert list(world.state.spaces[space].records) != list(fresh.state.spaces[space].records)
    assert world.would(make("vol", 200)) == fresh.would(make("vol", 200))
    assert world.observes(goes("sd1")) == fresh.observes(goes("sd1"))
