"""Putting the tail of a log aside that is another one than the cluster's (B3).

What is set aside is kept: a copy of the whole store as it was, in a directory beside it, which is
never deleted by this program. Only after the copy is on stable storage is the tail taken out of
the log itself, in one transaction with what the core writes. The log's index, and keyframes
beyond the cut, go too: they are caches, and are made anew.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

from eventstore.storage.archive import Archive
from eventstore.storage.backup import back_up
from eventstore.storage.engine import dialect_of
from eventstore.storage.index import mark_again
from eventstore.storage.reader import side_check
from eventstore.storage.statements import writes

DIRECTORY = "aside"


def keep(database: Path, log: str, first: int, now_us: int) -> Path:
    """Copy a store, before its log is cut at `first`; return the copy.

    Raises:
        Rejected: there is such a copy already.
        Unavailable: the file system refuses.
    """
    directory = database.parent / DIRECTORY
    directory.mkdir(mode=0o750, exist_ok=True)
    kept = directory / f"{log}-@{first}-{now_us}.db"
    back_up(database, kept)
    return kept


def kept(database: Path) -> list[Path]:
    """Return what was set aside of a store, oldest first."""
    found = (database.parent / DIRECTORY).glob("*.db")
    return sorted(found, key=lambda path: path.stem.rpartition("-")[2])


def cut(driver: Any, log: str, first: int) -> None:
    """Take the commits from `first` on out of a log, inside a transaction."""
    driver.execute(f"DELETE FROM {log}_commits WHERE position >= ?", (first,))  # noqa: S608 ours
    driver.execute(f"DELETE FROM {log}_index")  # noqa: S608 ours
    for name in (log, mark_again(log)):
        driver.execute("DELETE FROM index_marks WHERE log = ?", (name,))
    driver.execute("DELETE FROM index_seals WHERE log = ?", (log,))
    for table in ("keyframes", "keyframe_slices"):
        driver.execute(
            f"DELETE FROM {table} WHERE log = ? AND position >= ?",  # noqa: S608 ours
            (log, first),
        )


def bring_back(driver: Any, archive: Archive, log: str, first: int) -> None:
    """Let no segment hold commits from `first` on, inside a transaction that cuts the log there.

    What such a segment has before `first` goes back into the live table.

    Raises:
        SegmentDamaged: the segment is missing, or not what was sealed.
    """
    for named in archive.all():
        if named.last < first:
            continue
        if named.first < first:
            kept = list(chain.from_iterable(archive.commits(named.first, first - 1)))
            driver.executemany(
                writes(dialect_of(driver)).commit_again[log],
                ((*commit, side_check(*commit[5:])) for commit in kept),
            )
        driver.execute("DELETE FROM segments WHERE log = ? AND first = ?", (log, named.first))
