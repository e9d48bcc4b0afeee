"""Real daemons in processes of their own, on homes that a test made."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from cli.lab_monitor import MonitorHandle
from cli.lab_processes import stop
from daemon.client import Client
from daemon.config import ClusterSettings, KernelSettings, NodeSettings, Settings
from daemon.errors import RequestFailed
from daemon.shell import home as homes
from daemon.wire import control
from tests.support.waiting import wait_until

NODE = "node1"
GROUP = "datadg"
DEADLINE_S = 30.0
MIB = 2048
"""Sectors."""
GIB = 1024 * MIB

Answer = dict[str, Any]
_numbers = count(1)

NO_DISKS = KernelSettings("linux", devices=("no-such-disk",))


class Daemon:
    """The daemon of one home; started and ended by the test."""

    def __init__(self, home: Path, kernel: KernelSettings = NO_DISKS) -> None:
        self.home = home
        self.socket = home / "vxconfigd.sock"
        self.output = home / "output"
        self.environment: dict[str, str] = {}
        self.directory: Path | None = None
        self.process: subprocess.Popen[bytes] | None = None
        if not (home / "config.toml").exists():
            homes.found(home, Settings(ClusterSettings("lab"), NodeSettings(NODE), kernel))

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def said(self) -> str:
        """What it wrote to its stderr."""
        return self.output.read_text() if self.output.is_file() else ""

    def spawn(self, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and wait for nothing."""
        more = {**self.environment, **(environment or {})}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "daemon", "--home", str(self.home), *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **more},
                cwd=self.directory,
            )

    def start(self, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and wait until it serves."""
        self.spawn(*flags, environment=environment)
        self.wait_for("serving")

    def refuses_to_start(
        self, *flags: str, environment: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Start it, and return with which exit code it ended and what it said."""
        self.output.write_bytes(b"")
        self.spawn(*flags, environment=environment)
        assert self.process is not None
        return self.process.wait(DEADLINE_S), self.said

    def wait_for(self, state: str) -> None:
        def reached() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.said
            return self.state == state

        wait_until(reached, DEADLINE_S)

    @property
    def state(self) -> str | None:
        """What it says of itself; None if nobody answers."""
        try:
            return str(self.ask(control.ping())["data"]["state"])
        except RequestFailed:
            return None

    def connect(self) -> socket.socket:
        """A bare connection, for what no client of ours would send."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(DEADLINE_S)
        # By way of the directory: an address holds 107 bytes, the path of a test may be longer.
        directory = os.open(self.home, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(f"/proc/self/fd/{directory}/{self.socket.name}")
        finally:
            os.close(directory)
        return connection

    def client(self, timeout_s: float = DEADLINE_S) -> Client:
        return Client(str(self.socket), timeout_s)

    def ask(self, request: Mapping[str, object]) -> Answer:
        with self.client() as client:
            return client.ask(dict(request))

    def query(self, question: str, at: dict[str, object] | None = None, **args: object) -> Any:
        return self.ask(control.query(question, args, at=at))["data"]

    def do(self, verb: str, args: dict[str, object], request_id: str | None = None) -> int:
        """Ask for a change; return its position."""
        return int(self.ask(change(verb, args, request_id))["data"]["position"])

    def make(self, name: str, request_id: str | None = None) -> int:
        """Make a volume of a MiB; return the position."""
        return self.do("volume.make", volume(name), request_id)

    def outcome(self, request_id: str) -> tuple[str, int | None]:
        found = self.query("outcome", id=request_id)
        return found["outcome"], found["position"]

    def assert_sound(self) -> None:
        """The log holds, replay gives the states that were recorded, and the live one is last."""
        verdict = self.query("verify", replay=True)
        assert verdict["ok"], verdict
        live = self.query("state")
        replayed = self.query("state", at={"log": None, "kind": "head"})
        assert live["digest"] == replayed["digest"]
        assert live["state"] == replayed["state"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def end(self) -> None:
        """Make sure that it does not run."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)


def received(connection: socket.socket) -> bytes:
    """Return everything until the other end hangs up, however it does."""
    found = bytearray()
    with suppress(ConnectionResetError, BrokenPipeError):
        while data := connection.recv(1 << 16):
            found += data
    return bytes(found)


def change(verb: str, args: dict[str, object], request_id: str | None = None) -> dict[str, object]:
    """Return the request for a change."""
    name = request_id or f"r{os.getpid()}-{next(_numbers)}"
    return control.command(verb, args, request_id=name, cmdline=f"{verb} {name}", program="test")


def volume(name: str) -> dict[str, object]:
    return {"group": GROUP, "name": name, "length_sectors": MIB, "disks": []}


@contextmanager
def daemon_without_disks(directory: Path) -> Iterator[Daemon]:
    """A daemon that was not started yet, and that no disk is shown to."""
    daemon = Daemon(directory / "home")
    try:
        yield daemon
    finally:
        daemon.end()


@contextmanager
def daemon_with_disks(directory: Path, disks: int = 2) -> Iterator[Daemon]:
    """A daemon that was not started yet, with a monitor that shows it disks vxd0, ..."""
    monitor = MonitorHandle(directory / "monitor")
    monitor.start([NODE], disks, GIB)
    daemon = Daemon(directory / "home", KernelSettings("monitor", str(monitor.socket)))
    try:
        yield daemon
    finally:
        daemon.end()
        stop(monitor.process.pid_file, signal.SIGKILL, DEADLINE_S)


def make_group(daemon: Daemon, disks: int = 2) -> None:
    """Make a disk group of the monitor's disks."""
    names = [f"vxd{i}" for i in range(disks)]
    for name in names:
        daemon.do("disk.init", {"device": name})
    daemon.do("dg.init", {"group": GROUP, "disks": [[None, name] for name in names]})
