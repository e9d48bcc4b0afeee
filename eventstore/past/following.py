"""What followers are told: every commit after a position, in pieces, with names.

A name is the one that an object had when the commit was made: names are looked up as of the
piece's beginning, and learned from its own commits from there on.
"""

from __future__ import annotations

import weakref
from typing import Any

from eventstore.codec import Commit, decode_context, decode_events, decode_header
from eventstore.errors import NotFound
from eventstore.model.events import AnyEvent, IntervalUnknown, PlexDissociated, touched
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Key, rid_text
from eventstore.past.replay import before_slice
from eventstore.past.summary import summary
from eventstore.present.differences import event_row
from eventstore.present.views import Row
from eventstore.storage.reader import LogReader
from eventstore.text import iso

PIECE_MAX = 256
"""Commits in one piece: some hundred kilobytes, unless single commits are large."""

_FACTS_MAX = 200_000
"""What is remembered from one piece to the next: some tens of megabytes."""

_LEARNED = ("name", "volume", "device_name")


def piece(reader: LogReader, after: int, count: int) -> list[Row]:
    """Return up to `count` commits that follow a position.

    Raises:
        NotFound: the log does not reach that position.
    """
    last = reader.last()
    if after > last:
        raise NotFound(
            "V-5-1-7841",
            f"log {reader.name} has no commit @{after}",
            cause=f"its last one is @{last}: this is not the log that was followed",
            fix="begin again, without a cursor",
        )
    facts = _facts_at(reader, after)
    high = min(last, after + min(count, PIECE_MAX))
    rows: list[Row] = []
    for commit in reader.commits(max(after + 1, reader.first), high):
        rows.append(_row(commit, facts))
        facts.behind = commit.hash
    return rows


def _facts_at(reader: LogReader, after: int) -> _Facts:
    """Return what is known at a position: what the piece before learned, if it ended here."""
    behind = reader.commit(after).hash if after >= reader.first else reader.before
    facts = _KNOWN.get(reader)
    if facts is None or facts.behind != behind or len(facts) > _FACTS_MAX:
        facts = _KNOWN[reader] = _Facts(reader.name, weakref.proxy(reader), after, behind)
    return facts


class _Facts:
    """What the events of a log said last about an object: its name, its volume, its device."""

    def __init__(self, log: str, reader: LogReader, before: int, behind: bytes) -> None:
        self.log = log
        self.behind = behind
        """The hash of the last commit that was learned from: it is over all before it."""
        self._reader = reader
        self._before = before
        self._known: dict[tuple[Key, str], Any] = {}
        self._tail: dict[str, list[int]] | None = None

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, event: AnyEvent) -> None:
        """Take what an event says."""
        for key in touched(event):
            for field in _LEARNED:
                value = getattr(event, field, None)
                if value is not None:
                    self._known[key, field] = value
            if isinstance(event, PlexDissociated):
                self._known[key, "volume"] = 0

    def of(self, key: Key, field: str) -> Any:
        """Return what was said last; None if nothing was."""
        if (key, field) not in self._known:
            self._known[key, field] = self._said_before(key, field)
        return self._known[key, field]

    def name(self, key: Key) -> str:
        """Return ``DG/NAME``, ``DG``, a device's name, or the record ID if nothing named it."""
        if key == (NODE_SPACE, HEADER_RID):
            return self.log
        own = self.of(key, "name")
        if own is None:
            return rid_text(key)
        if key[1] == HEADER_RID or key[0] == NODE_SPACE:
            return str(own)
        return f"{self.of((key[0], HEADER_RID), 'name') or key[0]}/{own}"

    def _said_before(self, key: Key, field: str) -> Any:
        for position in reversed(self._positions(rid_text(key))):
            if position > self._before:
                continue
            events = decode_events(self._reader.commit(position).payload, position)
            for event in reversed(events):
                value = getattr(event, field, None)
                if value is not None and key in touched(event):
                    return value
        return getattr(before_slice(self._reader, key), field, None)

    def _positions(self, key: str) -> list[int]:
        """Return where a key may occur; the tail that is in no table is read once for all."""
        if self._tail is None:
            self._tail = {}
            for position, keys in self._reader.unindexed():
                for one in keys:
                    self._tail.setdefault(one, []).append(position)
        return sorted({*self._reader.indexed(key), *self._tail.get(key, ())})


def _row(commit: Commit, facts: _Facts) -> Row:
    header, context = decode_header(commit.header), decode_context(commit.context)
    events = decode_events(commit.payload, commit.position)
    rows = []
    for event in events:
        facts.learn(event)
        rows.append({**event_row(event), **_place(event, facts)})
    return {
        "log": facts.log,
        "lineage": header.lineage.hex(),
        "position": commit.position,
        "shared_position": header.shared_position,
        "tx": header.tx,
        "hash": commit.hash.hex(),
        "time": iso(header.time_us),
        "node": header.node,
        "actor": context.actor.user or context.actor.program or None,
        "pid": context.actor.pid or None,
        "command": context.command or None,
        "message": context.message or None,
        "events": rows,
        "objects": list(dict.fromkeys(row["object"] for row in rows if row["object"])),
        "summary": summary(events, facts.name),
        "gap": next((_gap(e) for e in events if isinstance(e, IntervalUnknown)), None),
    }


def _gap(event: IntervalUnknown) -> Row:
    """Return from when to when nothing was observed: what happened then is in no log."""
    return {
        "since": iso(event.since_us),
        "until": iso(event.until_us),
        "reason": event.reason,
    }


def _place(event: AnyEvent, facts: _Facts) -> Row:
    """Return which object an event is about, in which group, volume and device."""
    keys = touched(event)
    if not keys:
        return {"object": None, "dg": None}
    key = keys[0]
    group = None if key[0] == NODE_SPACE else facts.of((key[0], HEADER_RID), "name")
    place: Row = {"object": facts.name(key), "dg": group}
    name = type(event).__name__
    if name.startswith("Plex"):
        volume = facts.of(key, "volume")
        place["volume_name"] = facts.of((key[0], volume), "name") if volume else None
    if name.startswith("Disk") and key[1] != HEADER_RID and key[0] != NODE_SPACE:
        place["device_name"] = facts.of(key, "device_name")
    return place


_KNOWN: weakref.WeakKeyDictionary[LogReader, _Facts] = weakref.WeakKeyDictionary()
"""Where the last piece of each reader ended: who reads on finds the names that it learned."""
