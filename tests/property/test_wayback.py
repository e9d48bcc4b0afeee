"""The way back, over generated histories: what was can be again, or what cannot is named."""

import os

import pytest
from hypothesis import example, given, settings, strategies as st

from eventstore.errors import StoreError
from eventstore.model import commands as cmd
from eventstore.model.decide.wayback import steps_of_commands
from eventstore.model.evolve import apply
from eventstore.model.objects import AnyRecord, Device, Disk, DiskGroup, Key
from eventstore.model.state import State
from eventstore.model.wayback_commands import Step
from eventstore.present.differences import change_rows
from eventstore.present.views import fields
from tests.property.test_all_commands import BUILDERS
from tests.support.histories import MOVES, NOTIFICATIONS, Move, moved, played
from tests.support.model import World

SHORT = int(os.environ.get("HISTORIES", "50"))
LONG = 1000

RICH: st.SearchStrategy[list[Move]] = st.lists(
    st.one_of(
        st.one_of(*(one for kind, one in BUILDERS.items() if kind is not cmd.AddNode)),
        st.builds(cmd.MakeVolume, st.just("g"), st.sampled_from("uvw"), st.integers(1, 40)),
        NOTIFICATIONS,
    ),
    max_size=25,
)
LAST: st.SearchStrategy[list[Move]] = st.lists(st.one_of(*BUILDERS.values()), max_size=12)
"""The first of these that is possible is undone."""


def configured(state: State) -> dict[Key, object]:
    """What people can see of what commands made: no facts, no counters."""
    found: dict[Key, object] = {}
    for record in state.records():
        if record.space and not isinstance(record, Device):
            found[record.space, record.rid] = _seen(record)
    return found


def _seen(record: AnyRecord) -> object:
    row = fields(record)
    facts: tuple[str, ...] = ()
    facts = ("state", "device_name") if isinstance(record, Disk) and record.device else facts
    facts = ("activations",) if isinstance(record, DiskGroup) else facts
    return {name: value for name, value in row.items() if name not in facts}


def states(world: World) -> list[State]:
    """The state after each commit, each its own."""
    found = []
    for end in range(len(world.commits) + 1):
        state = State()
        for events in world.commits[:end]:
            apply(state, events)
        found.append(state)
    return found


def steps_between(now: State, then: State) -> tuple[Step, ...]:
    keys = {(record.space, record.rid) for state in (now, then) for record in state.records()}
    changes = [(key, then.get(key), now.get(key)) for key in sorted(keys)]
    return steps_of_commands(changes)


def back(world: World, steps: tuple[Step, ...], how: str = "restore") -> str:
    """Take steps; what was refused names its objects."""
    refused: StoreError | None = None
    try:
        world.does(cmd.RestoreRecords("node", how, ("@1",), steps))  # type: ignore[arg-type]
    except StoreError as error:
        refused = error
    if refused is None:
        return "done"
    assert refused.id in ("V-5-1-9240", "V-5-1-9241")
    assert refused.id == "V-5-1-9241" or ": " in (refused.cause or "")
    return refused.id


def a_restore_gives_the_state_of_then_or_names_what_it_cannot(
    moves: list[Move], data: st.DataObject
) -> None:
    world = played(moves)
    past = states(world)
    then = past[data.draw(st.integers(4, len(past) - 1))]
    before = configured(world.state)
    outcome = back(world, steps_between(world.state, then))
    if outcome == "done":
        assert configured(world.state) == configured(then)
    elif outcome == "V-5-1-9240":
        assert configured(world.state) == before
    else:
        assert configured(then) == before


def undo_then_redo_is_the_identity(moves: list[Move], last: list[Move]) -> None:
    world = played(moves)
    before = configured(world.state)
    if not any(moved(world, move) for move in last):
        return
    after = configured(world.state)
    first = states(world)
    if back(world, steps_between(first[-1], first[-2]), "undo") != "done":
        return
    assert configured(world.state) == before
    second = states(world)
    assert back(world, steps_between(second[-1], second[-2]), "redo") == "done"
    assert configured(world.state) == after


@settings(max_examples=SHORT)
@given(RICH, st.data())
def test_a_restore_gives_the_state_of_then_or_names_what_it_cannot(
    moves: list[Move], data: st.DataObject
) -> None:
    a_restore_gives_the_state_of_then_or_names_what_it_cannot(moves, data)


@settings(max_examples=SHORT)
@given(RICH, LAST)
@example([cmd.MaintainVolumes("g", ("u",))], [cmd.StartVolumes("g", ())])
def test_undo_then_redo_is_the_identity(moves: list[Move], last: list[Move]) -> None:
    undo_then_redo_is_the_identity(moves, last)


@pytest.mark.long
@settings(max_examples=LONG)
@given(RICH, st.data())
def test_a_restore_holds_for_a_thousand_histories(moves: list[Move], data: st.DataObject) -> None:
    a_restore_gives_the_state_of_then_or_names_what_it_cannot(moves, data)


@pytest.mark.long
@settings(max_examples=LONG)
@given(RICH, LAST)
def test_undo_and_redo_hold_for_a_thousand_histories(moves: list[Move], last: list[Move]) -> None:
    undo_then_redo_is_the_identity(moves, last)


@settings(max_examples=SHORT)
@given(MOVES, st.data())
def test_a_diff_applied_to_its_first_state_gives_the_second(
    moves: list[Move], data: st.DataObject
) -> None:
    past = states(played(moves))
    first, second = (data.draw(st.integers(0, len(past) - 1)) for _ in range(2))
    a, b = past[first], past[second]
    keys = {(record.space, record.rid) for state in (a, b) for record in state.records()}
    changes = [(key, a.get(key), b.get(key)) for key in sorted(keys)]
    rows = change_rows(b, [change for change in changes if change[1] != change[2]])
    seen = {f"{key[0]}#{key[1]}": fields(a.get(key)) for key in keys if a.get(key)}  # type: ignore[arg-type]
    wanted = {f"{key[0]}#{key[1]}": fields(b.get(key)) for key in keys if b.get(key)}  # type: ignore[arg-type]
    for row in rows:
        if row["op"] == "-":
            del seen[row["rid"]]
        else:
            new = {name: pair[1] for name, pair in row["fields"].items()}
            base = seen.get(row["rid"], {"type": row["type"], "rid": row["rid"]})
            seen[row["rid"]] = {**base, **new}
    assert {r: _present(row) for r, row in seen.items()} == {
        r: _present(row) for r, row in wanted.items()
    }


def _present(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}
