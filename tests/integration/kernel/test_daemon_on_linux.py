"""The daemon on the real kernel: what happens to a loop device stands in the node's log."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab import RunningOnLinux, running_on_linux
from tests.support.loopdisks import LoopDisk, loop_disk, needs_loop_devices
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.root, needs_loop_devices]

SECTORS = 20480
FLOOD = 30_000
"""More uevents than the receive buffer of 8 MiB has room for."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    with loop_disk(tmp_path / "disk.img", SECTORS) as made:
        made.attach()
        yield made


@pytest.fixture
def daemon(tmp_path: Path, disk: LoopDisk) -> Iterator[RunningOnLinux]:
    with running_on_linux(tmp_path / "node1", disk.name) as running:
        yield running


def devices(daemon: RunningOnLinux) -> dict[str, dict[str, Any]]:
    return {one["device"]: one for one in daemon.data("disk", "list") if one["device"]}


def events(daemon: RunningOnLinux) -> Counter[str]:
    return Counter(event for commit in daemon.data("log") for event in commit["events"])


def test_a_disk_comes_grows_and_goes(daemon: RunningOnLinux, disk: LoopDisk) -> None:
    name = disk.name
    assert devices(daemon)[name]["identity"] == f"loop:{disk.file}"
    disk.grow(2 * SECTORS)
    wait_until(lambda: devices(daemon)[name]["size_sectors"] == 2 * SECTORS)
    disk.detach()
    wait_until(lambda: name not in devices(daemon))
    seen = events(daemon)
    assert (seen["device-added"], seen["device-resized"], seen["device-removed"]) == (1, 1, 1)


def test_every_announcement_is_a_commit_once(daemon: RunningOnLinux, disk: LoopDisk) -> None:
    disk.announce(times=100)
    wait_until(lambda: events(daemon)["device-changed"] >= 100)
    assert events(daemon)["device-changed"] == 100
    assert events(daemon)["interval-unknown"] == 0


def test_what_happens_while_the_daemon_is_down_is_an_unknown_interval(
    daemon: RunningOnLinux, disk: LoopDisk
) -> None:
    daemon.kill()
    disk.detach()
    daemon.start()
    (interval,) = daemon.data("status")["unknown_intervals"]
    assert interval["reason"] == "the daemon was down"
    assert devices(daemon) == {}
    assert events(daemon)["device-removed"] == 1


def test_an_overrun_is_an_unknown_interval_and_a_scan(
    daemon: RunningOnLinux, disk: LoopDisk
) -> None:
    pid = daemon.data("status")["daemon"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        disk.announce(times=FLOOD)
        disk.grow(2 * SECTORS)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: daemon.data("status")["unknown_intervals"])
    (interval,) = daemon.data("status")["unknown_intervals"]
    assert interval["reason"] == "notifications of the kernel were lost"
    assert devices(daemon)[disk.name]["size_sectors"] == 2 * SECTORS
    assert daemon.data("verify", "--replay")["ok"]
