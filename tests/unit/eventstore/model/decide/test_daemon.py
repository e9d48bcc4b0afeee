"""The mode of a node's daemon, and looking at all devices on demand."""

from __future__ import annotations

import pytest

from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.daemon import MODES, mode, refusal
from eventstore.model.notifications import DevicesScanned
from eventstore.model.objects import ENABLED
from tests.support.model import BOOT, World, a_world, fact, make, size_for

NOTICE = ev.Notice("scan-request", 0, 99, BOOT)


def shows(*names: str) -> DevicesScanned:
    facts = tuple(fact(name, f"id-{name}", size_for(160)) for name in names)
    return DevicesScanned("request", facts, 99, BOOT)


def in_mode(name: str) -> World:
    return a_world(160).takes(ev.DaemonModeSet(name))


def test_a_daemon_that_was_told_nothing_takes_changes() -> None:
    world = a_world(160)
    assert mode(world.state) == ENABLED
    assert refusal(world.state, make("u", 10)) is None


@pytest.mark.parametrize("name", sorted(set(MODES.values()) - {ENABLED}))
def test_in_any_other_mode_only_the_mode_can_be_changed(name: str) -> None:
    world = in_mode(name)
    refused = refusal(world.state, make("u", 10))
    assert refused is not None
    assert (refused.id, refused.exit_code) == ("V-5-1-7930", 69)
    assert name in refused.message
    for allowed in (cmd.EnableDaemon(), cmd.DisableDaemon()):
        assert refusal(world.state, allowed) is None


def test_disabling_twice_is_refused() -> None:
    world = a_world(160).does(cmd.DisableDaemon())
    assert world.refuses(cmd.DisableDaemon()).id == "V-5-1-7931"


def test_enabling_needs_no_kernel_but_looks_if_there_is_one() -> None:
    world = in_mode("disabled")
    assert world.would(cmd.EnableDaemon()) == (ev.DaemonModeSet(ENABLED),)
    world.scan = shows()
    kinds = [type(event) for event in world.would(cmd.EnableDaemon())]
    assert kinds == [
        *(ev.DaemonModeSet, ev.DeviceRemoved, ev.DiskStateSet),
        ev.DevicesScanned,
    ]


@pytest.mark.parametrize("command", [cmd.ScanDevices(), cmd.EnableDaemon()])
def test_a_look_at_a_kernel_that_does_not_answer_is_refused(command: cmd.AnyCommand) -> None:
    refused = a_world(160).refuses(command)
    assert (refused.id, refused.exit_code) == ("V-5-1-7932", 69)


def test_a_look_is_recorded_also_if_nothing_differs() -> None:
    world = World()
    world.scan = shows()
    assert world.would(cmd.ScanDevices()) == (ev.DevicesScanned(0, NOTICE),)


def test_a_look_finds_what_came_and_what_went_in_one_commit() -> None:
    world = World()
    world.scan = shows("sda", "sdb")
    world.does(cmd.ScanDevices())
    world.scan = shows("sdb", "sdc")
    gone, came, looked = world.would(cmd.ScanDevices())
    assert isinstance(gone, ev.DeviceRemoved)
    assert isinstance(came, ev.DeviceAdded)
    assert (came.name, came.notice, looked) == ("sdc", NOTICE, ev.DevicesScanned(2, NOTICE))


def test_a_daemon_that_starts_is_enabled_whatever_the_one_before_was_told() -> None:
    world = in_mode("booted").takes(ev.DaemonStarted(BOOT, "1", "3", clean=True))
    assert mode(world.state) == ENABLED
