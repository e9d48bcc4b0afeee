"""From a log to the state after any of its commits."""

from __future__ import annotations

from eventstore.codec import UNREADABLE, decode_events, decode_stored
from eventstore.errors import Damaged, NotFound
from eventstore.model.evolve import HANDLERS, apply
from eventstore.model.objects import Change
from eventstore.model.state import State
from eventstore.model.upcast import OLD_EVENTS
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
    handlers = HANDLERS
    position, payload = low, b""
    try:
        for position, payload in reader.payloads(low, high):
            events = decode_events(payload, position) if OLD_EVENTS else decode_stored(payload)
            for event in events:
                handlers[type(event)](state, event)
    except UNREADABLE:
        decode_events(payload, position)
        raise
    except MISFITS as error:
        raise misfit(reader.name, position, error) from error
    return state


def misfit(log: str, position: int, error: Exception) -> Damaged:
    """Return the error for a commit whose events do not fit the state before it."""
    return Damaged(
        f"log {log}: commit @{position} does not fit the state before it",
        position=position,
        cause=f"{type(error).__name__}: {error}",
    )


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
        if position < 0:
            raise NotFound("V-5-1-7841", f"there is no commit @{position}")
        state, done = self._take(position)
        replay(self.reader, position, onto=state, low=done + 1)
        self._state, self._position = state, position
        return state

    def changes(self, low: int, high: int) -> tuple[State, list[Change]]:
        """Return the state after `high`, and what changed since `low`, which comes before it.

        Raises:
            NotFound: the log has no such commit.
        """
        self.state_at(low)
        state, _low = self._take(high)
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
        return (state, done) if done <= position else (self._state, 0)
