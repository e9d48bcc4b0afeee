"""Whether a log is what was written, and gives the states that were recorded.

Without replay: every row, the chain of hashes, the hashes of context and payload, positions
without a gap, one lineage, times that never go back. With replay also that every commit fits the
state before it, and that the state's digest after it is the recorded one.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from eventstore.codec import (
    ZERO_HASH,
    Commit,
    chain,
    content_hashes_hold,
    decode_events,
    decode_header,
)
from eventstore.errors import Damaged, StoreError
from eventstore.model import digest
from eventstore.model.evolve import apply
from eventstore.model.objects import Change
from eventstore.model.state import State
from eventstore.replay import MISFITS, misfit
from eventstore.storage.reader import LogReader


class Verdict(Struct, frozen=True):
    """What was found; `first_bad` is the first position that does not hold, None if all do."""

    log: str
    commits: int
    head_hash: str
    first_bad: int | None
    problem: str | None
    checked: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Tell whether everything holds."""
        return self.problem is None


def verify(reader: LogReader, *, with_replay: bool) -> Verdict:
    """Check a whole log.

    Raises:
        Damaged: the database's own structure is broken; it names the first commit that cannot be
            read.
    """
    checks: list[Callable[[Commit], None]] = [ChainCheck(reader.lineage)]
    if with_replay:
        checks.append(ReplayCheck(reader.name))
    count, last_hash = 0, ZERO_HASH
    checked = ("rows", "chain", "content", *(("replay", "digest") if with_replay else ()))
    try:
        for commit in reader.commits():
            for check in checks:
                check(commit)
            count, last_hash = commit.position, commit.hash
        reader.check_structure()
    except StoreError as error:
        if "store damaged" in error.message:
            raise
        where = getattr(error, "position", None) or count + 1
        why = error.message if error.cause is None else f"{error.message}: {error.cause}"
        return Verdict(reader.name, count, last_hash.hex(), where, why, checked)
    return Verdict(reader.name, count, last_hash.hex(), None, None, checked)


class ChainCheck:
    """Checks commits in order, against each other: all of a log, or those behind one of it."""

    def __init__(self, lineage: bytes, after: Commit | None = None) -> None:
        self._lineage = lineage
        self._hash = ZERO_HASH if after is None else after.hash
        self._time_us = 0 if after is None else decode_header(after.header).time_us

    def __call__(self, commit: Commit) -> None:
        """Check the next commit.

        Raises:
            Damaged: it does not hold.
        """
        position = commit.position
        if chain(self._hash, commit.header) != commit.hash:
            raise Damaged(f"commit @{position} is not what was written", position=position)
        if not content_hashes_hold(commit):
            raise Damaged(
                f"commit @{position}: payload or context is not what was written",
                position=position,
            )
        header = decode_header(commit.header)
        if header.position != position or header.lineage != self._lineage:
            raise Damaged(
                f"commit @{position} belongs elsewhere",
                position=position,
                cause=f"its header says @{header.position} of log {header.lineage.hex()}",
            )
        if header.time_us < self._time_us:
            raise Damaged(f"commit @{position}: time goes back", position=position)
        self._hash, self._time_us = commit.hash, header.time_us


class ReplayCheck:
    """Replays commits in order onto a state (the empty one), and compares digests."""

    def __init__(self, log: str, state: State | None = None, digest_before: int = 0) -> None:
        self._log = log
        self.state = State() if state is None else state
        self._digest = digest.Running(digest_before, whole=state is None)
        self.changes: list[Change] = []
        """What the last commit changed."""

    @property
    def digest(self) -> int:
        """Return the digest after the last commit."""
        return self._digest.value

    def take(self, commit: Commit) -> bool:
        """Apply the next commit, and tell whether it gives the recorded digest.

        Raises:
            Damaged: it does not fit.
        """
        events = decode_events(commit.payload, commit.position)
        try:
            self.changes = apply(self.state, events)
        except MISFITS as error:
            raise misfit(self._log, commit.position, error) from error
        self._digest.update(self.changes)
        return digest.stored(self.digest) == commit.digest

    def __call__(self, commit: Commit) -> None:
        """Apply the next commit.

        Raises:
            Damaged: it does not fit, or the digest after it is another.
        """
        if not self.take(commit):
            found = digest.stored(self.digest)
            raise Damaged(
                f"commit @{commit.position}: replay gives another state than was recorded",
                position=commit.position,
                cause=f"digest {found.hex()}, recorded {commit.digest.hex()}",
            )
