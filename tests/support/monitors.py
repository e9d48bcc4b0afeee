"""A monitor as a process, single requests to it, and kernel ports that listen to it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from daemon.kernel.embedded import EmbeddedKernel
from daemon.wire.frames import FrameReader, pack_message
from tests.support.notifications import Received
from tests.support.waiting import wait_until


class MonitorProcess:
    """A monitor in a directory, and single requests to it."""

    def __init__(self, directory: Path, nodes: int = 1) -> None:
        self.directory = directory
        self.nodes = [f"node{n + 1}" for n in range(nodes)]
        self.socket = directory / "monitor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["--dir", str(self.directory), "--disks", "2", "--disk-sectors", "100"]
        arguments += [part for node in self.nodes for part in ("--node", node)]
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

    def ask(self, **request: object) -> dict[str, Any]:
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
def running(directory: Path, nodes: int = 1) -> Iterator[MonitorProcess]:
    monitor = MonitorProcess(directory, nodes)
    try:
        monitor.start()
        yield monitor
    finally:
        monitor.kill()


@asynccontextmanager
async def attached(
    monitor: MonitorProcess, received: Received, node: str = "node1", **facts: Any
) -> AsyncIterator[EmbeddedKernel]:
    """One run of a node's daemon, as far as its kernel knows it."""
    kernel = EmbeddedKernel(monitor.socket, node, start_deadline_s=20, **facts)
    await kernel.start(received.deliver)
    try:
        yield kernel
    finally:
        await kernel.stop()


async def ask(monitor: MonitorProcess, **request: object) -> dict[str, Any]:
    return await asyncio.to_thread(lambda: monitor.ask(**request))
