"""A file system so small that a test fills it, and can make larger."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A mounted file system of some MiB, of whoever the directory is."""

    def __init__(self, directory: Path, mib: int) -> None:
        self.directory = directory
        owner = directory.stat()
        self._mount(f"size={mib}m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}")

    def grow(self, mib: int) -> None:
        self._mount(f"remount,size={mib}m")

    def _mount(self, how: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", how, "vxtest", str(self.directory)]
        subprocess.run(command, check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.directory], check=True)


@contextmanager
def small_disk(directory: Path, mib: int) -> Iterator[SmallDisk]:
    """A disk that is mounted on a directory."""
    disk = SmallDisk(directory, mib)
    try:
        yield disk
    finally:
        disk.unmount()
