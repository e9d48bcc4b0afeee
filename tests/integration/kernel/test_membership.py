"""The embedded monitor as cluster monitor of several daemons' kernel ports."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.core.ready import Held, Hold, PutOut, ReadyForSlaves, Release
from daemon.core.view import View
from daemon.kernel.embedded import EmbeddedKernel
from tests.support.monitors import MonitorProcess, ask, attached, running
from tests.support.notifications import DEADLINE_S, Received, run
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

VOLUME = ("datadg", 5)
NODES = ("node1", "node2", "node3")
DAEMON = """
import asyncio, os, pathlib, sys
from daemon.kernel.embedded import EmbeddedKernel
async def main():
    kernel = EmbeddedKernel(pathlib.Path(sys.argv[1]), "node2", pid=os.getpid())
    await kernel.start(lambda news: None)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    with running(tmp_path / "m", nodes=3) as process:
        yield process


class Daemons:
    """Three daemons' kernel ports, and what they have heard."""

    def __init__(self) -> None:
        self.heard = {node: Received() for node in NODES}
        self.kernels: dict[str, EmbeddedKernel] = {}

    async def see(self, members: dict[str, tuple[str, ...]]) -> None:
        """Wait until each of these nodes sees these members."""
        for node, expected in members.items():
            await self.heard[node].sees(expected)

    def view(self, node: str) -> View:
        return self.heard[node].view


@asynccontextmanager
async def three(monitor: MonitorProcess) -> AsyncIterator[Daemons]:
    daemons = Daemons()
    async with AsyncExitStack() as stack:
        for node, received in daemons.heard.items():
            kernel = await stack.enter_async_context(attached(monitor, received, node))
            daemons.kernels[node] = kernel
        await daemons.see(dict.fromkeys(NODES, NODES))
        yield daemons


async def told(monitor: MonitorProcess, **request: object) -> dict[str, Any]:
    answer = await ask(monitor, **request)
    assert answer["ok"], answer
    data: dict[str, Any] = answer["data"]
    return data


