import asyncio
import sys
from pathlib import Path

import msgspec

from daemon.kernel.monitor import changes as ch
from daemon.kernel.monitor.members import Members
from daemon.kernel.monitor.reviver import Reviver
from tests.support.membership import after, booted

TOUCH = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()"
FAIL = "raise SystemExit(3)"


def dead(*command: str) -> Members:
    """A node that is in the cluster, its daemon dead, and what is to start it."""
    return after(booted(2), ch.Detach("node2", 1), ch.Restart(command))


def test_a_dead_daemon_is_started_until_it_is_there(tmp_path: Path) -> None:  # E6
    started = tmp_path / "node2"
    state = dead(sys.executable, "-c", TOUCH, str(tmp_path / "{node}"))

    async def story() -> None:
        there = after(state, ch.Attach("node2", "second"))
        reviver = Reviver(lambda: there if started.exists() else state, lambda _: None)
        reviver.needs("node2")
        reviver.needs("node1")
        async with asyncio.timeout(20):
            await asyncio.gather(*reviver._tasks.values())
        assert started.exists()
        assert not (tmp_path / "node1").exists()
        assert reviver._tasks == {}

    asyncio.run(story())


def test_one_that_cannot_start_is_said_and_tried_again_until_nobody_wants_it() -> None:
    said: list[str] = []
    wanted = [dead(sys.executable, "-c", FAIL), dead("/no/such/program"), dead()]

    async def story() -> None:
        reviver = Reviver(lambda: wanted[min(len(said) // 2, 2)], said.append)
        reviver.needs("node2")
        async with asyncio.timeout(20):
            await asyncio.gather(*reviver._tasks.values())

    asyncio.run(story())
    assert said[1] == "the daemon of node2 did not start: exit code 3"
    assert "No such file" in said[3]


def test_nothing_is_started_where_it_is_not_wanted() -> None:
    off = msgspec.structs.replace(dead("/no/such/program"), restart=())

    async def story() -> None:
        reviver = Reviver(lambda: off, lambda _: None)
        reviver.needs("node2")
        assert reviver._tasks == {}
        await reviver.stop()

    asyncio.run(story())
