"""What is shipped of a log next, and whether it may be: the pure part of an archive.

A packer walks a log from where the archive ends: every commit has to be chained to the one
before, hold what its header says, fit the state, and give the digest that was recorded. What is
kept beside the commits is made on the way: keys, keyframes, and where objects came and went. It
writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventstore.codec import ZERO_HASH, Commit, decode_events, decode_header, index_keys
from eventstore.errors import Damaged, StoreError
from eventstore.model import digest
from eventstore.model.events import AnyEvent, ContextRedacted
from eventstore.model.objects import Awaited, Change
from eventstore.model.state import State
from eventstore.proofs.checks import ChainCheck, ReplayCheck
from eventstore.storage.fleet.arriving import Parcel, Seen
from eventstore.storage.fleet.months import month_of
from eventstore.storage.index import key_hash
from eventstore.storage.keyframes import COMMITS_MIN, SHARE, Keyframe, NotWhole, cut
from eventstore.storage.reader import LogReader

COMMITS_MAX = 2000
BYTES_MAX = 4 << 20
"""In one parcel: half a second of one transaction, so that nobody waits long for the head."""


class Packer:
    """Packs one log, parcel by parcel; after an error it is of no use."""

    def __init__(self, reader: LogReader, after: Commit | None, state: State) -> None:
        """Begin behind a commit, in the state after it; both are believed from here on.

        Raises:
            Damaged: the state has another digest than was recorded.
        """
        self.reader = reader
        self.position = 0 if after is None else after.position
        self.hash = ZERO_HASH if after is None else after.hash
        self._chain = ChainCheck(reader.lineage, after)
        if after is None:
            self._replay = ReplayCheck(reader.name)
        else:
            known = digest.of_state(state)
            if digest.stored(known) != after.digest:
                raise Damaged(
                    f"log {reader.name}: the state at @{after.position} is another than was "
                    "recorded",
                    position=after.position,
                )
            self._replay = ReplayCheck(reader.name, state, known)
        self._month = None if after is None else month_of(decode_header(after.header).time_us)
        self._since = self._bytes = self._frame_bytes = 0

    @property
    def state(self) -> State:
        """The state after the last commit that was packed."""
        return self._replay.state

    def next(self) -> Parcel | None:
        """Return what comes next, None if that is nothing.

        Raises:
            StoreError: a commit does not hold, or cannot be read; nothing is packed from there on.
        """
        commits, size = list[Commit](), 0
        for commit in self.reader.commits(self.position + 1, self.position + COMMITS_MAX):
            commits.append(commit)
            size += _size(commit)
            if size >= BYTES_MAX:
                break
        return self._packed(commits) if commits else None

    def skip(self, position: int) -> None:
        """Go on to a position without packing: somebody else has shipped what is before it.

        Raises:
            StoreError: a commit does not hold, or cannot be read.
        """
        for commit in self.reader.commits(self.position + 1, position):
            self._chain(commit)
            self._replay(commit)
            self._due(commit, decode_header(commit.header).time_us)
            self.position, self.hash = commit.position, commit.hash

    def _packed(self, commits: Sequence[Commit]) -> Parcel:
        times, touches = list[int](), list[Sequence[int]]()
        keyframes, redactions = list[tuple[Keyframe, bytes]](), list[tuple[int, bytes]]()
        objects: dict[tuple[str, int, str], Seen] = {}
        for commit in commits:
            self._chain(commit)
            self._replay(commit)
            header = decode_header(commit.header)
            events = decode_events(commit.payload, commit.position)
            times.append(header.time_us)
            touches.append(sorted({key_hash(key) for key in index_keys(header.tx, events)}))
            _note(objects, commit.position, header.time_us, self._replay.changes)
            redactions += self._redactions(commit.position, events)
            if self._due(commit, header.time_us) and (made := self._cut(commit)) is not None:
                keyframes.append(made)
        self.position, self.hash = commits[-1].position, commits[-1].hash
        return Parcel(commits, times, touches, keyframes, list(objects.values()), redactions)

    def _due(self, commit: Commit, time_us: int) -> bool:
        """Whether a commit gets a keyframe: the first of its month does, whatever it costs."""
        month, before = month_of(time_us), self._month
        self._month = month
        self._since += 1
        self._bytes += _size(commit)
        spaced = self._since >= COMMITS_MIN and self._bytes >= SHARE * self._frame_bytes
        return month != before or spaced

    def _cut(self, commit: Commit) -> tuple[Keyframe, bytes] | None:
        made = frame_of(self.reader, commit, self.state)
        if made is not None:
            self._since = self._bytes = 0
            self._frame_bytes = made[0].size
        return made

    def _redactions(self, position: int, events: Sequence[AnyEvent]) -> list[tuple[int, bytes]]:
        return [
            (event.position, bytes.fromhex(event.hash))
            for event in events
            if isinstance(event, ContextRedacted)
            and event.position < position
            and self._may_go(event.position)
        ]

    def _may_go(self, position: int) -> bool:
        """Whether a commit's context may go: one that records a redaction keeps its own."""
        try:
            events = decode_events(self.reader.commit(position).payload, position)
        except StoreError:
            return True
        return not any(isinstance(event, ContextRedacted) for event in events)


def frame_of(reader: LogReader, commit: Commit, state: State) -> tuple[Keyframe, bytes] | None:
    """Return the keyframe of a state after a commit; None if the state cannot be put into one."""
    place = Keyframe(reader.log, commit.position, commit.hash, commit.digest, commit.position)
    try:
        frame, slices = cut(reader.lineage, place, state)
    except NotWhole:
        return None
    return frame, b"".join(slices)


def _size(commit: Commit) -> int:
    context = 0 if commit.context is None else len(commit.context)
    return len(commit.header) + context + len(commit.payload) + 64


def _note(
    objects: dict[tuple[str, int, str], Seen],
    position: int,
    time_us: int,
    changes: Sequence[Change],
) -> None:
    """Note what a commit did to objects, each under the name that it had."""
    for key, before, after in changes:
        for record, is_there in ((before, False), (after, True)):
            name = getattr(record, "name", "")
            if record is None or not name or isinstance(record, Awaited):
                continue
            known = objects.get((*key, name))
            first = (position, time_us) if known is None else known[4:6]
            tag: Any = type(record).__struct_config__.tag
            objects[*key, name] = Seen(*key, name, str(tag), *first, position, time_us, is_there)
