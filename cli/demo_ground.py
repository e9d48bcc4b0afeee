"""What the tour stands on: two disks that come and go, and a daemon that can be killed.

Two kinds: loop devices announced by this machine's kernel (needs root), and the embedded monitor
with `vx lab` (needs nothing).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cli import lab_processes
from cli.lab_cluster import CLUSTER, START_DEADLINE_S, STOP_DEADLINE_S, Lab
from cli.lab_processes import Process
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

NODE = "node1"
DISK_BYTES = 1 << 30

LOOP_CTL_ADD = 0x4C80  # include/uapi/linux/loop.h
LOOP_CTL_REMOVE = 0x4C81
FIRST_LOOP = 70
LAST_LOOP = 250
"""Far from those that `losetup --find` gives to others while the tour runs."""


class Ground(Protocol):
    """Two disks and a daemon. `home` is the daemon's; `devices` are the disks' names."""

    intro: str
    directory: Path
    home: Path
    devices: list[str]

    def begin(self) -> list[str]:
        """Make a home and start the daemon; return the commands that do this."""
        ...

    def attach(self, device: str) -> str:
        """Attach a disk, and return the command that does it."""
        ...

    def pull(self, device: str) -> str:
        """Pull a disk, and return the command that does it."""
        ...

    def kill(self) -> str:
        """End the daemon with SIGKILL, and return the command that does it."""
        ...

    def start(self) -> str:
        """Start the daemon again, and return the command that does it."""
        ...

    def end(self) -> None:
        """Stop every process, and give the devices back; the home stays."""
        ...

    def hints(self) -> list[str]:
        """Return how to start it again: commands."""
        ...


def choose(directory: Path) -> Ground:
    """Return the most real ground that this machine and this user allow."""
    reason = ""
    if os.geteuid() != 0:
        reason = "you are not root"
    elif not Path("/dev/loop-control").exists() or shutil.which("losetup") is None:
        reason = "there are no loop devices here"
    else:
        try:
            return KernelGround(directory)
        except OSError as error:
            reason = f"loop devices cannot be made here ({error.strerror})"
    return MonitorGround(directory, reason)


class KernelGround:
    """Loop devices of this machine, announced by its kernel.

    Raises:
        OSError: there are none to be had.

    """

    intro = "Disks: two loop devices; this machine's kernel announces what happens to them."

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / NODE
        self._numbers: list[int] = []
        try:
            for number in range(FIRST_LOOP, LAST_LOOP):
                if len(self._numbers) < 2 and not Path(f"/sys/block/loop{number}").exists():  # noqa: PLR2004 two disks
                    _loop_control(LOOP_CTL_ADD, number)
                    self._numbers.append(number)
        except OSError:
            self.end()
            raise
        self.devices = [f"loop{number}" for number in self._numbers]
        self._process = Process(
            "vxconfigd",
            [sys.executable, "-P", "-m", "daemon", "--home", str(self.home)],
            directory / "vxconfigd.pid",
            self.home / "vxconfigd.log",
        )

    def begin(self) -> list[str]:
        watched = [part for device in self.devices for part in ("--device", device)]
        names = ["--home", str(self.home), "--cluster", "tour", "--node", NODE]
        arguments = ["init", *names, "--kernel", "linux", *watched]
        program = Path(sys.executable).parent / "vxconfigd"
        subprocess.run([program, *arguments], check=True, cwd=self.directory)  # noqa: S603 ours
        for device in self.devices:
            with self._file(device).open("wb") as file:
                file.truncate(DISK_BYTES)
        return [" ".join(["vxconfigd", *arguments]), self.start()]

    def attach(self, device: str) -> str:
        return self._losetup(f"/dev/{device}", self._file(device).name)

    def pull(self, device: str) -> str:
        return self._losetup("--detach", f"/dev/{device}")

    def kill(self) -> str:
        pid = lab_processes.stop(self._process.pid_file, signal.SIGKILL, STOP_DEADLINE_S)
        return f"kill -KILL {pid}"

    def start(self) -> str:
        lab_processes.start(self._process, self._is_serving, START_DEADLINE_S)
        return f"vxconfigd --home {self.home} &"

    def end(self) -> None:
        if hasattr(self, "_process"):
            lab_processes.stop(self._process.pid_file, signal.SIGTERM, STOP_DEADLINE_S)
        for number in self._numbers:
            subprocess.run(  # noqa: S603 fixed words
                ["losetup", "--detach", f"/dev/loop{number}"],  # noqa: S607 the user's PATH
                check=False,
                capture_output=True,
            )
            with suppress(OSError):
                _loop_control(LOOP_CTL_REMOVE, number)

    def hints(self) -> list[str]:
        return [f"vxconfigd --home {self.home} &"]

    def _file(self, device: str) -> Path:
        return self.directory / f"disk{self.devices.index(device) + 1}.img"

    def _losetup(self, *arguments: str) -> str:
        subprocess.run(["losetup", *arguments], check=True, cwd=self.directory)  # noqa: S603, S607
        return " ".join(["losetup", *arguments])

    def _is_serving(self) -> bool:
        try:
            with Client(str(self.home / "vxconfigd.sock"), START_DEADLINE_S) as client:
                answer = client.ask(control.ping())
        except RequestFailed:
            return False
        data = answer.get("data")
        return isinstance(data, dict) and data.get("state") == "serving"


class MonitorGround:
    """Disks of the embedded monitor, in a lab."""

    def __init__(self, directory: Path, reason: str) -> None:
        self.intro = f"Disks: the embedded monitor's, for {reason}."
        self.directory = directory
        self._lab = Lab(directory / CLUSTER)
        self.home = self._lab.home(NODE)
        self.devices = ["vxd0", "vxd1"]

    def begin(self) -> list[str]:
        self._lab.up([NODE], 0, 0)
        return [f"vx lab up {self._lab.directory} --disks 0"]

    def attach(self, device: str) -> str:
        self._lab.monitor.disk("add", device, None, DISK_BYTES // 512)
        return f"vx lab disk add {self._lab.directory} {device}"

    def pull(self, device: str) -> str:
        self._lab.monitor.disk("pull", device, None)
        return f"vx lab disk pull {self._lab.directory} {device}"

    def kill(self) -> str:
        self._lab.kill(NODE)
        return f"vx lab kill {self._lab.directory} {NODE}"

    def start(self) -> str:
        self._lab.start(NODE)
        return f"vx lab start {self._lab.directory} {NODE}"

    def end(self) -> None:
        if self._lab.exists:
            self._lab.down()

    def hints(self) -> list[str]:
        return [f"vx lab up {self._lab.directory}", f"vx lab down {self._lab.directory}"]


def _loop_control(request: int, number: int) -> None:
    control_file = os.open("/dev/loop-control", os.O_RDWR)
    try:
        fcntl.ioctl(control_file, request, number)
    finally:
        os.close(control_file)
