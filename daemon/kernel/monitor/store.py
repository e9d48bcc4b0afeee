"""monitor.json: what the monitor remembers, and its lock."""

import fcntl
import os
from pathlib import Path

import msgspec

from daemon.kernel.monitor import members as mb
from daemon.kernel.monitor.disks import FORMAT, Monitor
from eventstore.errors import Damaged, Unavailable, UnknownFormat

FILE = "monitor.json"
LOCK = "monitor.lock"

_WITHOUT_MEMBERS = 1


def load(directory: Path) -> Monitor | None:
    """Read the monitor of a directory; None if there is none yet.

    Raises:
        Damaged: the file is not what was written.
        UnknownFormat: a newer program wrote it.

    """
    file = directory / FILE
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        monitor = msgspec.json.decode(data, type=Monitor)
    except msgspec.DecodeError as error:
        raise Damaged(f"{file} cannot be read", cause=str(error)) from error
    if monitor.format == _WITHOUT_MEMBERS:
        membership = mb.found(monitor.nodes, monitor.boot_id)
        return msgspec.structs.replace(monitor, format=FORMAT, members=membership)
    if monitor.format != FORMAT:
        raise UnknownFormat("V-5-1-9016", f"{file} has format {monitor.format}, not {FORMAT}")
    return monitor


def save(directory: Path, monitor: Monitor) -> None:
    """Replace the file as a whole: after a crash it is the old one or the new one.

    Raises:
        OSError: it could not be written; the old one is there still.

    """
    data = msgspec.json.format(msgspec.json.encode(monitor, order="deterministic"), indent=2)
    temporary = directory / f"{FILE}.tmp"
    with temporary.open("wb") as file:
        file.write(data + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / FILE)
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(directory: Path) -> int:
    """Take the directory for this process; the lock lasts as long as the file is open.

    The file names the process, so that one which nobody remembers can be found.

    Raises:
        Unavailable: another monitor has it.

    """
    handle = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Unavailable(
            "V-5-1-9017", f"another monitor runs in {directory}", fix="stop it first"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle
