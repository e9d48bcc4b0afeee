"""Looking a log over beside the daemon: whether it is what was written; keyframes on the way.

A survey walks from a keyframe, or from the start, to the head; it checks each commit as
`proofs.verify` does, checks the keyframes that it comes by, and cuts those that are due or did
not hold. On the way from the start it also looks whether the index has every row, and then whether
its seals hold. It writes
nothing: what it finds it says, and the daemon does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from eventstore.codec import Commit
from eventstore.errors import Damaged, SegmentDamaged, StoreError
from eventstore.model.objects import OWN_HEADER
from eventstore.model.state import State
from eventstore.past.replay import nearest_keyframe, open_keyframe
from eventstore.proofs.checks import ChainCheck, ReplayCheck
from eventstore.storage.keyframes import (
    COMMITS_MIN,
    SHARE,
    Keyframe,
    NotWhole,
    cut,
    drop,
    write_last,
    write_slice,
)
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

_PIECE = 512
"""Commits read in one transaction: one that is held keeps the WAL from being written over."""
_BESIDE = 64
"""Bytes of a commit beside header, context and payload: its hash and digest."""


class Slice(Struct, frozen=True, tag="slice"):
    """Store this part of a keyframe to come."""

    log: str
    position: int
    number: int
    body: bytes


class Cut(Struct, frozen=True, tag="cut"):
    """Store the last slice of a keyframe, and its row, which makes it one."""

    frame: Keyframe
    body: bytes


class Dropped(Struct, frozen=True, tag="dropped"):
    """Remove a keyframe that does not hold, and say so."""

    log: str
    position: int
    why: str


class Lost(Struct, frozen=True, tag="lost"):
    """The index has lost rows (hash of a key, position): put them back."""

    log: str
    rows: tuple[tuple[int, int], ...]


class Unsealed(Struct, frozen=True, tag="unsealed"):
    """The index does not hold in a range, now that it has every row again: seal it anew."""

    log: str
    low: tuple[int, int]
    high: tuple[int, int]


class Damage(Struct, frozen=True, tag="damage"):
    """The log, by its name, is not what was written."""

    log: str
    position: int | None
    message: str
    cause: str | None


class Missing(Struct, frozen=True, tag="missing"):
    """A segment of a log, by its name, is not to be had: what is in it was not looked at."""

    log: str
    message: str
    cause: str | None


class Reached(Struct, frozen=True, tag="reached"):
    """Everything up to a position was looked at, and holds; `whole` if that began at the start."""

    log: str
    position: int
    whole: bool


class Done(Struct, frozen=True, tag="done"):
    """The head was reached; a keyframe is due no sooner than at `next_due`."""

    log: str
    position: int
    next_due: int
    whole: bool


Finding = Slice | Cut | Dropped | Lost | Unsealed | Damage | Missing | Reached | Done


def carry_out(store: Store, finding: Slice | Cut | Dropped | Lost | Unsealed) -> None:
    """Do what a finding asks for.

    Raises:
        AppendFailed: the disk did not take it; then there is no such keyframe.
    """
    match finding:
        case Slice(log, position, number, body):
            store.keep(lambda driver: write_slice(driver, log, position, number, body))
        case Cut(frame, body):
            store.keep(lambda driver: write_last(driver, frame, body))
        case Dropped(log, position):
            store.keep(lambda driver: drop(driver, log, position))
        case Lost(log, rows):
            store.enter_again(log, rows)
        case Unsealed(log, low, high):
            store.seal_again(log, low, high)


class Walk:
    """A log, commit by commit: what is before the next one was checked, and gives `state`.

    It begins with nothing, or behind a keyframe, whose own commit is checked.
    """

    def __init__(self, reader: LogReader, start: tuple[Keyframe, State] | None = None) -> None:
        if start is None:
            self._chain = ChainCheck(reader.lineage)
            self._replay = ReplayCheck(reader.name)
            self.position = self.last_change = 0
        else:
            frame, state = start
            before = reader.commit(frame.position - 1) if frame.position > 1 else None
            self._chain = ChainCheck(reader.lineage, before)
            self._chain(reader.commit(frame.position))
            known = int.from_bytes(frame.digest[1:])
            self._replay = ReplayCheck(reader.name, state, known)
            self.position, self.last_change = frame.position, frame.last_change

    @property
    def state(self) -> State:
        """The state after the last commit."""
        return self._replay.state

    @property
    def digest(self) -> int:
        """The digest of that state."""
        return self._replay.digest

    def take(self, commit: Commit) -> None:
        """Check the next commit, and apply it.

        Raises:
            Damaged: it does not hold.
        """
        self._chain(commit)
        self._replay(commit)
        self.position = commit.position
        if any(key != OWN_HEADER for key, _before, _after in self._replay.changes):
            self.last_change = commit.position


class _Spacing:
    """How far behind the last keyframe a walk is, and how far apart two should be."""

    def __init__(self, commits_min: int, size: int) -> None:
        self._commits_min = commits_min
        self.size = size
        self._commits = self._bytes = 0

    def add(self, commit: Commit) -> None:
        self._commits += 1
        context = 0 if commit.context is None else len(commit.context)
        self._bytes += len(commit.header) + context + len(commit.payload) + _BESIDE

    def due(self, size: int) -> bool:
        """Tell whether a keyframe of so many bytes may be cut; remember the size."""
        self.size = size
        return self._commits >= self._commits_min and self._bytes >= SHARE * size

    def begin(self, size: int) -> None:
        self.size, self._commits, self._bytes = size, 0, 0

    def left(self) -> int:
        """Return how many commits, as long as those so far, may follow before one is due."""
        each = max(1, self._bytes // max(1, self._commits))
        return max(1, self._commits_min - self._commits, (SHARE * self.size - self._bytes) // each)


def survey(reader: LogReader, *, whole: bool, commits_min: int = COMMITS_MIN) -> Iterator[Finding]:
    """Look a log over, from its start or from its newest keyframe; damage is the last word.

    A segment that is not to be had is none of the live log, which goes on without it.
    """
    try:
        yield from _Survey(reader, whole, commits_min).findings()
    except SegmentDamaged as error:
        yield Missing(reader.name, error.message, error.cause)
    except StoreError as error:
        where = error.position if isinstance(error, Damaged) else None
        yield Damage(reader.name, where, error.message, error.cause)


class _Survey:
    """One look at one log."""

    def __init__(self, reader: LogReader, whole: bool, commits_min: int) -> None:  # noqa: FBT001
        self._reader = reader
        start = None if whole else nearest_keyframe(reader, reader.last())
        self._walk = Walk(reader, start)
        self._whole = start is None
        self._spacing = _Spacing(commits_min, 0 if start is None else start[0].size)
        self._frames = {
            frame.position: frame
            for frame in reader.keyframes.all()
            if frame.position > self._walk.position
        }

    def findings(self) -> Iterator[Finding]:
        """Walk to the head, and say what is found.

        Raises:
            StoreError: the log is not what was written, or cannot be read.
        """
        yield from self._remains()
        yield from self._to_head()
        if self._whole:
            self._reader.check_structure()
            if self._reader.indexed_to():
                for low, high in self._reader.index.unsealed():
                    yield Unsealed(self._reader.log, low, high)
        for frame in self._frames.values():
            yield Dropped(frame.log, frame.position, "there is no such commit")
        at = self._walk.position
        yield Done(self._reader.log, at, at + self._spacing.left(), self._whole)

    def _remains(self) -> Iterator[Finding]:
        for position in self._reader.keyframes.unfinished():
            yield Dropped(self._reader.log, position, "it was never finished")

    def _to_head(self) -> Iterator[Finding]:
        reader, walk = self._reader, self._walk
        while walk.position < (last := reader.last()):
            low = walk.position + 1
            commits = list(reader.commits(low, min(last, low + _PIECE - 1)))
            if not commits:
                raise Damaged(f"log {reader.name}: commit @{low} is missing", position=low)
            for commit in commits:
                walk.take(commit)
                self._spacing.add(commit)
                yield from self._at(commit)
            if self._whole and (rows := reader.missing_entries(commits)):
                yield Lost(reader.log, tuple(rows))
            yield Reached(reader.log, walk.position, self._whole)

    def _at(self, commit: Commit) -> Iterator[Finding]:
        """Look at the keyframe of a commit, or cut one, if it is due."""
        frame = self._frames.pop(commit.position, None)
        if frame is None:
            if self._spacing.due(self._spacing.size):
                yield from self._cut(commit)
            return
        try:
            open_keyframe(self._reader, frame)
            self._spacing.begin(frame.size)
        except NotWhole as fault:
            yield Dropped(frame.log, frame.position, str(fault))
            yield from self._cut(commit, anyway=True)

    def _cut(self, commit: Commit, *, anyway: bool = False) -> Iterator[Finding]:
        reader, walk, position = self._reader, self._walk, commit.position
        place = Keyframe(reader.log, position, commit.hash, commit.digest, walk.last_change)
        try:
            frame, slices = cut(reader.lineage, place, walk.state)
        except NotWhole as fault:
            yield Dropped(reader.log, position, str(fault))
            return
        if not anyway and not self._spacing.due(frame.size):
            return
        for number, body in enumerate(slices[:-1]):
            yield Slice(reader.log, position, number, body)
        yield Cut(frame, slices[-1])
        self._spacing.begin(frame.size)
