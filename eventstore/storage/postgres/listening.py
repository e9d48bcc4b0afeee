"""Hearing that a store on a server has grown, and whether a daemon has it.

What is heard says only that it is worth a look: what was appended is read from the log, so
nothing is lost with a notification, nor with the connection.
"""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import psycopg

from eventstore.storage.location import Database
from eventstore.storage.postgres.connection import connect, quoted
from eventstore.storage.postgres.reading import channel, lock_key

_SLICE_S = 0.1
"""How soon somebody is heard who closes it."""


class Listener:
    """A connection that waits for a store to grow."""

    def __init__(self, location: Database) -> None:
        self._location = location
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, closed: Event, seconds: float) -> None:
        """Wait until something was appended, at most so long, or until it is closed."""
        until = time.monotonic() + seconds
        while not closed.is_set() and (left := until - time.monotonic()) > 0:
            try:
                if any(self._listening().notifies(timeout=min(left, _SLICE_S), stop_after=1)):
                    return
            except psycopg.Error:
                self.close()
                closed.wait(min(left, _SLICE_S))

    def is_held(self) -> bool:
        """Tell whether somebody has the store alone, as a daemon does."""
        key = lock_key(self._location.schema) & 2**64 - 1
        query = (
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND mode = 'ExclusiveLock' AND classid::int8 = $1 AND objid::int8 = $2"
        )
        try:
            found = self._listening().execute(query, (key >> 32, key & 2**32 - 1)).fetchone()
        except psycopg.Error:
            self.close()
            return False
        return found is not None

    def _listening(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = connect(self._location)
            self._connection.execute(f"LISTEN {quoted(channel(self._location.schema))}")
        return self._connection

    def close(self) -> None:
        """Let go of the server."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
