"""Loop devices over sparse files: disks that the real kernel announces.

Loop devices belong to the whole machine. Each is taken by `losetup` itself, and given back when
the context ends, whatever happened in it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SECTOR_BYTES = 512

needs_loop_devices = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists() or not shutil.which("losetup"),
    reason="needs root, /dev/loop-control and losetup",
)


class LoopDisk:
    """A sparse file that can be attached, detached and grown."""

    def __init__(self, file: Path, sectors: int) -> None:
        self.file = file
        self.device = ""
        self._truncate(sectors)

    @property
    def name(self) -> str:
        """The name in /sys/block, while attached."""
        return self.device.removeprefix("/dev/")

    def attach(self) -> str:
        """Attach to a free loop device and return its name, such as "loop0"."""
        command = ["losetup", "--find", "--show", str(self.file)]
        problem = ""
        for _ in range(20):  # another process can take the free one first
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                self.device = done.stdout.strip()
                return self.name
            problem = done.stderr
        raise RuntimeError(problem)

    def detach(self) -> None:
        """Detach, if attached."""
        if self.device:
            subprocess.run(["losetup", "--detach", self.device], check=True)
            self.device = ""

    def grow(self, sectors: int) -> None:
        """Make the file longer and tell the kernel."""
        self._truncate(sectors)
        subprocess.run(["losetup", "--set-capacity", self.device], check=True)

    def announce(self, times: int = 1) -> None:
        """Make the kernel send synthetic change uevents."""
        uevent = Path("/sys/block") / self.name / "uevent"
        for _ in range(times):
            uevent.write_text("change")

    def _truncate(self, sectors: int) -> None:
        with self.file.open("ab") as file:
            file.truncate(sectors * SECTOR_BYTES)


@contextmanager
def loop_disk(file: Path, sectors: int = 20480) -> Iterator[LoopDisk]:
    """A disk that is not attached yet."""
    disk = LoopDisk(file, sectors)
    try:
        yield disk
    finally:
        disk.detach()
