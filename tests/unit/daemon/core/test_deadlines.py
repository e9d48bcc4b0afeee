"""Private changes that wait to be confirmed; the shared ones are in the scenarios of D14."""

import pytest

from daemon.core.ready import Tick
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.wayback import waiting
from tests.support.core import Core, a_core, the_answer
from tests.support.histories import for_a_time
from tests.support.model import grow, make


def waits_for(seconds: int = 60) -> Core:
    core = a_core(400)
    core.asks(for_a_time(make("u", 10), "r", seconds), "r")
    return core


def names(core: Core) -> list[str]:
    (group,) = core.state.groups()
    return [volume.name for volume in core.state.volumes(group)]


def ticks(core: Core, seconds: float) -> None:
    core.waits(seconds)
    core.steps(Tick())


def test_a_change_is_undone_once_its_time_is_over() -> None:
    core = waits_for(60)
    ticks(core, 59)
    assert names(core) == ["u"]
    ticks(core, 2)
    assert names(core) == []
    assert [type(event) for event in core.events()] == [ev.RecordsRestored, ev.ChangeUndone]


def test_a_change_that_is_confirmed_stays() -> None:
    core = waits_for(60)
    core.asks(cmd.ConfirmChange("r"))
    ticks(core, 120)
    assert (names(core), waiting(core.state)) == (["u"], [])


def test_it_is_confirmed_once() -> None:
    core = waits_for(60)
    core.asks(cmd.ConfirmChange("r"))
    assert the_answer(core.asks(cmd.ConfirmChange("r")))["error"]["id"] == "V-5-1-9247"


def test_a_daemon_that_starts_after_the_time_undoes_it() -> None:
    core = waits_for(60)
    core.waits(600)
    core.begins()
    assert names(core) == []


def test_the_node_wakes_for_it() -> None:
    core = waits_for(3)
    core.waits(0.001)
    ready = core.steps(Tick())
    assert ready.wake_at_ms is not None
    assert core.monotonic_ms < ready.wake_at_ms <= core.monotonic_ms + 3_000


def test_a_clock_that_is_set_back_makes_it_wait_and_one_that_is_set_forward_does_not() -> None:
    core = waits_for(60)
    core.clock_jumps(-30)
    ticks(core, 61)
    assert names(core) == ["u"]
    core.clock_jumps(100)
    ticks(core, 1)
    assert names(core) == []


def test_what_later_changes_rest_on_is_not_undone_but_kept_open_with_the_reason() -> None:
    core = waits_for(60)
    core.asks(grow("u", 5))
    ticks(core, 61)
    (event,) = core.events()
    assert isinstance(event, ev.UndoFailed)
    assert "dg/u: it was changed since" in event.reason
    position = core.position
    ticks(core, 600)
    assert (names(core), core.position) == (["u"], position)
    assert [one.failed for one in waiting(core.state)] == [event.reason]
    core.asks(cmd.ConfirmChange("r"))
    assert waiting(core.state) == []


def test_it_can_be_undone_at_once() -> None:
    core = waits_for(60)
    core.asks(cmd.TakeBack("r"))
    assert names(core) == []


@pytest.mark.parametrize("command", [cmd.DisableDaemon(), cmd.ScanDevices()])
def test_what_cannot_be_undone_cannot_be_made_for_a_time(command: cmd.AnyCommand) -> None:
    core = a_core(400)
    answer = the_answer(core.asks(for_a_time(command, "r", 60)))
    assert answer["error"]["id"] == "V-5-1-9245"


def test_a_look_at_what_would_happen_awaits_nothing() -> None:
    core = a_core(400)
    core.asks(for_a_time(make("u", 10), "r", 60), "r", dry_run=True)
    assert waiting(core.state) == []
