"""The way back, over the logs of releases and sites: from their heads to each of their moments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from eventstore.errors import Rejected, StoreError
from eventstore.model.commands import RestoreRecords
from eventstore.model.decide.wayback import restore as decided, steps_of_commands
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.model.wayback_commands import Step
from eventstore.past.replay import Replayer
from eventstore.past.wayback import restore
from eventstore.source import open_log
from tests.property.test_history import LOGS, TESTS, copy_of
from tests.property.test_wayback import configured, steps_between

DONE, NAMED, AS_IT_WAS = "done", "V-5-1-9240", "V-5-1-9241"


def taken(state: State, steps: Iterable[Step], how: str = "restore") -> StoreError | None:
    """Take steps on a state; None, or why they are refused and it is as it was."""
    command = RestoreRecords("node", how, ("@1",), tuple(steps))  # type: ignore[arg-type]
    try:
        apply(state, decided(state, command))
    except StoreError as error:
        return error
    return None


def brought_back(replayer: Replayer, position: int) -> str:
    """Restore a moment, and hold that it is there, or that each object is named; then undo it."""
    head = replayer.reader.last()
    then, before = copy_of(replayer.state_at(position)), copy_of(replayer.state_at(head))
    now = copy_of(before)
    try:
        steps = restore(replayer, position, None).steps
    except Rejected as nothing:
        return nothing.id if configured(then) == configured(before) else f"{nothing.id}, wrongly"
    refused = taken(now, steps)
    if refused is not None:
        assert configured(now) == configured(before)
        assert ": " in (refused.cause or "")
        return refused.id
    assert configured(now) == configured(then), f"@{position}"
    return f"{DONE}, {undone(copy_of(now), before, now)}"


def undone(state: State, before: State, after: State) -> str:
    """Undo a restore and do it again, unless a disk that it took out has gone meanwhile."""
    refused = taken(state, steps_between(state, before), "undo")
    if refused is not None:
        return f"undo {refused.id}"
    assert configured(state) == configured(before)
    assert taken(state, steps_between(state, after), "redo") is None
    assert configured(state) == configured(after)
    return "undone, redone"


def outcomes_of(log: Path, where: Path) -> Counter[str]:
    """What became of every moment of both its logs; on a copy."""
    path = where / "log.db"
    path.write_bytes(log.read_bytes())
    with open_log(str(path)) as source:
        return Counter(
            brought_back(replayer, position)
            for replayer in source.replayers.values()
            for position in range(1, replayer.reader.last())
        )


@pytest.mark.parametrize("log", LOGS, ids=lambda path: str(path.relative_to(TESTS)))
def test_every_moment_of_a_log_of_a_release_or_a_site_is_brought_back_or_it_is_named_why_not(
    log: Path, tmp_path: Path
) -> None:
    outcomes = outcomes_of(log, tmp_path)
    usual = f"{DONE}, undone, redone"
    assert outcomes[usual] > 0
    assert set(outcomes) <= {usual, f"{DONE}, undo {NAMED}", NAMED, AS_IT_WAS}


def test_a_planted_step_too_few_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "eventstore.past.wayback.steps_of_commands"
    monkeypatch.setattr(name, lambda changes: steps_of_commands(changes)[:-1])
    with pytest.raises(AssertionError):
        outcomes_of(LOGS[0], tmp_path)
