"""What holds of the model whatever happens."""

from hypothesis import given, strategies as st

from eventstore.codec import decode_events, encode_events
from eventstore.errors import StoreError
from eventstore.model import commands as cmd, digest, events as ev
from eventstore.model.decide.table import decide
from eventstore.model.evolve import apply, evolve
from eventstore.model.objects import HEADER_RID, AnyRecord, Header, Key
from eventstore.model.state import State
from eventstore.present.listing import print_view
from eventstore.present.views import document_view
from tests.support.histories import COMMANDS, MOVES, Move, played
from tests.support.model import World, snapshot


def replayed(commits: list[tuple[ev.AnyEvent, ...]], onto: State | None = None) -> State:
    state = State() if onto is None else onto
    for events in commits:
        apply(state, events)
    return state


def decision(world: World, state: State, command: cmd.AnyCommand) -> object:
    try:
        return decide(state, command, world.moment())
    except StoreError as error:
        return error.to_map()


@given(MOVES, st.data())
def test_replay_may_stop_and_go_on_anywhere(moves: list[Move], data: st.DataObject) -> None:
    commits = played(moves).commits
    cut = data.draw(st.integers(0, len(commits)))
    halves = replayed(commits[cut:], onto=replayed(commits[:cut]))
    assert snapshot(halves) == snapshot(replayed(commits))


@given(MOVES)
def test_the_digest_kept_up_equals_the_one_from_scratch(moves: list[Move]) -> None:
    world = played(moves)
    assert world.digest == digest.of_state(world.state) == digest.of_state(replayed(world.commits))


@given(MOVES)
def test_the_digest_of_a_replay_equals_the_one_from_scratch(moves: list[Move]) -> None:
    state, running = State(), digest.Running()
    for events in played(moves).commits:
        running.update(apply(state, events))
        assert running.value == digest.of_state(state)


@given(MOVES, st.data())
def test_the_digests_of_many_commits_at_once_are_those_of_one_after_another(
    moves: list[Move], data: st.DataObject
) -> None:
    commits = played(moves).commits
    begin = data.draw(st.integers(0, len(commits)))
    state = replayed(commits[:begin])
    known = digest.of_state(state)
    done, expected = [], []
    for events in commits[begin:]:
        done.append(apply(state, events))
        expected.append(digest.of_state(state))
    assert digest.Running(known, whole=begin == 0).through(done) == expected


@given(MOVES)
def test_what_evolve_gives_back_undoes_it(moves: list[Move]) -> None:
    commits = played(moves).commits
    state, seen, done = State(), [], []
    for events in commits:
        seen.append(snapshot(state))
        done.append(apply(state, events))
    while done:
        state.restore(done.pop())
        assert snapshot(state) == seen.pop()


@given(MOVES, st.lists(st.tuples(COMMANDS, st.booleans()), max_size=10))
def test_what_was_undone_leaves_no_trace_in_a_decision(
    moves: list[Move], later: list[tuple[cmd.AnyCommand, bool]]
) -> None:
    world = played(moves)
    for command, kept in later:
        try:
            events = world.would(command)
        except StoreError:
            continue
        if kept:
            world.takes(*events)
        else:
            world.state.restore(apply(world.state, events))
    fresh = replayed(world.commits)
    assert document_view(world.state) == document_view(fresh)
    assert print_view(world.state, None) == print_view(fresh, None)
    for command, _kept in later:
        assert decision(world, world.state, command) == decision(world, fresh, command)


@given(MOVES)
def test_the_keys_that_change_are_those_that_the_event_tells(moves: list[Move]) -> None:
    state = State()
    for event in (event for events in played(moves).commits for event in events):
        changed = {
            key
            for key, before, after in evolve(state, event)
            if before != after and not _only_counts(key, before, after)
        }
        assert changed <= set(ev.touched(event))


def _only_counts(key: Key, before: AnyRecord | None, after: AnyRecord | None) -> bool:
    if key[1] != HEADER_RID or before is None or after is None:
        return False
    assert isinstance(before, Header)
    assert isinstance(after, Header)
    return document(before) == document(after)


def document(header: Header) -> dict[str, object]:
    fields = {name: getattr(header, name) for name in header.__struct_fields__}
    return {name: value for name, value in fields.items() if name != "next_rid"}


@given(MOVES)
def test_every_commit_reads_back_as_it_was(moves: list[Move]) -> None:
    for events in played(moves).commits:
        assert tuple(decode_events(encode_events(events))) == events


@given(MOVES)
def test_record_ids_are_never_given_twice(moves: list[Move]) -> None:
    new = (ev.DeviceAdded, ev.DiskAdded, ev.VolumeCreated, ev.PlexCreated, ev.SubdiskCreated)
    events = (event for events in played(moves).commits for event in events)
    given = [key for event in events if isinstance(event, new) for key in ev.touched(event)]
    assert len(given) == len(set(given))
