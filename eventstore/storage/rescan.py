"""The index of a log made anew from its commits, in memory: for who finds that it does not hold.

One look at all commits, then as fast as the index itself; what is appended meanwhile is looked at
when something is asked. Nothing of it is kept: the survey mends the index in the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eventstore.storage.sqlite import in_memory


class Rescanned:
    """Where keys occur, up to a position."""

    def __init__(self) -> None:
        self.upto = 0
        self._database: Any = in_memory()
        self._database.execute(
            "CREATE TABLE found (key INTEGER, position INTEGER, PRIMARY KEY (key, position)) "
            "WITHOUT ROWID"
        )

    def extend(self, commits: Iterable[tuple[int, Iterable[int]]]) -> None:
        """Take (position, hashes of keys) of the commits that follow."""
        for position, keys in commits:
            self._database.executemany(
                "INSERT OR IGNORE INTO found VALUES (?, ?)", [(key, position) for key in keys]
            )
            self.upto = position

    def positions(self, key: int) -> list[int]:
        """Return where the hash of a key occurs, ascending."""
        found = self._database.execute(
            "SELECT position FROM found WHERE key = ? ORDER BY position", (key,)
        )
        return [position for (position,) in found]
