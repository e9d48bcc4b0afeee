"""A daemon that takes no changes: what it refuses, and what it goes on doing."""

from __future__ import annotations

from daemon.core.ready import Begin, Found
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.daemon import mode
from tests.support.core import Core, a_core, the_answer
from tests.support.model import BOOT, appears, make


def disabled() -> Core:
    core = a_core(160)
    core.asks(cmd.DisableDaemon())
    return core


def test_a_change_is_refused_and_the_attempt_recorded() -> None:
    core = disabled()
    answer = the_answer(core.asks(make("u", 10), "r"))
    assert answer["error"]["id"] == "V-5-1-7930"
    (rejected,) = core.events()
    assert isinstance(rejected, ev.RequestRejected)


def test_so_is_a_change_of_the_shared_configuration() -> None:
    core = disabled()
    core.hears_who_is_in()
    answer = the_answer(core.asks(cmd.CreateDiskGroup("s", ((None, "sd1"),), shared=True)))
    assert answer["error"]["id"] == "V-5-1-7930"


def test_what_would_happen_can_be_asked() -> None:
    assert the_answer(disabled().asks(make("u", 10), dry_run=True))["ok"]


def test_what_was_done_before_is_still_answered() -> None:
    core = a_core(160)
    core.asks(make("u", 10), "r")
    core.asks(cmd.DisableDaemon())
    assert the_answer(core.asks(make("u", 10), "r"))["ok"]
    assert the_answer(core.asks(make("u", 10), "s", found=Found("done", 3)))["ok"]


def test_the_kernel_is_heard_all_the_while() -> None:
    core = disabled()
    core.sees(appears("sd9"))
    assert isinstance(core.events()[0], ev.DeviceAdded)


def test_enabled_it_takes_changes_again() -> None:
    core = disabled()
    core.asks(cmd.EnableDaemon())
    assert the_answer(core.asks(make("u", 10)))["ok"]


def test_a_mode_at_the_start_is_recorded_with_it() -> None:
    core = a_core()
    core.steps(Begin(BOOT, "0", "3", "booted"))
    assert [type(event) for event in core.events()] == [ev.DaemonStarted, ev.DaemonModeSet]
    assert mode(core.state) == "booted"


def test_a_change_of_the_mode_changes_no_configuration() -> None:
    core = a_core(160)
    before = core.node.own.last_change
    core.asks(cmd.DisableDaemon(), expect=before)
    assert core.node.own.last_change == before
