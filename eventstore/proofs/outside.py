"""Whether a log is the one that others know: places of it that are kept elsewhere, compared."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eventstore.bulk import Columns
from eventstore.codec import Commit
from eventstore.errors import Damaged
from eventstore.proofs.checks import Stop, stopped
from eventstore.proofs.heads import Outside
from eventstore.storage.reader import LogReader


class Compared(Struct, frozen=True):
    """A place that is known from outside, and whether the log is the same there."""

    source: str
    position: int
    hash: str
    same: bool


class OutsideCheck:
    """Compares commits with what is known of them from outside: heads that somebody kept."""

    def __init__(self, reader: LogReader, heads: Sequence[Outside]) -> None:
        self._reader = reader
        self._lineage = reader.lineage.hex()
        self._heads: dict[int, list[Outside]] = {}
        for head in heads:
            if head.lineage == self._lineage:
                self._heads.setdefault(head.position, []).append(head)
        self.known_to: int | None = None
        self.compared: list[Compared] = []

    def __call__(self, commit: Commit) -> None:
        """Compare the next commit.

        Raises:
            Damaged: it is another one.
        """
        for head in self._heads.pop(commit.position, ()):
            same = head.hash == commit.hash.hex()
            same = same and head.digest in ("", commit.digest.hex())
            self.compared.append(Compared(head.source, head.position, head.hash, same))
            if not same:
                known = "" if self.known_to is None else f"; up to @{self.known_to} it is the same"
                raise Damaged(
                    f"commit @{commit.position} is another one than {_whose(head)} says{known}",
                    position=commit.position,
                    cause=f"hash {commit.hash.hex()}, there {head.hash}",
                )
            self.known_to = commit.position

    def page(self, page: Columns) -> Stop | None:
        """Compare the commits that follow."""
        if self._heads.keys().isdisjoint(page.positions):
            return None
        return stopped(self, page)

    def begin(self, position: int) -> None:
        """Compare what was looked at before, up to a position.

        Raises:
            Damaged: it is another one.
        """
        for place in sorted(self._heads):
            if self._reader.first <= place <= position:
                self(self._reader.commit(place))

    def end(self, last: int) -> None:
        """Take that the log ends.

        Raises:
            Damaged: it was longer.
        """
        missing = [head for place in sorted(self._heads) for head in self._heads[place]]
        missing = [head for head in missing if head.position > last]
        if self._reader.is_slice:
            return  # what is behind it was left out
        self.compared += [
            Compared(one.source, one.position, one.hash, same=False) for one in missing
        ]
        if missing:
            raise Damaged(
                f"commits are gone: the log ends @{last}, and {_whose(missing[-1])} says "
                f"@{missing[-1].position}",
                position=last + 1,
            )


def _whose(head: Outside) -> str:
    return f"the head of {head.source}" if head.source else "a head from outside"
