"""Taking the tail of a log out, in one transaction with what the core writes (B3).

A copy of the store was kept before (`eventstore.storage.aside`). The log's index, and keyframes
beyond the cut, go too: they are caches, and are made anew.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

from eventstore.storage.archive import Archive
from eventstore.storage.engine import dialect_of
from eventstore.storage.index import mark_again
from eventstore.storage.reader import side_check
from eventstore.storage.statements import writes


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
