"""The embedded monitor as a process, and the kernel port that listens to it."""

import asyncio
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.kernel.embedded import ASKED_MAX, EmbeddedKernel
from daemon.wire.frames import pack_message
from eventstore.errors import Unavailable
from eventstore.model.notifications import DeviceFact, DeviceNotified, DevicesScanned
from tests.support.monitors import MonitorProcess, ask, attached, running
from tests.support.notifications import Received, run

pytestmark = pytest.mark.integration

VXD0 = DeviceFact("vxd0", "embedded:vxd0", 100)


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    with running(tmp_path / "m") as process:
        yield process


def test_a_node_gets_a_view_and_a_scan_first(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received):
            (scan,) = received.scans("start")
            assert received.news == [received.view, scan]
            assert scan.devices[0] == VXD0
            assert (received.view.master, received.view.members) == ("node1", ("node1",))
            assert received.view.quorate

    run(story)


def test_what_happens_to_a_disk_is_told_in_order(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received):
            for action in ("fail", "heal", "pull", "add", "change"):
                answer = await ask(monitor, op="disk", action=action, device="vxd0")
                assert answer["ok"]
            await ask(monitor, op="disk", action="resize", device="vxd0", size_sectors=200)
            await received.until(lambda r: "resize" in r.actions("vxd0"))
        told = ["fail", "heal", "remove", "add", "change", "resize"]
        assert received.actions("vxd0") == told
        assert [n.seqnum for n in received.about("vxd0")] == [1, 2, 3, 4, 5, 6]
        assert len({n.boot_id for n in received.all}) == 1

    run(story)


def test_an_interruption_ends_with_a_scan(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received):
            await ask(monitor, op="disk", action="pull", device="vxd0")
            await asyncio.to_thread(monitor.kill)
            await asyncio.to_thread(monitor.start)
            (scan,) = await received.until(lambda r: r.scans("overrun"))
        assert [d.name for d in scan.devices] == ["vxd1"]
        assert {n.boot_id for n in received.all} == {scan.boot_id}

    run(story)


def test_a_scan_on_request_comes_in_order_with_what_is_told(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received) as kernel:
            await ask(monitor, op="disk", action="pull", device="vxd0")
            kernel.ask_scan(lambda scan: received.deliver(scan) if scan else None)
            (last,) = await received.until(lambda r: r.scans("request"))
        assert [d.name for d in last.devices] == ["vxd1"]
        assert [type(n) for n in received.all][-2:] == [DeviceNotified, DevicesScanned]

    run(story)


def test_a_scan_is_not_waited_for_where_nobody_answers(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        scans: list[DevicesScanned | None] = []
        async with attached(monitor, received) as kernel:
            for _ in range(ASKED_MAX + 1):
                kernel.ask_scan(scans.append)
            assert scans == [None]
        assert scans == [None] * (ASKED_MAX + 1)
        kernel.ask_scan(scans.append)
        assert len(scans) == ASKED_MAX + 2

    run(story)


def test_a_monitor_that_is_not_there_makes_the_start_fail(tmp_path: Path) -> None:
    async def story(received: Received) -> None:
        kernel = EmbeddedKernel(tmp_path / "monitor.sock", "node1", start_deadline_s=0.2)
        with pytest.raises(Unavailable, match="does not answer") as failure:
            await kernel.start(received.deliver)
        assert failure.value.cause == "No such file or directory"
        assert not received.all

    run(story)


def test_an_unknown_node_is_told_so(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        kernel = EmbeddedKernel(monitor.socket, "node9", start_deadline_s=0.5)
        with pytest.raises(Unavailable) as failure:
            await kernel.start(received.deliver)
        assert failure.value.cause == "unknown node: node9"

    run(story)


def test_a_request_is_refused_by_name_and_changes_nothing(monitor: MonitorProcess) -> None:
    before = (monitor.directory / "monitor.json").read_text()
    for request, message in (
        ({"op": "disk", "action": "pull", "device": "vxd9"}, "no such disk: vxd9"),
        ({"op": "disk", "action": "explode", "device": "vxd0"}, "malformed disk request"),
        ({"op": "disk", "action": "add", "device": "vxd0"}, "disk vxd0 is already there"),
        ({"op": "attach", "node": 7}, "unknown node: 7"),
        ({"op": "sing"}, "unknown request: 'sing'"),
    ):
        error = monitor.ask(**request)["error"]
        assert isinstance(error, dict)
        assert error["message"] == message
    assert (monitor.directory / "monitor.json").read_text() == before


@pytest.mark.parametrize(
    "data", [b"\xff" * 64, b"\0\0\0\x01\xc1", pack_message([1]), pack_message("x" * 5000)]
)
def test_garbage_costs_the_sender_its_connection_only(
    monitor: MonitorProcess, data: bytes
) -> None:
    assert monitor.send(data) is None
    assert monitor.ask(op="status")["ok"]


def test_the_socket_is_for_its_owner_and_group(monitor: MonitorProcess) -> None:
    assert stat.S_IMODE(monitor.socket.stat().st_mode) == 0o660


def test_a_stopped_monitor_ends_cleanly(monitor: MonitorProcess) -> None:
    assert monitor.ask(op="stop") == {"ok": True, "data": {}}
    assert monitor.wait() == 0
    assert not monitor.socket.exists()


def test_a_second_monitor_is_refused(monitor: MonitorProcess) -> None:
    command = [sys.executable, "-m", "daemon.kernel.monitor", "--dir", str(monitor.directory)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == 69
    assert "another monitor runs" in second.stderr
    assert monitor.ask(op="status")["ok"]
