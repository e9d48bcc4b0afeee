"""Where commits are that are no longer in a log's live table: sealed segments beside the store.

The table `segments` names each one, and its seal. A commit is in the live table, or in a segment
that is named there, at any moment; who does not find it in the one looks into the other. What is
read of a segment is proven by the seal (`eventstore.storage.segment`), or an error names the file.

Segments of a store ``log.db`` are in ``log.db.archive`` beside it, or where the row says. No file
is looked for because it is there: only because the store names it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from eventstore.codec import Commit
from eventstore.errors import Conflict, Damaged, SegmentDamaged
from eventstore.storage.segment import NotASegment, Segment
from eventstore.storage.sqlite import DriverError

_OPEN_MAX = 64
_BLOCKS_MAX = 16
"""Blocks that are kept inflated: a search by halves comes by the same ones again."""

Found = TypeVar("Found")


class Named(NamedTuple):
    """A segment as the store names it."""

    log: str
    first: int
    last: int
    seal: bytes
    name: str
    directory: str
    size: int


def directory_of(database: Path) -> Path:
    """Return where the segments of a store are, unless its rows name another directory."""
    return database.with_name(f"{database.name}.archive")


def places_of(database: Path, named: Named) -> list[Path]:
    """Return where a segment may be: beside the store, or where it was put."""
    beside = [directory_of(database), database.with_name("log.db.archive")]
    if named.directory:
        beside.insert(1, Path(named.directory))
    return [directory / named.name for directory in beside]


def file_of(database: Path, named: Named) -> Path:
    """Return the file of a segment; where it should be, if it is nowhere."""
    places = places_of(database, named)
    return next((place for place in places if place.is_file()), places[0])


_COLUMNS = "log, first, last, seal, name, directory, size"
_KINDS = (str, int, int, bytes, str, str, int)


class Archive:
    """The archived part of one log, on a given connection of the driver."""

    def __init__(self, driver: Any, log: str, database: Path) -> None:
        self.database = database
        self.floor = 0
        """A position up to which commits may be archived; more may be by now."""
        self._driver = driver
        self._log = log
        self._open: OrderedDict[bytes, Segment] = OrderedDict()
        self._blocks: OrderedDict[tuple[bytes, int], list[Commit]] = OrderedDict()
        self.last()

    def all(self) -> list[Named]:
        """Return the segments that the store names, oldest first."""
        return self._rows("log = ? ORDER BY first", self._log)

    def last(self) -> int:
        """Return the last position that is archived; 0: none is."""
        rows = self._rows("log = ? ORDER BY first DESC LIMIT 1", self._log)
        self.floor = rows[0].last if rows else 0
        return self.floor

    def holding(self, position: int) -> Named | None:
        """Return the segment that holds a position, if one does."""
        query = "log = ? AND first <= ? ORDER BY first DESC LIMIT 1"
        for named in self._rows(query, self._log, position):
            self.floor = max(self.floor, named.last)
            if position <= named.last:
                return named
        return None

    def commits(self, low: int, high: int) -> Iterator[list[Commit]]:
        """Yield, in pieces, the commits from `low` on that are in segments, up to `high`.

        Raises:
            SegmentDamaged: a segment is missing, or not what was sealed.
        """
        for named, segment, number, at, end in self._walk(low, high):
            first = segment.foot.blocks[number].first
            found = self._block(named, segment, number, at)
            yield found[at - first : end - first + 1]

    def payloads(self, low: int, high: int) -> Iterator[list[tuple[int, bytes]]]:
        """Yield, in pieces, position and payload of the same commits.

        Raises:
            SegmentDamaged: a segment is missing, or not what was sealed.
        """
        for named, segment, number, at, end in self._walk(low, high):
            first = segment.foot.blocks[number].first
            bodies = self._said(named, at, partial(segment.payloads, number))
            yield list(zip(range(at, end + 1), bodies[at - first :], strict=False))

    def _walk(self, low: int, high: int) -> Iterator[tuple[Named, Segment, int, int, int]]:
        """Yield segment, number of a block, and from where to where it is wanted."""
        at = low
        while at <= high and (named := self.holding(at)) is not None:
            segment = self.opened(named, at)
            end_of_segment = min(high, named.last)
            while at <= end_of_segment:
                number = segment.block(at)
                end = min(end_of_segment, segment.foot.blocks[number].last)
                yield named, segment, number, at, end
                at = end + 1

    def opened(self, named: Named, at: int | None = None) -> Segment:
        """Return a segment, opened by its seal; `at` is the position that is wanted of it.

        Raises:
            SegmentDamaged: it is missing, or another one.
        """
        known = self._open.get(named.seal)
        if known is not None:
            self._open.move_to_end(named.seal)
            return known
        at = named.first if at is None else at
        made = self._said(named, at, partial(Segment, file_of(self.database, named), named.seal))
        if (made.foot.first, made.foot.last) != (named.first, named.last):
            cause = f"it holds @{made.foot.first} to @{made.foot.last}"
            raise self._damaged(named, at, "is not the one that is named", cause)
        self._open[named.seal] = made
        if len(self._open) > _OPEN_MAX:
            self._open.popitem(last=False)
        return made

    def check(self, named: Named) -> None:
        """Read the whole of a segment, and look whether it is what was sealed.

        Raises:
            SegmentDamaged: it is not.
        """
        self._open.pop(named.seal, None)
        segment = self.opened(named)
        self._said(named, named.first, segment.check)

    def _block(self, named: Named, segment: Segment, number: int, at: int) -> list[Commit]:
        key = (named.seal, number)
        found = self._blocks.get(key)
        if found is None:
            found = self._said(named, at, partial(segment.commits, number))
            self._blocks[key] = found
            if len(self._blocks) > _BLOCKS_MAX:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(key)
        return found

    def _said(self, named: Named, at: int, work: Callable[[], Found]) -> Found:
        """Do something with a segment.

        Raises:
            SegmentDamaged: it cannot be done; the segment is named.
        """
        try:
            return work()
        except FileNotFoundError as error:
            raise self._damaged(named, at, "is missing", str(error)) from error
        except OSError as error:
            raise self._damaged(named, at, "cannot be read", str(error)) from error
        except NotASegment as error:
            raise self._damaged(named, at, "is not what was sealed", str(error)) from error

    def _damaged(self, named: Named, at: int, what: str, cause: str) -> SegmentDamaged:
        self._open.pop(named.seal, None)
        return SegmentDamaged(
            f"log {self._log}: commits @{named.first} to @{named.last} are in segment "
            f"{named.name}, which {what}",
            position=at,
            cause=cause,
            last=named.last,
        )

    def _rows(self, where: str, *parameters: object) -> list[Named]:
        try:
            rows = self._driver.execute(
                f"SELECT {_COLUMNS} FROM segments WHERE {where}",  # noqa: S608 ours
                parameters,
            ).fetchall()
        except DriverError as error:
            if "no such table" in str(error):  # an older store: it has no segments
                return []
            raise
        if any(tuple(map(type, row)) != _KINDS or "/" in row[4] for row in rows):
            raise Damaged(f"log {self._log}: store damaged", cause="a segment is named by no name")
        return [Named(*row) for row in rows]


def take_out(driver: Any, named: Named) -> None:
    """Name a segment, and take its commits out of the live table, inside a transaction.

    Raises:
        Conflict: they are not all there, so something else happened meanwhile.
    """
    driver.execute(
        f"INSERT INTO segments ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 ours
        named,
    )
    gone = driver.execute(
        f"DELETE FROM {named.log}_commits WHERE position BETWEEN ? AND ?",  # noqa: S608 ours
        (named.first, named.last),
    ).rowcount
    if gone != named.last - named.first + 1:
        raise Conflict(
            "V-5-1-9281",
            f"log {named.log}: @{named.first} to @{named.last} cannot be archived",
            cause=f"{gone} of these commits are in the live table",
            fix="'vx verify' tells whether the log holds; then ask again",
        )


def check_next(archive: Archive, named: Named, hash_at_last: bytes) -> None:
    """Look whether a segment holds what comes next behind the archived part of a log.

    Raises:
        Conflict: it does not.
        SegmentDamaged: it is missing, or not what was sealed.
    """
    foot = archive.opened(named).foot
    if (foot.first, foot.last) != (archive.last() + 1, named.last) or foot.hash != hash_at_last:
        raise Conflict(
            "V-5-1-9281",
            f"log {named.log}: @{named.first} to @{named.last} cannot be archived",
            cause=f"segment {named.name} does not follow @{archive.last()}",
            fix="ask again; another archive was made meanwhile",
        )
