"""From a log to the state after any of its commits: the nearest keyframe, and what follows it."""

from __future__ import annotations

from eventstore.codec import UNREADABLE, Commit, decode_events, decode_stored
from eventstore.errors import Damaged, NotFound, StoreError, UnknownFormat
from eventstore.model import digest
from eventstore.model.evolve import STORED_HANDLERS, apply
from eventstore.model.objects import AnyRecord, Change, Key
from eventstore.model.state import State
from eventstore.storage.keyframes import Keyframe, NotWhole
from eventstore.storage.reader import LogReader

MISFITS = (LookupError, AttributeError, TypeError)
"""What `evolve` ends with where an event and the state before it do not belong together."""


def replay(reader: LogReader, high: int, *, onto: State | None = None, low: int = 1) -> State:
    """Apply the commits from `low` to `high`, both included, to a state (default: the empty one).

    Raises:
        UnknownFormat: an event is of a kind or version that this program does not know.
        Damaged: a commit cannot be read, or does not fit the state before it.
    """
    state = State() if onto is None else onto
    handlers = STORED_HANDLERS
    position, payload = low, b""
    try:
        for position, payload in reader.payloads(low, high):  # noqa: B007 the handlers name them
            for event in decode_stored(payload):
                handlers[type(event)](state, event)
    except UNREADABLE:
        decode_events(payload, position)
        raise
    except MISFITS as error:
        raise misfit(reader.name, position, error) from error
    return state


def digest_from_start(reader: LogReader, high: int, then: Commit | None = None) -> bytes:
    """Return the digest that a replay from the first commit gives, no keyframe used (G3).

    `then` is applied after the last one: a commit that the log does not have yet.

    Raises:
        UnknownFormat, Damaged: as `replay`.
    """
    state = replay(reader, high)
    if then is not None:
        try:
            apply(state, decode_events(then.payload, then.position))
        except MISFITS as error:
            raise misfit(reader.name, then.position, error) from error
    return digest.stored(digest.of_state(state))


def misfit(log: str, position: int, error: Exception) -> Damaged:
    """Return the error for a commit whose events do not fit the state before it."""
    return Damaged(
        f"log {log}: commit @{position} does not fit the state before it",
        position=position,
        cause=f"{type(error).__name__}: {error}",
    )


def open_keyframe(reader: LogReader, frame: Keyframe) -> State:
    """Return the state in a keyframe: what the log gives at its commit, as far as was recorded.

    Raises:
        NotWhole: it is not, or cannot be told.
    """
    try:
        commit = reader.commit(frame.position)
    except StoreError as error:
        raise NotWhole(f"its commit cannot be read: {error.message}") from error
    check_place(frame, commit)
    keyframes = reader.keyframes
    state = keyframes.open(frame)
    if frame.seal not in keyframes.proven:
        check_state(frame, state)
        keyframes.proven.add(frame.seal)
    return state


def check_place(frame: Keyframe, commit: Commit) -> None:
    """Look whether a keyframe belongs to a commit, and claims the digest that stands beside it.

    Raises:
        NotWhole: it belongs to another one.
    """
    if (frame.commit_hash, frame.digest) != (commit.hash, commit.digest):
        raise NotWhole("it belongs to another commit")


def check_state(frame: Keyframe, state: State) -> None:
    """Look whether the state in a keyframe has the digest that it claims.

    Raises:
        NotWhole: it is another state.
    """
    if digest.stored(digest.of_state(state)) != frame.digest:
        raise NotWhole("its state has another digest than was recorded")


def nearest_keyframe(
    reader: LogReader, position: int, low: int = 0
) -> tuple[Keyframe, State] | None:
    """Return the last keyframe that holds, behind `low` and not behind `position`, if any."""
    while (frame := reader.keyframes.nearest(position)) is not None and frame.position > low:
        try:
            return frame, open_keyframe(reader, frame)
        except NotWhole:
            reader.keyframes.passed_over.add(frame.position)
            position = frame.position - 1
    return None


class Replayer:
    """States of one log at chosen positions; it goes on from the last one where it can."""

    def __init__(self, reader: LogReader) -> None:
        self.reader = reader
        self._state = State()
        self._position = 0

    def state_at(self, position: int) -> State:
        """Return the state after a commit; it is the caller's, to look at, until the next call.

        Raises:
            NotFound: the log has no such commit.
        """
        if position > self.reader.last():
            self.reader.commit(position)
        if position < self.reader.first - 1:
            raise NotFound("V-5-1-7841", f"there is no commit @{position}")
        state, done = self._take(position)
        replay(self.reader, position, onto=state, low=done + 1)
        self._state, self._position = state, position
        return state

    def keep(self, state: State, position: int) -> None:
        """Go on from here: a state that somebody else has brought so far."""
        self._state, self._position = state, position

    def changes(self, low: int, high: int) -> tuple[State, list[Change]]:
        """Return the state after `high`, and what changed since `low`, which comes before it.

        Raises:
            NotFound: the log has no such commit.
        """
        state = self.state_at(low)
        self._state, self._position = State(), 0
        frame = self.reader.keyframes.nearest(high)
        if frame is not None and frame.position - low > frame.records:
            after = self.state_at(high)
            return after, _compared(state, after)
        changes: list[Change] = []
        for commit in self.reader.commits(low + 1, high):
            events = decode_events(commit.payload, commit.position)
            try:
                changes += apply(state, events)
            except MISFITS as error:
                raise misfit(self.reader.name, commit.position, error) from error
        self._state, self._position = state, high
        return state, changes

    def _take(self, position: int) -> tuple[State, int]:
        """Return the state to go on from and its position; until it is given back there is none.

        An error on the way leaves a state that belongs to no position; it is not used again.
        """
        state, done = self._state, self._position
        self._state, self._position = State(), 0
        if done > position:
            state, done = self._state, 0
        frame = self.reader.keyframes.nearest(position)
        if frame is not None and (
            frame.position - done > frame.records // _RECORDS_A_COMMIT
            or done + 1 < self.reader.first
        ):
            found = nearest_keyframe(self.reader, position, done)
            if found is not None:
                return found[1], found[0].position
        if done + 1 < self.reader.first:
            raise UnknownFormat(
                "V-5-1-9271",
                f"log {self.reader.name}: there is no state to begin with",
                cause=f"it is a slice from @{self.reader.first} on, and another version of this "
                "program wrote the state that it begins with",
                fix="read it with the version that made it, or make it anew from the start",
            )
        return state, done


def before_slice(reader: LogReader, key: Key) -> AnyRecord | None:
    """Return a record as it was where a slice of a log begins; None where nothing was left out."""
    if reader.first == 1:
        return None
    if reader.beginning is None:
        reader.beginning = Replayer(reader).state_at(reader.first)
    state: State = reader.beginning
    return state.get(key)


_RECORDS_A_COMMIT = 4
"""Records that are decoded and entered into the indexes in the time that a commit is replayed."""


def _compared(before: State, after: State) -> list[Change]:
    """Return what leads from one state to another."""
    changes: list[Change] = []
    for record in after.records():
        key = (record.space, record.rid)
        was = before.get(key)
        if was != record:
            changes.append((key, was, record))
    for record in before.records():
        key = (record.space, record.rid)
        if after.get(key) is None:
            changes.append((key, record, None))
    return changes
