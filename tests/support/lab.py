"""A running one-node lab: real monitor, real daemon, real command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cli import lab_processes
from cli.lab_cluster import Lab
from cli.lab_homes import init_home
from daemon.client import Client

NODE = "node1"
DEADLINE_S = 60.0
GIB_SECTORS = 2 * 1024 * 1024
BIN = Path(sys.executable).parent
# What the installed scripts do, of the code beside these tests.
START = "import sys; from cli.main import main; sys.exit(main(sys.argv[1:]))"


class Done(NamedTuple):
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class RunningHome:
    """A home with its daemon, and the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *command: str) -> Done:
        """Run a program of ours, against this home."""
        done = subprocess.run(
            [sys.executable, "-c", START, *command],
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

    def data(self, *arguments: str) -> Any:
        """Run `vx ... --json` and return the data; it must succeed."""
        return json.loads(self.vx(*arguments, "--json"))["data"]


class RunningLab(RunningHome):
    """A lab with one node. Its disks are vxd0, vxd1, ..., of 1 GiB each."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.home(NODE))
        self.lab = lab

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
def running_lab(directory: Path, *, disks: int = 4, database: str = "") -> Iterator[RunningLab]:
    """Bring a lab up, and take it down again."""
    lab = Lab(directory / "lab", database)
    try:
        lab.up([NODE], disks, GIB_SECTORS)
        yield RunningLab(lab)
    finally:
        if lab.exists:
            lab.down()


class RunningOnLinux(RunningHome):
    """A daemon that listens to this machine's own kernel."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        command = [sys.executable, "-m", "daemon", "--home", str(home)]
        pid_file, log = home / "vxconfigd.pid", home / "vxconfigd.log"
        self._process = lab_processes.Process("vxconfigd", command, pid_file, log)

    def start(self) -> int:
        """Start the daemon, and return its pid once it serves."""
        return lab_processes.start(self._process, self._is_serving, DEADLINE_S)

    def kill(self) -> None:
        """End the daemon with SIGKILL."""
        assert lab_processes.stop(self._process.pid_file, signal.SIGKILL, DEADLINE_S)

    def end(self) -> None:
        """Stop the daemon, if it runs."""
        lab_processes.stop(self._process.pid_file, signal.SIGKILL, DEADLINE_S)

    def _is_serving(self) -> bool:
        return self.run("vx", "status").code == 0


@contextmanager
def running_on_linux(home: Path, device: str) -> Iterator[RunningOnLinux]:
    """Make a home that watches one device, and run its daemon."""
    names = ["--home", str(home), "--cluster", "real", "--node", NODE]
    init_home([*names, "--kernel", "linux", "--device", device])
    daemon = RunningOnLinux(home)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.end()
