"""A copy of a store, made while a daemon writes it, and without writing anything there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pysqlite3.dbapi2 as driver

from eventstore.errors import NotFound, Rejected, Unavailable
from eventstore.storage.archive import Archive, directory_of
from eventstore.storage.copying import copy_store
from eventstore.storage.flushing import flush
from eventstore.storage.location import Database, Location, located
from eventstore.storage.offline import source_of, wal_of
from eventstore.storage.schema import LOGS
from eventstore.storage.sqlite import reading, translated
from eventstore.storage.sqlite_engine import SqliteReading

_PAGES = 4096
"""Copied at a time, of one snapshot: in WAL mode a reader's snapshot holds up no writer."""


def back_up(
    source: Location, target: Path, told: Callable[[int, int], None] | None = None
) -> None:
    """Copy a store as of one moment to a new file; the file is whole, or it is not there.

    `told` hears meanwhile how many pages of how many are copied.

    Raises:
        NotFound: there is no such store.
        Rejected: the target exists already.
        Damaged: the source is no store, or its structure is broken.
        Unavailable: one of the file systems refuses.
    """
    found = located(source)
    if isinstance(found, Path) and not found.is_file():
        raise NotFound("V-5-1-7840", f"{source}: no such log", fix="name a home, or its log.db")
    if target.exists():
        raise Rejected(
            "V-5-1-7864", f"{target} exists already", fix="name a file that does not exist yet"
        )
    part = target.with_name(f"{target.name}.part")
    try:
        if isinstance(found, Database):
            _from_database(found, part, told)
        else:
            with ExitStack() as stack:
                _copy(source_of(found, stack)[0], part, told)
                _copy_segments(part, found, target)
        part.rename(target)
        flush(target.parent)
    except OSError as error:
        raise Unavailable(
            "V-5-1-7865", f"{target} could not be written", cause=str(error), fix="make room there"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def take_private(
    source: Location, target: Path, told: Callable[[int, int], None] | None = None
) -> None:
    """Copy a store's files as they are, WAL included, to a place of the caller's own.

    Beside a daemon, whose files are never still, it is a copy as of one moment. Nothing is written
    where the store is, not even what a reader leaves there.

    Raises:
        NotFound, Damaged, Unavailable: as `back_up`.
    """
    source = located(source)
    if isinstance(source, Database):
        back_up(source, target, told)
        return
    if not source.is_file():
        raise NotFound("V-5-1-7840", f"{source}: no such log", fix="name a home, or its log.db")
    with ExitStack() as stack:
        found, alive = source_of(source, stack)
        if alive:
            back_up(source, target, told)
            return
        try:
            shutil.copyfile(found, target)
            target.with_name(f"{target.name}-wal").write_bytes(wal_of(found))
            if directory_of(source).is_dir():
                shutil.copytree(directory_of(source), directory_of(target))
        except OSError as error:
            raise Unavailable(
                "V-5-1-12205",
                f"store {source} cannot be copied",
                cause=str(error),
                fix="make room, or ask as who may read it",
            ) from error


def _copy_segments(copied: Path, source: Path, target: Path) -> None:
    """Put the segments that a copy names beside what it is going to be, before it is."""
    with reading(copied, immutable=True) as connection:
        for log in LOGS:
            archive = Archive(SqliteReading(connection, source).driver, log, source)
            for named in archive.all():
                beside = directory_of(target)
                beside.mkdir(mode=0o750, exist_ok=True)
                copy = beside / named.name
                # As bytes: another name for the same file would keep what is redacted there later.
                copy.write_bytes(archive.opened(named).path.read_bytes())
                copy.chmod(0o640)
                flush(copy)
    if directory_of(target).is_dir():
        flush(directory_of(target))


def _from_database(
    source: Database, target: Path, told: Callable[[int, int], None] | None
) -> None:
    """Make an ordinary file of a store on a server; commits that are archived are in it again."""
    for rest in ("", "-wal", "-shm"):
        target.with_name(f"{target.name}{rest}").unlink(missing_ok=True)
    target.touch(mode=0o640)
    copy_store(source, target, told)
    with translated(f"store {target}"):
        copy = driver.connect(str(target), isolation_level=None)
        try:
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
        except driver.Error:
            copy.close()
            raise
        copy.close()
    flush(target)


def _copy(source: Path, target: Path, told: Callable[[int, int], None] | None) -> None:
    """Copy to a file without a WAL, readable by those who may read the log, and flush it."""

    def tell(_status: int, left: int, total: int) -> None:
        if told is not None:
            told(total - left, total)

    target.unlink(missing_ok=True)
    target.touch(mode=0o640)
    with translated(f"store {target}"), reading(source) as connection:
        original = connection.connection.driver_connection
        copy = driver.connect(str(target), isolation_level=None)
        try:
            connection.exec_driver_sql("BEGIN")
            original.backup(  # type: ignore[union-attr]
                copy,
                pages=_PAGES,
                progress=tell,
            )
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
        finally:
            copy.close()
    flush(target)
