"""Following a log by reading it, without asking its daemon: of a home that is served, or a file.

A store that a daemon has open is read beside it; one that nobody has open is looked at again when
its files change. Either way what is told comes from the log alone, so it is what every other
follower is told. It never writes, and holds no lock while it waits.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import NamedTuple

from eventstore.cursors import Cursor
from eventstore.past.following import PIECE_MAX
from eventstore.past.resuming import Place, stand, woven
from eventstore.shapes import Commit, Heartbeat, commit_of
from eventstore.source import DATABASE, Source, log_at, open_log, opened
from eventstore.storage.engines import listener
from eventstore.storage.fleet.naming import is_archive
from eventstore.storage.location import Database
from eventstore.storage.offline import is_held, wal_path

POLL_SERVER_S = 1.0
"""A server says itself when a log has grown; this is for when that is not heard."""
POLL_S = 0.05
"""How late a commit may be told; a look at a log that did not grow costs some 0.1 ms."""

_Stamp = tuple[int, int, int, int]


class Asked(NamedTuple):
    """Where to begin, and when to speak or to end, in seconds; None for never."""

    places: tuple[Place, ...] = ()
    both: bool = False
    timeout_s: float | None = None
    heartbeat_s: float | None = None


class Tail:
    """A store that grows, or is replaced, while it is read."""

    def __init__(self, path: str) -> None:
        where = Path(path)
        self._path = where / DATABASE if where.is_dir() else where
        self._stack = ExitStack()
        self._source: Source | None = None
        self._stamp: tuple[_Stamp, ...] = ()
        self.is_live = False

    def look(self) -> Source:
        """Return the store as it is now.

        Raises:
            NotFound: there is none.
            UnknownFormat, Damaged: it cannot be read.
        """
        is_live, stamp = is_held(self._path), self._stamped()
        stays = is_live == self.is_live and (
            stamp[0][0] == self._stamp[0][0] if is_live and self._stamp else stamp == self._stamp
        )
        if self._source is None or not stays:
            self.close()
            self._source = self._stack.enter_context(open_log(str(self._path)))
            self._stamp, self.is_live = stamp, is_live
        return self._source

    def wait(self, closed: Event) -> None:
        """Wait until it is worth another look, or until it is closed."""
        closed.wait(POLL_S)

    def close(self) -> None:
        """Let go of the store."""
        self._stack.close()
        self._source = None

    def _stamped(self) -> tuple[_Stamp, ...]:
        """Return what tells whether a file is the one that it was, for database and WAL."""
        return tuple(map(_stamp_of, (self._path, wal_path(self._path))))


class ServerTail:
    """A store on a server that grows while it is read."""

    def __init__(self, location: Database) -> None:
        self._location = location
        self._stack = ExitStack()
        self._listener = listener(location)
        self._stack.callback(self._listener.close)
        self._source: Source | None = None
        self._asked = 0.0
        """When somebody last looked whether a daemon has it."""
        self.is_live = False

    def look(self) -> Source:
        """Return the store as it is now.

        Raises:
            NotFound: there is none.
            UnknownFormat, Damaged, Unavailable: it cannot be read.
        """
        now = time.monotonic()
        if self._source is None or now > self._asked + POLL_SERVER_S:
            self.is_live = self._listener.is_held()  # from here on it is heard what is appended
            self._asked = now
        if self._source is None:
            self._source = self._stack.enter_context(opened(self._location))
        return self._source

    def wait(self, closed: Event) -> None:
        """Wait until it is worth another look, or until it is closed."""
        self._listener.wait(closed, POLL_SERVER_S)

    def close(self) -> None:
        """Let go of the server."""
        self._stack.close()
        self._source = None


class ArchiveTail:
    """A log of an archive of many clusters, to which somebody ships."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack = ExitStack()
        self._source: Source | None = None
        self.is_live = True

    def look(self) -> Source:
        """Return the log as it is now.

        Raises:
            NotFound: there is none.
            Unavailable: the archive does not answer.
        """
        if self._source is None:
            self._source = self._stack.enter_context(open_log(self._text))
        return self._source

    def wait(self, closed: Event) -> None:
        """Wait until it is worth another look, or until it is closed."""
        closed.wait(POLL_SERVER_S)

    def close(self) -> None:
        """Let go of the archive."""
        self._stack.close()
        self._source = None


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def tail_of(path: str) -> Tail | ServerTail | ArchiveTail:
    """Return what looks at a log again and again: in a file, on a server, or of an archive."""
    if is_archive(path):
        return ArchiveTail(path)
    found = log_at(path)
    return Tail(path) if isinstance(found, Path) else ServerTail(found)


class Follower:
    """The commits behind some cursors, as they come; see `eventstore.library.follow`.

    Iterate over it once. `close` may be called from another thread, and ends the iteration.
    """

    def __init__(self, path: str, asked: Asked) -> None:
        self._tail = tail_of(path)
        self._asked = asked
        self._places = asked.places
        self._cursors: dict[str, Cursor] = {}
        self._closed = Event()
        self._begin()

    @property
    def cursors(self) -> tuple[Cursor, ...]:
        """Return how far it is: behind the last commit that was given, one cursor a log."""
        return tuple(self._cursors.values())

    def close(self) -> None:
        """End the iteration, now or at its next step."""
        self._closed.set()

    def __enter__(self) -> Follower:  # noqa: PYI034 typing has Self, which costs nothing here
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._tail.close()

    def __iter__(self) -> Iterator[Commit | Heartbeat]:
        """Yield commits, and heartbeats if they were asked for.

        Raises:
            NotFound: the log never had the commit of a cursor.
            Damaged: a commit cannot be read.
        """
        begun = spoken = time.monotonic()
        try:
            while not self._closed.is_set():
                asked_at = datetime.now(UTC)
                given, ahead = yield from self._given()
                if given:
                    spoken = time.monotonic()
                    continue
                now = time.monotonic()
                if self._is_due(self._asked.heartbeat_s, now - spoken):
                    spoken = now
                    yield Heartbeat(asked_at, self.cursors, self._tail.is_live, ahead)
                if self._is_due(self._asked.timeout_s, now - begun):
                    return
                self._tail.wait(self._closed)
        finally:
            self._tail.close()

    def _begin(self) -> None:
        """Find the places, so that a cursor that does not hold is told at once."""
        source = self._tail.look()
        points = stand(source.readers, source.default, self._places, both=self._asked.both)
        self._move(point.cursor for point in points)

    def _given(self) -> Generator[Commit, None, tuple[bool, tuple[Cursor, ...]]]:
        """Yield what there is; return whether there was some, and what is ahead of its log."""
        source = self._tail.look()
        points = stand(source.readers, source.default, self._places, both=self._asked.both)
        rows = woven(points, PIECE_MAX)
        for row in rows:
            commit = commit_of(row)
            self._move([commit.cursor])
            yield commit
            if self._closed.is_set():
                break
        return bool(rows), tuple(point.cursor for point in points if point.is_ahead)

    def _move(self, cursors: Iterable[Cursor]) -> None:
        for cursor in cursors:
            self._cursors[cursor.log] = cursor
        self._places = tuple(
            Place(c.log, c.position, c.lineage, c.hash) for c in self._cursors.values()
        )

    @staticmethod
    def _is_due(limit_s: float | None, passed_s: float) -> bool:
        return limit_s is not None and passed_s >= limit_s
