"""The real kernel's uevents about real loop devices."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.kernel.linux import LinuxKernel
from tests.support.loopdisks import LoopDisk, loop_disk, needs_loop_devices
from tests.support.notifications import Received, run

pytestmark = [pytest.mark.integration, pytest.mark.root, needs_loop_devices]

SECTORS = 20480


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LoopDisk]:
    with loop_disk(tmp_path / "disk.img", SECTORS) as made:
        yield made


@asynccontextmanager
async def listening(
    received: Received, *devices: str, buffer: int = 4 << 20
) -> AsyncIterator[None]:
    kernel = LinuxKernel(devices or ["loop*"], receive_buffer=buffer)
    await kernel.start(received.deliver)
    try:
        yield
    finally:
        await kernel.stop()


def test_an_attached_disk_is_an_added_one(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        async with listening(received):
            name = disk.attach()
            added = await received.until(lambda r: [n for n in r.about(name) if n.device])
        fact = added[0].device
        assert fact is not None
        assert added[0].action == "add"
        assert (fact.identity, fact.size_sectors) == (f"loop:{disk.file}", SECTORS)

    run(story)


def test_a_detached_disk_is_a_removed_one(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        name = disk.attach()
        async with listening(received, name):
            disk.detach()
            await received.until(lambda r: "remove" in r.actions(name))
        assert received.about(name)[-1].device is None

    run(story)


def test_a_grown_disk_is_a_resized_one(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        name = disk.attach()
        async with listening(received, name):
            disk.grow(2 * SECTORS)
            await received.until(lambda r: r.actions(name) == ["resize"])
        fact = received.about(name)[0].device
        assert fact is not None
        assert fact.size_sectors == 2 * SECTORS

    run(story)


def test_every_uevent_is_delivered_once_and_in_order(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        name = disk.attach()
        async with listening(received, name):
            disk.announce(times=1000)
            await received.until(lambda r: len(r.about(name)) >= 1000)
        numbers = [n.seqnum for n in received.about(name)]
        assert received.actions(name) == ["change"] * 1000
        assert numbers == sorted(set(numbers))

    run(story)


def test_a_scan_at_the_start_shows_what_is_there(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        name = disk.attach()
        async with listening(received, name):
            pass
        (scan,) = received.scans("start")
        assert received.all == [scan]
        assert [(d.name, d.size_sectors) for d in scan.devices] == [(name, SECTORS)]

    run(story)


def test_an_overrun_is_never_silent(disk: LoopDisk) -> None:
    async def story(received: Received) -> None:
        name = disk.attach()
        async with listening(received, name, buffer=4096):
            disk.announce(times=500)
            await received.until(lambda r: r.scans("overrun"))
            got = len(received.about(name))
            disk.announce()  # other disks of the machine may fill the buffer again
            await received.until(lambda r: len(r.about(name)) > got or len(r.scans("overrun")) > 1)
        assert 0 < got < 500

    run(story)


def test_a_disk_that_is_not_watched_is_not_mentioned(disk: LoopDisk, tmp_path: Path) -> None:
    async def story(received: Received) -> None:
        with loop_disk(tmp_path / "other.img") as other:
            other_name, name = other.attach(), disk.attach()
            async with listening(received, name):
                other.announce()
                disk.announce()
                await received.until(lambda r: r.about(name))
            assert not received.about(other_name)

    run(story)
