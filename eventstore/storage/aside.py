"""Putting the tail of a log aside that is another one than the cluster's (B3).

What is set aside is kept: a copy of the whole store as it was, in a directory beside it, which is
never deleted by this program. Only after the copy is on stable storage is the tail taken out of
the log itself (`eventstore.storage.cutting`).
"""

from __future__ import annotations

from pathlib import Path

from eventstore.storage.backup import back_up

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
