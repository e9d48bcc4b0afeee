"""The embedded monitor as a process, and the kernel port that listens to it."""

import asyncio
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from daemon.kernel.embedded import EmbeddedKernel
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import Unavailable
from eventstore.model.notifications import DeviceFact
from tests.support.notifications import Received, run
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

VXD0 = DeviceFact("vxd0", "embedded:vxd0", 100)


class MonitorProcess:
    """A monitor in a directory, and single requests to it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "monitor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["--dir", str(self.directory), "--disks", "2", "--disk-sectors", "100"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "daemon.kernel.monitor", *arguments]
        )
        wait_until(lambda: self.send(pack_message({"op": "status"})))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(timeout=20)

    def ask(self, **request: object) -> dict[str, object]:
        answer = self.send(pack_message(request))
        assert isinstance(answer, dict)
        return answer

    def send(self, data: bytes) -> object:
        """Send bytes; give back the first message of the answer, None if there is none."""
        frames = FrameReader()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            try:
                connection.connect(str(self.socket))
                connection.sendall(data)
                while received := connection.recv(65536):
                    if messages := frames.feed(received):
                        return messages[0]
            except (ConnectionError, FileNotFoundError):
                return None
        return None


@contextmanager
def running(directory: Path) -> Iterator[MonitorProcess]:
    monitor = MonitorProcess(directory)
    try:
        monitor.start()
        yield monitor
    finally:
        monitor.kill()


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    with running(tmp_path / "m") as process:
        yield process


@asynccontextmanager
async def attached(monitor: MonitorProcess, received: Received) -> AsyncIterator[EmbeddedKernel]:
    kernel = EmbeddedKernel(monitor.socket, "node1", start_deadline_s=20)
    await kernel.start(received.deliver)
    try:
        yield kernel
    finally:
        await kernel.stop()


async def ask(monitor: MonitorProcess, **request: object) -> dict[str, object]:
    return await asyncio.to_thread(lambda: monitor.ask(**request))


def test_a_node_gets_a_view_and_a_scan_first(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received) as kernel:
            (scan,) = received.scans("start")
            assert received.all == [scan]
            assert scan.devices[0] == VXD0
            assert (kernel.view["role"], kernel.view["members"]) == ("master", ["node1"])

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
