"""Checking commits in order: that they chain, and that they give the states that were recorded.

A check takes one commit, or a page of them at once, and says of a page how many commits of it
hold: that of each field of many commits at once is most of what makes `verify` fast.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple, Protocol

from msgspec.structs import astuple

from eventstore.bulk import Columns, columns
from eventstore.codec import (
    UNREADABLE,
    ZERO_HASH,
    Commit,
    chain,
    content_hashes_hold,
    contents_hold,
    decode_events,
    decode_header,
    decode_headers,
    decode_stored,
)
from eventstore.errors import Damaged, StoreError
from eventstore.model import digest
from eventstore.model.events import AnyEvent
from eventstore.model.evolve import STORED_HANDLERS
from eventstore.model.objects import Change
from eventstore.model.state import State
from eventstore.past.replay import MISFITS, misfit


class Stop(NamedTuple):
    """How many commits of a page hold, and what is wrong with the one behind them."""

    good: int
    error: StoreError


class Check(Protocol):
    """What looks at commits in order; of nothing behind a stop."""

    def page(self, page: Columns) -> Stop | None:
        """Check the commits that follow; None if all of them hold."""


def stopped(check: Callable[[Commit], None], page: Columns) -> Stop | None:
    """Check the commits of a page one by one; None if all of them hold."""
    for good, commit in enumerate(page.commits()):
        try:
            check(commit)
        except StoreError as error:
            return Stop(good, error)
    return None


class ChainCheck:
    """Checks commits against each other: all of a log, or those behind one of it."""

    def __init__(
        self, lineage: bytes, after: Commit | None = None, before: bytes = ZERO_HASH
    ) -> None:
        self._lineage = lineage
        self._hash = before if after is None else after.hash
        self._time_us = 0 if after is None else decode_header(after.header).time_us

    def __call__(self, commit: Commit) -> None:
        """Check the next commit.

        Raises:
            Damaged: it does not hold.
        """
        position, header = commit.position, commit.header
        if chain(self._hash, header) != commit.hash:
            raise Damaged(f"commit @{position} is not what was written", position=position)
        if not content_hashes_hold(commit):
            raise Damaged(
                f"commit @{position}: payload or context is not what was written",
                position=position,
            )
        found = decode_header(header)
        if found.position != position or found.lineage != self._lineage:
            raise Damaged(
                f"commit @{position} belongs elsewhere",
                position=position,
                cause=f"its header says @{found.position} of log {found.lineage.hex()}",
            )
        if found.time_us < self._time_us:
            raise Damaged(f"commit @{position}: time goes back", position=position)
        self._hash, self._time_us = commit.hash, found.time_us

    def page(self, page: Columns) -> Stop | None:
        """Check the commits that follow, column by column; one by one if any does not hold."""
        if self._holds(page):
            return None
        return stopped(self, page)

    def _holds(self, page: Columns) -> bool:
        """Tell whether all is well with all of them, and go on behind them then."""
        headers, hashes = page.headers, page.hashes
        chained = [
            sha256(before + header).digest()
            for before, header in zip((self._hash, *hashes[:-1]), headers, strict=True)
        ]
        if chained != list(hashes) or not contents_hold(headers, page.contexts, page.payloads):
            return False
        try:
            found = decode_headers(headers)
        except StoreError:
            return False
        _formats, lineages, positions, _tx, times, *_rest = zip(*map(astuple, found), strict=True)
        if (
            positions != tuple(page.positions)
            or lineages != (self._lineage,) * len(found)
            or sorted((self._time_us, *times)) != [self._time_us, *times]
        ):
            return False
        self._hash, self._time_us = hashes[-1], times[-1]
        return True


class ReplayCheck:
    """Replays commits onto a state (the empty one), and compares digests."""

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
        done, error = self._applied(columns((commit,)))
        if error is not None:
            raise error
        self.changes = done[0]
        self._digest.update(self.changes)
        return digest.stored(self.digest) == commit.digest

    def __call__(self, commit: Commit) -> None:
        """Apply the next commit.

        Raises:
            Damaged: it does not fit, or the digest after it is another.
        """
        if not self.take(commit):
            raise another_state(commit, digest.stored(self.digest))

    def page(self, page: Columns) -> Stop | None:
        """Apply the commits that follow; after a stop, the state is one of nothing."""
        done, error = self._applied(page)
        found = list(map(digest.stored, self._digest.through(done)))
        if found != list(page.digests[: len(done)]):
            pairs = zip(found, page.digests, strict=False)
            good = [mine == recorded for mine, recorded in pairs].index(False)
            return Stop(good, another_state(page.commits()[good], found[good]))
        if error is not None:
            return Stop(len(done), error)
        self.changes = done[-1] if done else []
        return None

    def _applied(self, page: Columns) -> tuple[list[list[Change]], StoreError | None]:
        """Apply commits; return the changes of each, and why there are no more."""
        state, handlers = self.state, STORED_HANDLERS
        found, error = self._decoded(page)
        done = list[list[Change]]()
        try:
            for events in found:
                changes = list[Change]()
                for event in events:
                    changes += handlers[type(event)](state, event)
                done.append(changes)
        except MISFITS as misfits:
            error = misfit(self._log, page.positions[len(done)], misfits)
            error.__cause__ = misfits
        return done, error

    def _decoded(self, page: Columns) -> tuple[list[list[AnyEvent]], StoreError | None]:
        """Return the events of commits, and why there are no more."""
        with suppress(*UNREADABLE):
            return list(map(decode_stored, page.payloads)), None
        found = list[list[AnyEvent]]()
        for position, payload in zip(page.positions, page.payloads, strict=True):
            try:
                found.append(decode_events(payload, position))
            except StoreError as error:
                return found, error
        return found, None


def another_state(commit: Commit, found: bytes) -> Damaged:
    """Return the error for a commit that gives another state than was recorded."""
    return Damaged(
        f"commit @{commit.position}: replay gives another state than was recorded",
        position=commit.position,
        cause=f"digest {found.hex()}, recorded {commit.digest.hex()}",
    )
