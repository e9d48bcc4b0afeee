"""A peer in a process of its own that stops, goes on, and is killed (E7)."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.shell import authority
from tests.bench.echo import CLUSTER
from tests.support.peers import LIMITS, Node, agreed, run, until

pytestmark = pytest.mark.integration

SILENCE_S = 3
"""The other process has a heartbeat a second."""


@asynccontextmanager
async def two_processes(directory: Path) -> AsyncIterator[tuple[Node, subprocess.Popen[str]]]:
    """The node `a` here, connected with `b` there, which gives back what it is sent."""
    authority.create(directory / "ca", CLUSTER)
    for name in ("a", "b"):
        authority.issue(directory / "ca", name, directory / name)
    a = Node("a", directory / "a", replace(LIMITS, silence_seconds=SILENCE_S), CLUSTER)
    await a.peers.start()
    with _other_process(directory / "b") as other:
        try:
            assert other.stdin is not None
            assert other.stdout is not None
            _port, address = (await asyncio.to_thread(other.stdout.readline)).split()
            other.stdin.write(f"{a.address}\n")
            other.stdin.flush()
            a.peers.follow({"b": address})
            await a.sees("b")
            yield a, other
        finally:
            other.kill()
            await a.stop()


def _other_process(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.echo", str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def _echoes(a: Node, number: int) -> None:
    """A message comes back; what is lost on the way is sent again."""

    def is_back() -> bool:
        a.peers.send("b", agreed(number))
        return ("b", agreed(number)) in a.got

    await until(is_back)


def test_a_process_that_stands_still_is_reopened_when_it_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with two_processes(tmp_path) as (a, other):
            await _echoes(a, 1)
            other.send_signal(signal.SIGSTOP)
            await a.sees()
            other.send_signal(signal.SIGCONT)
            await a.sees("b")
            await _echoes(a, 2)

    run(story())


def test_a_process_that_is_killed_is_missed_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with two_processes(tmp_path) as (a, other):
            other.kill()
            await a.sees()
            assert a.said("silent") == 0

    run(story())