def test_nodes_hear_of_each_other_in_the_order_in_which_they_came(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:
        async with three(monitor) as daemons:
            assert {daemons.view(node) for node in NODES} == {daemons.view("node1")}
            assert (daemons.view("node1").master, daemons.view("node1").quorate) == ("node1", True)
            numbers = [view.number for view in daemons.heard["node1"].views]
            assert numbers == sorted(set(numbers))

    run(story)


def test_a_daemon_that_dies_is_missed_at_once_and_its_node_stays(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:  # E2
        async with three(monitor) as daemons:
            await daemons.kernels["node1"].stop()
            await daemons.see({"node2": ("node2", "node3")})
            assert daemons.view("node2").names == NODES
            assert daemons.view("node2").master == "node1"
            async with attached(monitor, daemons.heard["node1"], "node1"):
                await daemons.see({"node2": NODES})
            assert [n.daemon for n in daemons.view("node2").nodes][1:] == [1, 1]

    run(story)


def test_a_cut_gives_each_side_its_view_and_healing_one_to_all(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:
        async with three(monitor) as daemons:
            cut = await told(monitor, op="cut", nodes=["node1"])
            assert cut["cut"] == [["node1", "node2"], ["node1", "node3"]]
            await daemons.see({"node1": ("node1",), "node3": ("node2", "node3")})
            assert not daemons.view("node1").quorate
            assert (daemons.view("node3").quorate, daemons.view("node3").master) == (True, "node2")
            await told(monitor, op="heal")
            await daemons.see(dict.fromkeys(NODES, ("node2", "node3", "node1")))

    run(story)


def test_a_node_leaves_once_none_of_its_volumes_is_in_use(monitor: MonitorProcess) -> None:
    in_use = ["datadg/vol01"]

    async def story(received: Received) -> None:  # B8
        async with attached(monitor, received, in_use=lambda: in_use):
            refused = await ask(monitor, op="leave", node="node1", wait_s=0)
            assert refused["error"]["message"] == "node node1 has volumes in use: datadg/vol01"
            leaving = asyncio.create_task(ask(monitor, op="leave", node="node1", wait_s=20))
            in_use.clear()
            assert (await leaving)["ok"]
            await received.until(lambda r: r.view.names == ())
            status = await told(monitor, op="status")
            assert status["members"]["nodes"]["node1"]["reason"] == "user initiated stop"

    run(story)


def daemon_of(monitor: MonitorProcess, node: str) -> object:
    """The process that serves a node, as the monitor knows it."""
    return monitor.ask(op="status")["data"]["members"]["nodes"][node]["daemon"]


def test_a_node_whose_daemon_is_down_cannot_leave_cleanly(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        async with attached(monitor, received):
            pass
        await asyncio.to_thread(wait_until, lambda: not daemon_of(monitor, "node1"))
        error = (await ask(monitor, op="leave", node="node1", wait_s=0))["error"]
        assert (error["exit"], error["cause"]) == (69, "its daemon does not run")

    run(story)


def test_a_crash_kills_the_daemon_and_another_boot_comes_back(monitor: MonitorProcess) -> None:
    command = [sys.executable, "-c", DAEMON, str(monitor.socket)]

    async def story(received: Received) -> None:
        async with attached(monitor, received):
            await received.sees(("node1", "node2"))
            boot = boot_of("node2", received.view)
            await told(monitor, op="abort", node="node2")
            await received.until(lambda r: r.view.names == ("node1",))
            await told(monitor, op="join", node="node2")
            async with attached(monitor, Received(), "node2"):
                await received.sees(("node1", "node2"))
        assert boot_of("node2", received.view) != boot

    with subprocess.Popen(command) as process:
        try:
            run(story)
            assert process.wait(DEADLINE_S) == -signal.SIGKILL
        finally:
            process.kill()


def boot_of(node: str, view: View) -> str:
    found = view.node(node)
    assert found is not None
    return found.boot_id


def test_a_process_that_claims_to_be_another_is_not_taken_on(monitor: MonitorProcess) -> None:
    error = monitor.ask(op="attach", node="node1", run="r", pid=os.getppid())["error"]
    assert error["id"] == "V-5-1-9080"


def test_a_hold_waits_for_io_in_flight_and_outlives_the_daemon(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:  # D4
        await told(monitor, op="io", node="node1", load="busy", volume=list(VOLUME))
        async with attached(monitor, received) as kernel:
            kernel.direct(Hold(4, (VOLUME,)))
            await told(monitor, op="io", node="node1", load=None, volume=list(VOLUME))
            await received.until(lambda r: r.held == [Held(4)])
        second = Received()
        async with attached(monitor, second) as kernel:
            assert second.news[0] == Held(4)
            kernel.direct(Release())
        third = Received()
        async with attached(monitor, third):
            assert third.held == []

    run(story)


def test_a_hold_fails_where_io_does_not_end(monitor: MonitorProcess) -> None:
    async def story(received: Received) -> None:
        await told(monitor, op="io", node="node1", load="stuck")
        async with attached(monitor, received) as kernel:
            kernel.direct(Hold(4, (VOLUME,)))
            await received.until(lambda r: r.held == [Held(4, "I/O in flight does not end")])

    run(story)


def test_a_monitor_that_was_killed_goes_on_where_it_was(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:
        async with three(monitor) as daemons:
            before = daemons.view("node2")
            await asyncio.to_thread(monitor.kill)
            daemons.kernels["node1"].direct(ReadyForSlaves(1, NODES))
            daemons.kernels["node1"].direct(PutOut("node3", "protocol version out of range"))
            await asyncio.to_thread(monitor.start)
            await daemons.see({"node2": ("node1", "node2"), "node3": ()})
            assert daemons.view("node2").number > before.number
            nodes = (await told(monitor, op="status"))["members"]["nodes"]
            assert nodes["node3"]["reason"] == "protocol version out of range"
            assert [nodes[n]["runs"] for n in NODES] == [1, 1, 1]

    run(story)


def test_a_late_view_is_told_in_the_end(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:
        async with three(monitor) as daemons:
            fault = {"late_ms": 300, "doubled": True, "reordered": True, "only": ["node2"]}
            await told(monitor, op="fault", **fault)
            await told(monitor, op="cut", nodes=["node3"])
            await daemons.see({"node1": ("node1", "node2"), "node2": ("node1", "node2")})
            heard = daemons.heard
            await heard["node2"].until(lambda r: len(r.views) == 6)
            old, new = heard["node1"].views[-2:]
            assert heard["node2"].views[-5:] == [old, new, new, old, new]

    run(story)


def test_what_happens_is_found_out_after_a_while(monitor: MonitorProcess) -> None:
    async def story(_: Received) -> None:
        async with three(monitor) as daemons:
            await told(monitor, op="fault", detect_ms=60_000)
            await told(monitor, op="cut", nodes=["node3"])
            status = await told(monitor, op="status")
            assert status["cut"] == [["node1", "node3"], ["node2", "node3"]]
            assert daemons.view("node1").names == NODES
            await told(monitor, op="fault", detect_ms=0)
            await told(monitor, op="heal")
            assert daemons.view("node1").names == NODES

    run(story)
