"""What comes behind cursors: of one log, or of both logs of a node woven into one stream.

Each commit of a node's log says how far the shared one was applied when it was made: it stands
behind that commit of the shared log, and before the next. So the order is the same for whoever
reads both, however often they stop and go on. A cursor that this log never had is refused by name;
one that is ahead of it is waited for. It never guesses where to go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from eventstore.codec import ZERO_HASH
from eventstore.cursors import Cursor
from eventstore.errors import NotFound
from eventstore.past import following
from eventstore.present.views import Row
from eventstore.storage.reader import LogReader


class Place(Struct, frozen=True):
    """Where a follower wants to go on: behind `position`; None for from now on.

    `log` is None for the one that is usual there; with `lineage` and `hash` it is a cursor.
    """

    log: str | None = None
    position: int | None = None
    lineage: str = ""
    hash: str = ""


class Standpoint(Struct):
    """A place found in a log; `is_ahead` while the log does not reach it."""

    reader: LogReader
    after: int
    place: Place
    is_ahead: bool = False

    @property
    def cursor(self) -> Cursor:
        """Return how far the follower is."""
        if self.is_ahead:
            return Cursor(self.reader.name, self.after, self.place.lineage, self.place.hash)
        return cursor_at(self.reader, self.after)


def cursor_at(reader: LogReader, position: int) -> Cursor:
    """Return the cursor of a position; 0 is before the first commit, as is where a slice begins.

    Raises:
        NotFound: the log has no such commit.
    """
    found = reader.before if position == reader.first - 1 else ZERO_HASH
    if position >= reader.first or 0 < position < reader.first - 1:
        found = reader.commit(position).hash
    return Cursor(reader.name, position, reader.lineage.hex(), found.hex())


def stand(
    readers: Mapping[str, LogReader], default: str, places: Sequence[Place], *, both: bool
) -> list[Standpoint]:
    """Return where a follower stands: one place a log, the shared one first.

    `both`: also in the other log, if the node has peers; there from now on where no place says.

    Raises:
        NotFound: as `find`; or two places are in one log.
    """
    points = [find(readers, default, place) for place in places]
    known = {point.reader.log for point in points}
    if both:
        logs = tuple(readers) if default == "shared" else (default,)
        points += [find(readers, log, Place()) for log in logs if log not in known]
    elif not points:
        points = [find(readers, default, Place())]
    if len({point.reader.log for point in points}) < len(points):
        raise NotFound("V-5-1-9301", "the same log is to be followed from two places")
    return sorted(points, key=lambda point: point.reader.log != "shared")


def find(readers: Mapping[str, LogReader], default: str, place: Place) -> Standpoint:
    """Return where a place is in one of these logs.

    Raises:
        NotFound: none of them is the cursor's log, or it never had the cursor's commit.
    """
    reader = _reader_of(readers, default, place.log)
    last = reader.last()
    if place.lineage and place.lineage != reader.lineage.hex():
        raise _never_here(reader, place, f"this log is {reader.lineage.hex()}")
    if place.position is None:
        return Standpoint(reader, last, place)
    if place.position > last and place.hash:
        return Standpoint(reader, place.position, place, is_ahead=True)
    if place.hash and (found := cursor_at(reader, place.position).hash) != place.hash:
        raise _never_here(reader, place, f"@{place.position} is {found} here")
    return Standpoint(reader, place.position, place)


def _reader_of(readers: Mapping[str, LogReader], default: str, name: str | None) -> LogReader:
    for log, reader in readers.items():
        if name in (log, reader.name) or (name is None and log == default):
            return reader
    raise NotFound(
        "V-5-1-9301",
        f"the log {name} cannot be followed here",
        cause=f"here are {' and '.join(reader.name for reader in readers.values())}",
        fix="a cursor of the shared log holds on every node; for a node's own log ask that node",
    )


def _never_here(reader: LogReader, place: Place, cause: str) -> NotFound:
    place_text = "" if place.position is None else f" @{place.position}"
    return NotFound(
        "V-5-1-9300",
        f"log {reader.name} never had the commit of the cursor{place_text}",
        cause=f"the cursor is of {place.lineage} with {place.hash or 'no hash'}; {cause}",
        fix="find out what was read ('vx verify --against'), then begin again without the cursor",
    )


def woven(points: Sequence[Standpoint], count: int) -> list[Row]:
    """Return up to some hundred commits that follow all these places, in order.

    They are at most one of each log, the shared one first. While one is ahead of its log there are
    none: what comes first cannot be told.

    Raises:
        NotFound: a plain position is beyond the end of its log.
    """
    if any(point.is_ahead for point in points):
        return []
    first, *others = points
    shared = following.piece(first.reader, first.after, count)
    if not others:
        return shared
    own = following.piece(others[0].reader, others[0].after, count)
    end = shared[-1]["position"] if shared else first.after
    wanted = own[-1]["shared_position"] or 0 if own else 0
    if len(shared) < count and wanted > end:
        # Committed between the two looks; what came behind it has to wait for the next.
        shared += following.piece(first.reader, end, wanted - end)
    return _merged(shared, own, count)


def _merged(shared: list[Row], own: list[Row], count: int) -> list[Row]:
    """Put rows of both logs in order, as far as it can be told that nothing comes between."""
    rows: list[Row] = []
    taken = 0
    for row in own:
        applied = row["shared_position"] or 0
        while taken < len(shared) and shared[taken]["position"] <= applied:
            rows.append(shared[taken])
            taken += 1
        if len(shared) >= count and applied > shared[-1]["position"]:
            return rows
        rows.append(row)
    if len(own) < count:
        rows += shared[taken:]
    return rows


def told(points: Sequence[Standpoint], count: int) -> Row:
    """Return the commits that follow some places, and how far a follower is behind them.

    Raises:
        NotFound: a plain position is beyond the end of its log.
    """
    rows = woven(points, min(count, following.PIECE_MAX))
    places = [
        {**cursor._asdict(), "head": point.reader.last(), "ahead": point.is_ahead}
        for cursor, point in zip(moved(points, rows), points, strict=True)
    ]
    return {"places": places, "rows": rows}


def moved(points: Sequence[Standpoint], rows: Sequence[Row]) -> list[Cursor]:
    """Return how far a follower is behind these rows."""
    last = {row["log"]: row for row in rows}
    return [
        Cursor(point.reader.name, row["position"], row["lineage"], row["hash"])
        if (row := last.get(point.reader.name)) is not None
        else point.cursor
        for point in points
    ]
