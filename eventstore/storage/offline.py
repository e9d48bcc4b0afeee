"""Reading a store without writing it, whether a daemon has it open or not.

A daemon holds the lock of its home. Where it is held, the store is read as it is, beside the
daemon. Where it is not, the store is read through a private copy of database and WAL, and the lock
is held for as long as the copying takes: a daemon that starts then waits for it, and not for the
question. A file that is in no home, and has no WAL, belongs to nobody and is read as it is.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from eventstore.errors import NotFound, Unavailable
from eventstore.storage import slices
from eventstore.storage.engines import database_engine
from eventstore.storage.location import Database, Location, located
from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS
from eventstore.storage.sqlite import reading
from eventstore.storage.sqlite_engine import SqliteReading
from eventstore.storage.upgrade import check_revision, revision_of

LOCK = "vxconfigd.lock"
"""In a home, beside the store."""


@contextmanager
def read_store(path: Location) -> Iterator[dict[str, LogReader]]:
    """Open both logs of a store read-only.

    Raises:
        NotFound: there is no such file.
        UnknownFormat: another version of this program wrote it.
        Damaged: it is not a store, or its structure is broken.
    """
    path = located(path)
    if isinstance(path, Database):
        with database_engine(path) as engine:
            yield {log: LogReader(engine, log) for log in LOGS}
        return
    if not path.is_file():
        raise NotFound("V-5-1-7840", f"{path}: no such log", fix="name a home, or its log.db")
    with ExitStack() as stack:
        source, alive = source_of(path, stack)
        immutable = not alive and not wal_path(source).exists()
        with reading(source, immutable=immutable) as connection:
            revision = revision_of(connection)
            if revision != slices.REVISION:
                check_revision(revision)
            found = SqliteReading(connection, path)
            readers = {log: LogReader(found, log) for log in LOGS}
            if revision == slices.REVISION:
                slices.place(connection, readers)
            yield readers


def wal_of(path: Path) -> bytes:
    """Return the bytes of a store's WAL: all that may come back, once nobody has it open."""
    try:
        return wal_path(path).read_bytes()
    except FileNotFoundError:
        return b""


def is_held(path: Path) -> bool:
    """Tell whether a daemon has the home of a store open."""
    try:
        lock = path.with_name(LOCK).open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        return True  # as `source_of` takes it
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def wal_path(path: Path) -> Path:
    """Return where the WAL of a store is, if it has one."""
    return path.with_name(f"{path.name}-wal")


def source_of(path: Path, stack: ExitStack) -> tuple[Path, bool]:
    """Return the file to open, and whether a daemon has it open."""
    try:
        lock = path.with_name(LOCK).open("rb")
    except FileNotFoundError:
        return (_copy(path, stack), False) if wal_path(path).exists() else (path, False)
    except PermissionError:
        return path, True
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return path, True
        return _copy(path, stack), False


def _copy(path: Path, stack: ExitStack) -> Path:
    """Copy a store to a directory that the stack removes.

    Raises:
        Unavailable: there is no room, or it cannot be read.
    """
    try:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="vx-log-"))
        copy = Path(directory) / path.name
        shutil.copyfile(path, copy)
        if wal_path(path).exists():
            shutil.copyfile(wal_path(path), wal_path(copy))
    except OSError as error:
        raise Unavailable(
            "V-5-1-12205",
            f"store {path} cannot be read",
            cause=f"no private copy of it: {error}",
            fix="make room, or name another directory in TMPDIR",
        ) from error
    return copy
