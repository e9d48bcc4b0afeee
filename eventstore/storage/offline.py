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
from contextlib import contextmanager
from pathlib import Path

from eventstore.errors import NotFound
from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS
from eventstore.storage.sqlite import reading
from eventstore.storage.upgrade import check_revision, revision_of

LOCK = "vxconfigd.lock"
"""In a home, beside the store."""


@contextmanager
def read_store(path: Path) -> Iterator[dict[str, LogReader]]:
    """Open both logs of a store read-only.

    Raises:
        NotFound: there is no such file.
        UnknownFormat: another version of this program wrote it.
        Damaged: it is not a store, or its structure is broken.
    """
    if not path.is_file():
        raise NotFound("V-5-1-7840", f"{path}: no such log", fix="name a home, or its log.db")
    with tempfile.TemporaryDirectory(prefix="vx-log-") as private:
        source, alive = source_of(path, Path(private))
        immutable = not alive and not _wal(source).exists()
        with reading(source, immutable=immutable) as connection:
            check_revision(revision_of(connection))
            yield {log: LogReader(connection, log) for log in LOGS}


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def source_of(path: Path, private: Path) -> tuple[Path, bool]:
    """Return the file to open, and whether a daemon has it open."""
    try:
        lock = path.with_name(LOCK).open("rb")
    except FileNotFoundError:
        return (_copy(path, private), False) if _wal(path).exists() else (path, False)
    except PermissionError:
        return path, True
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return path, True
        return _copy(path, private), False


def _copy(path: Path, private: Path) -> Path:
    copy = private / path.name
    shutil.copyfile(path, copy)
    if _wal(path).exists():
        shutil.copyfile(_wal(path), _wal(copy))
    return copy
