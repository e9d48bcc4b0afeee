"""Which commits carry a key: the newest in memory, the rest in a table.

Keys are what `eventstore.codec.index_keys` makes of a commit.

Entering every commit into the table at once would more than double what a small commit writes, so
entries wait in memory and go in batches, sorted, in the transaction of the commit that fills the
batch. After a restart the tail that was not entered yet is read from the commits themselves.

The table holds 64 bits of a hash of the key, so a lookup gives candidates: whoever reads the
commits must look whether they are what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

BATCH = 256
"""Commits that wait for the table at most; also what a reader must scan itself."""


def mark_again(log: str) -> str:
    """Return under which name it is written a second time how far the table of a log goes.

    If the two differ, neither is believed.
    """
    return f"{log}/again"


_TX = "tx/"
_TX_LENGTH = len(_TX) + 26


def key_hash(key: str) -> int:
    """Return the signed 64-bit form of a key in the table.

    An identifier of 26 characters begins with the time at which it was made, as ours do. Its form
    begins so too, lest each entry of a batch falls on another page of the table.
    """
    form = blake2b(key.encode(), digest_size=8).digest()
    if len(key) == _TX_LENGTH and key.startswith(_TX):
        time = 0
        for letter in key[5:13].encode("ascii", "replace"):  # one byte a letter
            time = time << 5 | letter & 31
        form = time.to_bytes(5) + form[:3]
    return int.from_bytes(form, signed=True)


class Pending:
    """The entries of one log that are not in the table yet."""

    __slots__ = ("_positions", "count", "from_start", "last")

    def __init__(self, last: int, *, from_start: bool) -> None:
        self.last = last
        self.from_start = from_start
        """Whether the table has nothing yet, and everything comes."""
        self.count = 0
        self._positions: dict[str, list[int]] = {}

    def add(self, position: int, keys: Iterable[str]) -> None:
        """Enter a commit that follows the last one."""
        for key in keys:
            self._positions.setdefault(key, []).append(position)
        self.last = position
        self.count += 1

    def positions(self, key: str) -> list[int]:
        """Return where a key occurs, ascending."""
        return self._positions.get(key, [])

    def rows(self) -> list[tuple[int, int]]:
        """Return the rows for the table, sorted so that they fall on few pages."""
        return sorted(
            {
                (key_hash(key), position)
                for key, positions in self._positions.items()
                for position in positions
            }
        )

    def clear(self) -> None:
        """Forget the entries, since the table has them."""
        self._positions.clear()
        self.count = 0
        self.from_start = False
