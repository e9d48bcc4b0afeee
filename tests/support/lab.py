"""A running one-node lab: real monitor, real daemon, real command line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cli.lab_cluster import Lab
from daemon.client import Client

NODE = "node1"
DEADLINE_S = 60.0
GIB_SECTORS = 2 * 1024 * 1024
BIN = Path(sys.executable).parent


class Done(NamedTuple):
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class RunningLab:
    """A lab with one node. Its disks are vxd0, vxd1, ..., of 1 GiB each."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.home = lab.home(NODE)

    def run(self, *command: str) -> Done:
        """Run a program of ours, against this home."""
        program, *arguments = command
        done = subprocess.run(
            [BIN / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
            env={**os.environ, "VX_HOME": str(self.home), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def vx(self, *arguments: str) -> str:
        """Run `vx` and return its stdout; it must succeed."""
        return self.ok("vx", *arguments)

    def ok(self, *command: str) -> str:
        """Run a program of ours and return its stdout; it must succeed."""
        done = self.run(*command)
        assert done.code == 0, f"{command} ended with {done.code}\n{done.out}{done.err}"
        return done.out

    def client(self) -> Client:
        """A new conversation with the daemon."""
        return Client(str(self.home / "vxconfigd.sock"), DEADLINE_S)

    def kill(self) -> None:
        """End the daemon with SIGKILL."""
        assert self.lab.kill(NODE) is not None

    def start(self) -> None:
        """Start the daemon again, and wait until it serves."""
        assert self.lab.start(NODE) is not None

    def add(self, disk: str, size_sectors: int | None = GIB_SECTORS) -> None:
        self.lab.monitor.disk("add", disk, None, size_sectors)

    def pull(self, disk: str) -> None:
        self.lab.monitor.disk("pull", disk, None)

    def fail(self, disk: str) -> None:
        self.lab.monitor.disk("fail", disk, None)

    def heal(self, disk: str) -> None:
        self.lab.monitor.disk("heal", disk, None)

    def resize(self, disk: str, size_sectors: int) -> None:
        self.lab.monitor.disk("resize", disk, None, size_sectors)


@contextmanager
def running_lab(directory: Path, *, disks: int = 4) -> Iterator[RunningLab]:
    """Bring a lab up, and take it down again."""
    lab = Lab(directory / "lab")
    try:
        lab.up([NODE], disks, GIB_SECTORS)
        yield RunningLab(lab)
    finally:
        if lab.exists:
            lab.down()
