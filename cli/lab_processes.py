"""Processes that outlive the command that starts them: daemons and the monitor of a lab.

A process is remembered in a pid file together with the moment it began, so that a number that the
machine has given to another process since is never taken for ours. It is signalled through a
pidfd, which names that process and no other (pidfd_open(2)).
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from daemon.errors import RequestFailed

PAUSE_S = 0.02
LOG_TAIL_LINES = 20

# Meant for the process that a service manager started, not for those that it starts in turn.
_NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")


class Process(NamedTuple):
    """A kind of process that runs at most once in its directory."""

    name: str
    command: Sequence[str]
    pid_file: Path
    log: Path


class NotStarted(RequestFailed):
    """A process ended or did not answer in time; its log says why."""

    exit_code = 69


def start(process: Process, is_ready: Callable[[], bool], deadline_s: float) -> int:
    """Start a process in a session of its own, and return its pid once it is ready.

    Raises:
        NotStarted: it ended, or was not ready in time and was killed.

    """
    pid = _spawn(process)
    began = _began(pid)
    process.pid_file.write_text(f"{pid} {began}\n", encoding="ascii")
    try:
        _wait_until_ready(process, is_ready, deadline_s)
    except BaseException:  # also where the user interrupts: nothing half started is left behind
        stop(process.pid_file, signal.SIGKILL, deadline_s)
        _reap(pid)
        raise
    return pid


def running(pid_file: Path) -> int | None:
    """Return the pid of the process that the file remembers; None if it is not there."""
    with _opened(pid_file) as found:
        return found[0] if found else None


@contextmanager
def locked(lock: Path, deadline_s: float) -> Iterator[None]:
    """Hold a lock for as long as the context lasts.

    Raises:
        RequestFailed: somebody else holds it, and goes on holding it.

    """
    with lock.open("a", encoding="ascii") as file:
        if not comes_true(lambda: _takes(file.fileno()), deadline_s):
            raise RequestFailed(
                "V-5-1-9083",
                "another command is starting or stopping this lab",
                cause=f"it has held {lock} for {deadline_s:g} s",
                fix="wait until it has ended, and try again",
                exit_code=75,
            )
        yield


def comes_true(condition: Callable[[], bool], deadline_s: float) -> bool:
    """Wait for a condition; whether it holds by the end of the time."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE_S)
    return True


def _takes(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def stop_holder(lock: Path, number: signal.Signals, deadline_s: float) -> int | None:
    """Signal the process that holds a lock and wrote its pid into it; None if nobody does.

    For a process that no pid file remembers, as its starter was killed before it wrote one.

    Raises:
        RequestFailed: it is there still.

    """
    with suppress(FileNotFoundError), lock.open("r", encoding="ascii") as file:
        if _takes(file.fileno()):
            return None
        pid = int(file.read().strip() or 0)
        with suppress(ProcessLookupError):
            handle = os.pidfd_open(pid) if pid else None
            if handle is None:
                return None
            try:
                # With the pidfd in hand: who holds the lock now is whom the number names.
                if not _takes(file.fileno()):
                    _end(pid, handle, number, deadline_s)
                    return pid
            finally:
                os.close(handle)
    return None


def end_readers(home: Path, deadline_s: float) -> list[int]:
    """Kill the processes that a daemon of this home had beside it, and return their pids.

    They only read, and end by themselves some time after their daemon was killed.

    Raises:
        RequestFailed: one is there still.

    """
    ended = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and _reads(entry.name, home):
            pid = int(entry.name)
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                try:
                    if _reads(entry.name, home):  # still who it was, with the pidfd in hand
                        _end(pid, handle, signal.SIGKILL, deadline_s)
                        ended.append(pid)
                finally:
                    os.close(handle)
    return ended


def _reads(pid: str, home: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(home) in words and any(w.startswith(b"daemon.shell.") for w in words)


def _end(pid: int, handle: int, number: signal.Signals, deadline_s: float) -> None:
    signal.pidfd_send_signal(handle, number)
    if not _ends(handle, deadline_s):
        raise RequestFailed(
            "V-5-1-9032",
            f"process {pid} did not end within {deadline_s:g} s after {number.name}",
            fix="vx lab kill DIR NODE",
            exit_code=1,
        )


def stop(pid_file: Path, number: signal.Signals, deadline_s: float) -> int | None:
    """Signal a process, wait until it is gone, and return its pid; None if it was not there.

    Raises:
        RequestFailed: it is there still.

    """
    with _opened(pid_file) as found:
        if found is None:
            pid_file.unlink(missing_ok=True)
            return None
        pid, handle = found
        _end(pid, handle, number, deadline_s)
    _reap(pid)
    pid_file.unlink(missing_ok=True)
    return pid


def tail(log: Path) -> str:
    """Return the last lines of a log; empty if there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])


def _spawn(process: Process) -> int:
    process.log.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    environment = {k: v for k, v in os.environ.items() if k not in _NOT_INHERITED}
    return os.posix_spawn(
        process.command[0],
        list(process.command),
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(process.log), flags, 0o640),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        # Whatever the caller blocks or ignores (nohup, a background job), ours can be stopped.
        setsigmask=(),
        setsigdef=(signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM),
    )


def _wait_until_ready(process: Process, is_ready: Callable[[], bool], deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    while not is_ready():
        if running(process.pid_file) is None:
            raise _not_started(process, "it ended at once")
        if time.monotonic() > end:
            raise _not_started(process, f"it did not answer within {deadline_s:g} s")
        time.sleep(PAUSE_S)


def _not_started(process: Process, cause: str) -> NotStarted:
    said = tail(process.log)
    return NotStarted(
        "V-5-1-9031",
        f"{process.name} did not start" + (f"; it said last:\n{said}" if said else ""),
        cause=cause,
        fix=f"see {process.log}",
    )


@contextmanager
def _opened(pid_file: Path) -> Iterator[tuple[int, int] | None]:
    """Give pid and pidfd of the process that a file remembers; None if it is not there."""
    try:
        number, began = pid_file.read_text(encoding="ascii").split()
        pid = int(number)
        handle = os.pidfd_open(pid)
    except (OSError, OverflowError, ValueError):
        yield None
        return
    try:
        # Checked with the pidfd in hand: from here on the number cannot change its owner.
        yield (pid, handle) if _began(pid) == began and not _ends(handle, 0) else None
    finally:
        os.close(handle)


def _ends(handle: int, deadline_s: float) -> bool:
    """Whether a process ends within the time; one that nobody has waited for has ended too."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(deadline_s * 1000))


def _began(pid: int) -> str:
    """Return when a process began, in clock ticks since this boot: field 22 of proc(5)'s stat."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "gone"
    return f"{stat.rpartition(')')[2].split()[19]}@{boot}"


def _reap(pid: int) -> None:
    """Take the exit code of a child of ours, so that it does not stay as a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
