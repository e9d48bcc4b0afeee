"""Ending the daemon that has a home, so that another can take its place (E5)."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

from eventstore.errors import Unavailable
from eventstore.storage.offline import LOCK

ORDERLY_S = 10.0
"""How long a daemon may take to stop; one that hangs is what a restart is for."""
KILLED_S = 10.0


def end_running(home: Path) -> int | None:
    """End the daemon of a home, and return its process ID; None if none runs.

    It is asked to stop, and killed if it does not: what it has promised is on the disk.

    Raises:
        Unavailable: it may not be signalled, or does not end.
    """
    lock = home / LOCK
    try:
        pid = int(lock.read_text())
        handle = os.pidfd_open(pid)
    except (OSError, OverflowError, ValueError):
        return None
    try:
        # With the handle in hand: from here on the number cannot become another process's.
        if not _has_open(pid, lock):
            return None
        for number, wait_s in ((signal.SIGTERM, ORDERLY_S), (signal.SIGKILL, KILLED_S)):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            if _ends(handle, wait_s):
                return pid
    except PermissionError as error:
        raise _stays(pid, "this user may not signal it", "ask as root") from error
    finally:
        os.close(handle)
    raise _stays(pid, f"it did not end within {KILLED_S:g} s", "see what it waits for")


def _has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open: a number that was given again does not have this one."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if link.samefile(path):
                return True
    return False


def _ends(handle: int, wait_s: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(wait_s * 1000))


def _stays(pid: int, cause: str, fix: str) -> Unavailable:
    return Unavailable(
        "V-5-1-7933",
        f"process {pid}, the daemon of this home, cannot be ended",
        cause=cause,
        fix=fix,
        rule="E5",
    )
