"""The process that clears away what a test's PostgreSQL servers leave, however the test ended.

It waits for the end of its standard input, which comes when the test closes it or is killed; then
it ends every process that works in the directory, and removes the directory. It is run by path
and imports nothing of the project; what ends processes is imported by the tests too.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

_IPC_RMID = 0
_MNT_DETACH = 2
_PAUSE_S = 0.01


def working_in(directory: Path) -> set[int]:
    """The processes whose current directory is there: every process of a server is in its data."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
                if (entry / "cwd").readlink().is_relative_to(directory):
                    found.add(int(entry.name))
    return found


def kill_all(directory: Path) -> None:
    """Kill what works in a directory, the postmasters first, and return when nothing does."""
    for file in directory.glob("**/postmaster.pid"):
        pid = int(file.read_text().split("\n", 1)[0])
        if pid in working_in(directory):  # the file outlives a server that was killed
            _kill(pid)
    while left := working_in(directory):
        for pid in left:
            _kill(pid)
        time.sleep(_PAUSE_S)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def release_memory(directory: Path) -> None:
    """Give back the System V segments that servers that were killed hold."""
    for file in directory.glob("**/postmaster.pid"):
        words = file.read_text().split("\n")[6:7]
        if words and len(words[0].split()) == 2:
            ctypes.CDLL(None).shmctl(int(words[0].split()[1]), _IPC_RMID, None)


def unmount(directory: Path) -> None:
    """Unmount the file systems that a test mounted below a directory."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        where = line.split()[1]
        if Path(where).is_relative_to(directory):
            ctypes.CDLL(None).umount2(where.encode(), _MNT_DETACH)


def clear(directory: Path) -> None:
    """Leave nothing of the servers in a directory."""
    kill_all(directory)
    release_memory(directory)
    unmount(directory)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    clear(Path(sys.argv[1]))
