"""What a store does with what it keeps: commits out to a segment, contexts out for good.

Each is a transaction of its own on the one connection that writes (`Store.keep`).
"""

from __future__ import annotations

from typing import Any

from eventstore.storage.archive import Named, check_next, take_out
from eventstore.storage.schema import tables
from eventstore.storage.store import Store


def archive(store: Store, named: Named) -> None:
    """Take commits out of a log that a segment holds, which was read back, and name it.

    Raises:
        Conflict: the segment does not hold what comes next.
        SegmentDamaged: it is missing, or not what was sealed.
        AppendFailed: the disk refused; the log is as before.
    """
    reader = store.logs[named.log]
    check_next(reader.archive, named, reader.commit(named.last).hash)
    store.keep(lambda driver: take_out(driver, named))
    reader.archive.last()


def name_anew(store: Store, before: Named, after: Named) -> None:
    """Name another segment for the same commits; it was read back.

    Raises:
        AppendFailed: the disk refused; the log is as before.
    """
    store.keep(
        lambda driver: driver.execute(
            "UPDATE segments SET seal = ?, name = ?, directory = ?, size = ? "
            "WHERE log = ? AND first = ? AND seal = ?",
            (*after[3:], *before[:2], before.seal),
        )
    )


def redact(store: Store, log: str, position: int) -> None:
    """Take the context of a commit out of the live table, and off the disk.

    Raises:
        AppendFailed: the disk refused; it is to be done again.
    """

    def work(driver: Any) -> None:
        driver.execute(
            f"UPDATE {tables[log].commits.name} SET context = NULL WHERE position = ?",  # noqa: S608 ours
            (position,),
        )

    store.engine.erased(lambda: store.keep(work))


def compact(store: Store) -> None:
    """Give back the room of what was taken out; it takes long, and nobody else may wait.

    Raises:
        AppendFailed: the disk refused; the logs are as before.
    """
    store.engine.compact()
