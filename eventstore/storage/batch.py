"""What goes into one transaction of a store, and what of it belongs there.

A batch places each entry behind its log's head: a draft is sealed there, a commit has to follow,
and one that is there already has to be the same. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import time_ns
from typing import Any, NamedTuple

from eventstore.codec import Commit, Draft, Entry, Head, chain, head_after, seal
from eventstore.errors import Conflict, StoreError
from eventstore.storage.engine import Row
from eventstore.storage.index import BATCH, Pending
from eventstore.storage.reader import LogReader, side_check


def row(commit: Commit, check: int) -> Row:
    """Return what the driver is given of a commit.

    It takes a bytearray as it is, in a sixth of the time that it needs for bytes: for those it
    looks for an adapter first.
    """
    position, header, context, payload, commit_hash, digest, term, applied_us = commit
    return (
        position,
        bytearray(header),
        None if context is None else bytearray(context),
        bytearray(payload),
        bytearray(commit_hash),
        bytearray(digest),
        term,
        applied_us,
        check,
    )


class Request(NamedTuple):
    """What one caller wants in one transaction."""

    entries: tuple[Entry, ...]
    hard_state: bytes | None
    flush: bool = True
    cached: Callable[[Any], None] | None = None


@dataclass
class Placed:
    """What a flush writes, and what it says to each request."""

    batch: Batch
    outcomes: list[tuple[list[Commit] | None, StoreError | None]]
    body: bytes | None = None

    def only(self, pending: Mapping[str, Pending]) -> Row | None:
        """Return the row, where all that is to be written is one commit, and no index."""
        if self.body is not None or len(self.batch.rows) != 1:
            return None
        ((log, rows),) = self.batch.rows.items()
        return rows[0] if len(rows) == 1 and pending[log].count < BATCH else None


def placed(
    requests: Sequence[Request], heads: Mapping[str, Head], logs: Mapping[str, LogReader]
) -> Placed:
    """Place what several callers want behind the heads; one's conflict is no other's."""
    found = Placed(Batch(heads, logs), [])
    for request in requests:
        try:
            found.outcomes.append((found.batch.add(request.entries), None))
            found.body = request.hard_state or found.body
        except StoreError as error:
            found.outcomes.append((None, error))
    return found


class Batch:
    """Rows by log, and the heads after them."""

    def __init__(self, heads: Mapping[str, Head], logs: Mapping[str, LogReader]) -> None:
        self.heads = dict(heads)
        self.rows: dict[str, list[Row]] = {}
        self.keys: list[tuple[str, int, tuple[str, ...]]] = []
        self._logs = logs
        self._new: dict[tuple[str, int], Commit] = {}
        self._now_us = time_ns() // 1000

    def add(self, entries: Sequence[Entry]) -> list[Commit]:
        """Add one caller's entries, all or none; return them as they will be stored.

        Raises:
            Conflict: something else is at that position, or there is a gap before it.
        """
        heads = dict(self.heads)
        new: dict[tuple[str, int], Commit] = {}
        placed = [self._place(heads, new, entry) for entry in entries]
        for entry, (commit, is_new) in zip(entries, placed, strict=True):
            if is_new:
                check = side_check(commit.digest, commit.term, commit.applied_us)
                self.rows.setdefault(entry.log, []).append(row(commit, check))
                self.keys.append((entry.log, commit.position, entry.keys))
        self.heads = heads
        self._new.update(new)
        return [commit for commit, _is_new in placed]

    def _place(
        self, heads: dict[str, Head], new: dict[tuple[str, int], Commit], entry: Entry
    ) -> tuple[Commit, bool]:
        head = heads[entry.log]
        item = entry.item
        if isinstance(item, Draft):
            item = seal(head, item, self._now_us)
        elif item.position <= head.position:
            place = (entry.log, item.position)
            there = new.get(place) or self._new.get(place)
            return self._again(head, entry.log, item, there), False
        elif item.position > head.position + 1:
            raise not_next(head, entry.log, item)
        elif chain(head.hash, item.header) != item.hash:
            raise _conflict(head, entry.log, item, "it does not follow from the last commit")
        heads[entry.log] = head_after(head, item)
        new[entry.log, item.position] = item
        return item, True

    def _again(self, head: Head, log: str, item: Commit, there: Commit | None) -> Commit:
        """Accept a commit that is there already, or in this flush; nothing else in its place."""
        if there is None:
            there = self._logs[log].commit(item.position)
        if there.hash == item.hash:
            return there
        raise _conflict(head, log, item, "another commit is there")


def not_next(head: Head, log: str, item: Commit) -> Conflict:
    """Return the error for a commit that does not begin where its log ends."""
    return _conflict(head, log, item, f"there is nothing at @{head.position + 1}")


def _conflict(head: Head, log: str, item: Commit, why: str) -> Conflict:
    return Conflict(
        "V-5-1-12207",
        f"log {log}: a commit cannot be stored at @{item.position}",
        cause=f"{why}; the log ends at @{head.position}",
        fix="compare the two logs ('vx verify --against')",
    )
