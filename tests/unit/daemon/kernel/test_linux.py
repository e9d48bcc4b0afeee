import asyncio
import socket
import struct
from pathlib import Path

import pytest

from daemon.core.ready import Held, Hold
from daemon.core.view import View
from daemon.kernel.linux import LinuxKernel, is_from_kernel, what_happened
from daemon.kernel.port import News
from daemon.kernel.uevents import Uevent
from eventstore.model.notifications import DeviceFact, DeviceNotified, DevicesScanned
from tests.support.sysfs import make_disk

SMALL = DeviceFact("sda", "serial:a", 100)
LARGE = DeviceFact("sda", "serial:a", 200)
OTHER = DeviceFact("sda", "serial:b", 100)


@pytest.mark.parametrize(
    ("word", "resized", "before", "current", "means"),
    [
        ("change", False, None, SMALL, "add"),
        ("add", False, None, SMALL, "add"),
        ("add", False, SMALL, SMALL, "add"),
        ("change", False, SMALL, OTHER, "add"),
        ("change", False, SMALL, SMALL, "change"),
        ("change", True, SMALL, SMALL, "resize"),
        ("change", False, SMALL, LARGE, "resize"),
        ("change", False, SMALL, None, "remove"),
        ("add", False, None, None, "remove"),
        ("online", False, SMALL, SMALL, "change"),
    ],
)
def test_what_a_uevent_means_follows_from_what_is_true(
    word: str,
    resized: bool,
    before: DeviceFact | None,
    current: DeviceFact | None,
    means: str,
) -> None:
    assert what_happened(Uevent(word, "sda", 1, resized=resized), before, current) == means


def credentials(uid: int) -> tuple[int, int, bytes]:
    return (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("3i", 0, uid, 0))


def test_only_the_kernel_is_believed() -> None:
    assert is_from_kernel((0, 1), [])
    assert is_from_kernel((0, 1), [credentials(0)])
    assert not is_from_kernel((0, 1), [credentials(1000)])
    assert not is_from_kernel((4711, 1), [credentials(0)])


def uevent(action: str, name: str) -> bytes:
    return (
        f"{action}@/devices/{name}\0ACTION={action}\0SUBSYSTEM=block\0DEVTYPE=disk\0SEQNUM=7\0"
    ).encode()


def test_a_message_becomes_one_notification_with_what_sysfs_says(tmp_path: Path) -> None:
    make_disk(tmp_path, "sda", size="100", serial="a")
    delivered: list[News] = []
    notes: list[str] = []

    async def run() -> None:
        kernel = LinuxKernel(["sd*"], node="node1", sysfs=tmp_path, note=notes.append)
        await kernel.start(delivered.append)
        for message in (uevent("change", "sda"), uevent("change", "vdb"), b"\xff", b"x@\0"):
            kernel._take(message)
        kernel._take(uevent("remove", "sda"))
        await kernel.stop()

    asyncio.run(run())
    view, scan, change, removal = delivered
    assert isinstance(view, View)
    assert (view.master, view.members, view.quorate) == ("node1", ("node1",), True)
    assert isinstance(scan, DevicesScanned)
    assert (scan.reason, scan.devices) == ("start", (SMALL,))
    assert isinstance(change, DeviceNotified)
    assert (change.action, change.device, change.seqnum) == ("change", SMALL, 7)
    assert isinstance(removal, DeviceNotified)
    assert (removal.action, removal.device, removal.name) == ("remove", None, "sda")
    assert notes == ["uevent is not UTF-8: ignored"]


def test_what_is_to_be_held_is_held_at_once(tmp_path: Path) -> None:
    delivered: list[News] = []

    async def run() -> None:
        kernel = LinuxKernel(["sd*"], sysfs=tmp_path)
        await kernel.start(delivered.append)
        kernel.direct(Hold(7, (("datadg", 1),)))
        await kernel.stop()

    asyncio.run(run())
    assert delivered[-1] == Held(7)


def test_a_scan_on_request_shows_what_is_there_now(tmp_path: Path) -> None:
    found: list[DevicesScanned | None] = []

    async def run() -> None:
        kernel = LinuxKernel(["sd*"], sysfs=tmp_path)
        (tmp_path / "block").mkdir()
        await kernel.start(lambda _: None)
        make_disk(tmp_path, "sda", size="100", serial="a")
        kernel.ask_scan(found.append)
        await kernel.stop()

    asyncio.run(run())
    (scan,) = found
    assert scan is not None
    assert (scan.reason, scan.devices) == ("request", (SMALL,))
