"""What the tour stands on: two disks that come and go, and a daemon that can be killed.

Two kinds: loop devices announced by this machine's kernel (needs root), and the embedded monitor
with `vx lab` (needs nothing). Both carry out what they show.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cli import lab_processes
from cli.lab_cluster import STOP_DEADLINE_S, Lab
from cli.lab_monitor import CLUSTER, START_DEADLINE_S
from cli.lab_processes import Process
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

NODE = "node1"
DISK_BYTES = 1 << 30
DISKS = 2

LOOP_CTL_ADD = 0x4C80  # include/uapi/linux/loop.h
LOOP_CTL_REMOVE = 0x4C81
LOOPS = range(70, 250)
"""Far from those that `losetup --find` gives to others while the tour runs."""

NETLINK_KOBJECT_UEVENT = 15
ANNOUNCED_WITHIN_S = 2.0


class Shell(Protocol):
    """Where commands are run, and shown with what they print."""

    def run(self, line: str) -> str:
        """Run a command line, show it with its output, and return the output."""
        ...

    def show(self, line: str) -> None:
        """Show a command that was carried out already."""
        ...


class Ground(Protocol):
    """Two disks and a daemon. `home` is the daemon's; `devices` are the disks' names."""

    intro: str
    directory: Path
    home: Path
    devices: list[str]

    def begin(self, shell: Shell) -> None:
        """Make a home, and start the daemon."""
        ...

    def attach(self, shell: Shell, device: str) -> None:
        """Attach a disk."""
        ...

    def pull(self, shell: Shell, device: str) -> None:
        """Pull a disk."""
        ...

    def kill(self, shell: Shell) -> None:
        """End the daemon with SIGKILL."""
        ...

    def start(self, shell: Shell) -> None:
        """Start the daemon again."""
        ...

    def stop(self, shell: Shell) -> None:
        """Stop the daemon as an administrator would."""
        ...

    def end(self) -> None:
        """Stop every process, and give the devices back; the home stays."""
        ...

    def start_again(self) -> list[str]:
        """Return the commands that start it again, and stop it."""
        ...


def choose(directory: Path, *, monitor: bool = False) -> Ground:
    """Return the most real ground that this machine and this user allow."""
    if monitor:
        return MonitorGround(directory, "you asked for it")
    if os.geteuid() != 0:
        return MonitorGround(directory, "you are not root")
    if not Path("/dev/loop-control").exists() or shutil.which("losetup") is None:
        return MonitorGround(directory, "there are no loop devices here")
    try:
        return KernelGround(directory)
    except OSError as error:
        return MonitorGround(directory, f"loop devices do not work here ({error.strerror})")


class KernelGround:
    """Loop devices of this machine, announced by its kernel.

    Raises:
        OSError: there are none to be had, or the kernel does not announce them here.

    """

    intro = "Its disks are two loop devices: this machine's kernel announces them."

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / NODE
        self._numbers: list[int] = []
        self._process = Process(
            "vxconfigd",
            [sys.executable, "-P", "-m", "daemon", "--home", str(self.home)],
            directory / "vxconfigd.pid",
            self.home / "vxconfigd.log",
        )
        try:
            self._take_devices()
        except OSError:
            self.end()
            raise
        self.devices = [f"loop{number}" for number in self._numbers]

    def begin(self, shell: Shell) -> None:
        watched = " ".join(f"--device {device}" for device in self.devices)
        names = f"--home {self.home} --cluster tour --node {NODE}"
        shell.run(f"vxconfigd init {names} --kernel linux {watched}")
        self.start(shell)

    def attach(self, shell: Shell, device: str) -> None:
        shell.run(f"losetup /dev/{device} disk{self.devices.index(device)}.img")

    def pull(self, shell: Shell, device: str) -> None:
        shell.run(f"losetup --detach /dev/{device}")

    def kill(self, shell: Shell) -> None:
        pid = lab_processes.stop(self._process.pid_file, signal.SIGKILL, STOP_DEADLINE_S)
        shell.show(f"kill -KILL {pid}")

    def start(self, shell: Shell) -> None:
        lab_processes.start(self._process, self._is_serving, START_DEADLINE_S)
        shell.show(f"vxconfigd --home {self.home} &")

    def stop(self, shell: Shell) -> None:
        pid = lab_processes.stop(self._process.pid_file, signal.SIGTERM, STOP_DEADLINE_S)
        shell.show(f"kill {pid}")

    def end(self) -> None:
        lab_processes.stop(self._process.pid_file, signal.SIGKILL, STOP_DEADLINE_S)
        for number in self._numbers:
            if Path(f"/sys/block/loop{number}/loop").exists():
                _losetup("--detach", f"/dev/loop{number}")
            with suppress(OSError):
                _loop_control(LOOP_CTL_REMOVE, number)

    def start_again(self) -> list[str]:
        return [f"vxconfigd --home {self.home} &"]

    def _take_devices(self) -> None:
        """Make the devices and their files, and see that one of them is announced."""
        free = iter(LOOPS)
        while len(self._numbers) < DISKS:
            number = next(free, None)
            if number is None:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            with suppress(FileExistsError):  # another tour has it
                _loop_control(LOOP_CTL_ADD, number)
                self._numbers.append(number)
        for index in range(DISKS):
            with (self.directory / f"disk{index}.img").open("wb") as file:
                file.truncate(DISK_BYTES)
        device = f"/dev/loop{self._numbers[0]}"
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT) as listener:
            listener.bind((0, 1))
            listener.settimeout(ANNOUNCED_WITHIN_S)
            _losetup(device, str(self.directory / "disk0.img"))
            listener.recv(1 << 16)
        _losetup("--detach", device)

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
        self.intro = f"Its disks are the embedded monitor's, for {reason}."
        self.directory = directory
        self._lab = Lab(directory / CLUSTER)
        self._at = str(self._lab.directory)
        self.home = self._lab.home(NODE)
        self.devices = ["vxd0", "vxd1"]

    def begin(self, shell: Shell) -> None:
        shell.run(f"vx lab up {self._at} --disks 0")

    def attach(self, shell: Shell, device: str) -> None:
        shell.run(f"vx lab disk add {self._at} {device} --size 1g")

    def pull(self, shell: Shell, device: str) -> None:
        shell.run(f"vx lab disk pull {self._at} {device}")

    def kill(self, shell: Shell) -> None:
        self._lab.kill(NODE)  # at once: a command would need its time to start
        shell.show(f"vx lab kill {self._at} {NODE}")

    def start(self, shell: Shell) -> None:
        shell.run(f"vx lab start {self._at} {NODE}")

    def stop(self, shell: Shell) -> None:
        shell.run(f"vx lab down {self._at}")

    def end(self) -> None:
        if self._lab.exists:
            self._lab.down()

    def start_again(self) -> list[str]:
        return [f"vx lab up {self._at}", f"vx lab down {self._at}"]


def _losetup(*arguments: str) -> None:
    """Run losetup.

    Raises:
        OSError: it failed.

    """
    command = ["losetup", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        raise OSError(errno.EIO, done.stderr.strip() or "losetup failed")


def _loop_control(request: int, number: int) -> None:
    handle = os.open("/dev/loop-control", os.O_RDWR)
    try:
        fcntl.ioctl(handle, request, number)
    finally:
        os.close(handle)
