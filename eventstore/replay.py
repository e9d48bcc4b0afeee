"""From a log to the state after any of its commits."""

from __future__ import annotations

from msgspec import DecodeError

from eventstore.codec import decode_events, decode_stored
from eventstore.errors import Damaged, NotFound
from eventstore.model.evolve import HANDLERS
from eventstore.model.state import State
from eventstore.model.upcast import OLD_EVENTS
from eventstore.storage.reader import LogReader


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
    except DecodeError:
        decode_events(payload, position)
        raise
    except (KeyError, AttributeError) as error:
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
        """Return the state after a commit; it is the caller's until the next call.

        Raises:
            NotFound: the log has no such commit.
        """
        if position > self.reader.last():
            self.reader.commit(position)
        if position < 0:
            raise NotFound("V-5-1-7841", f"there is no commit @{position}")
        if position < self._position:
            self._state, self._position = State(), 0
        replay(self.reader, position, onto=self._state, low=self._position + 1)
        self._position = position
        return self._state
