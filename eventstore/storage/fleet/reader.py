"""A log of an archive, read as a log of a store is: every question is answered from it alike.

Which month a position is in is looked up in a small table that is held in memory, so that a
question goes to the partitions that hold its answer. What was detached is not there: the log then
begins later, with a keyframe, and says of what is before that it was archived away.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from eventstore.bulk import Columns
from eventstore.codec import ZERO_HASH, Commit, Head, decode_header
from eventstore.errors import Damaged, NotFound, StoreError
from eventstore.model.state import State
from eventstore.storage.archive import Named
from eventstore.storage.fleet.catalogue import LogRow, log_by_number
from eventstore.storage.fleet.connecting import Connection, told
from eventstore.storage.index import key_hash
from eventstore.storage.keyframes import MODEL, SLICE_BYTES, Keyframe, NotWhole, opened
from eventstore.storage.reader import MANY, POSITION_MAX, LogReader, page_of

_FETCH = 1024
_FRAMES = (
    "SELECT position, commit_hash, digest, last_change, model, records, size, slices, seal"
    " FROM vxfleet.keyframes WHERE cluster = %s AND month = %s AND log = %s"
)


class _Segments:
    """The segments of a log that has none: an archive keeps commits in tables."""

    floor = 0

    def __init__(self, url: str) -> None:
        self.database = Path(url)

    def last(self) -> int:
        return 0

    def all(self) -> list[Named]:
        return []


class _Frames:
    """The keyframes of a log in an archive; as `eventstore.storage.keyframes.Keyframes`."""

    def __init__(self, reader: FleetReader) -> None:
        self._reader = reader
        self.log = reader.log
        self.lineage = reader.lineage
        self.proven: set[bytes] = set()
        self.passed_over: set[int] = set()

    def nearest(self, position: int) -> Keyframe | None:
        reader = self._reader
        for span in reversed(reader.spans(reader.first, position)):
            row = reader.one(
                f"{_FRAMES} AND model = %s AND position <= %s ORDER BY position DESC LIMIT 1",
                (*reader.place(span), MODEL, position),
            )
            if row is not None:
                return Keyframe(self.log, *row)
        return None

    def all(self) -> list[Keyframe]:
        reader = self._reader
        return [
            Keyframe(self.log, *row)
            for span in reader.spans(reader.first, POSITION_MAX)
            for row in reader.rows(
                f"{_FRAMES} ORDER BY position",
                reader.place(span),
            )
        ]

    def unfinished(self) -> list[int]:
        return []

    def open(self, frame: Keyframe) -> State:
        """Return the state in a keyframe.

        Raises:
            NotWhole: it is of another model or log, or not what was written.
        """
        return opened(self.lineage, frame, self._slices(frame))

    def slices(self, frame: Keyframe, number: int, most: int) -> list[bytes]:
        return self._slices(frame)[number : number + most]

    def _slices(self, frame: Keyframe) -> list[bytes]:
        reader = self._reader
        for span in reader.spans(frame.position, frame.position):
            row = reader.one(
                "SELECT body FROM vxfleet.keyframes WHERE cluster = %s AND month = %s"
                " AND log = %s AND model = %s AND position = %s",
                (*reader.place(span), frame.model, frame.position),
            )
            if row is not None:
                body: bytes = row[0]
                return [body[at : at + SLICE_BYTES] for at in range(0, len(body), SLICE_BYTES)]
        raise NotWhole("it is gone")


class FleetReader(LogReader):
    """One log of an archive; see the module's description."""

    def __init__(self, connection: Connection, url: str, row: LogRow) -> None:  # not the store's
        self.log = "shared" if row.name == "shared" else "node"
        self.name = row.name
        self.lineage = row.lineage
        self.is_slice = True
        self.beginning: Any = None
        self.index_failed = False
        self.told: Callable[[int, int], None] | None = None
        self.cluster = row.cluster
        self.number = row.log
        self._connection = connection
        self._url = url
        self._rescanned = None
        self._writes = False
        self.first, self.before = row.first, row.before
        self._head = row
        self._spans: list[tuple[int, int, date]] = []
        self._load()
        self.archive: Any = _Segments(url)
        self.keyframes: Any = _Frames(self)

    # What the tables say.

    def rows(self, sql: Any, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises:
            StoreError: the archive is not to be had.
        """
        with told(self._url), self._connection.cursor(binary=True) as cursor:
            return cursor.execute(sql, values).fetchall()

    def one(self, sql: Any, values: Sequence[object]) -> tuple[Any, ...] | None:
        """Return the only row of a query, None if there is none."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def spans(self, low: int, high: int) -> list[tuple[int, int, date]]:
        """Return (first, last, month) of what is here from one position to another."""
        if high > self._head.position:
            self._load()
        begin = max(0, bisect_right(self._spans, (low, POSITION_MAX, date.max)) - 1)
        return [span for span in self._spans[begin:] if span[0] <= high and span[1] >= low]

    def place(self, span: tuple[int, int, date]) -> tuple[int, date, int]:
        """Return what names the rows of a month of this log."""
        return self.cluster, span[2], self.number

    def _load(self) -> None:
        """Look where the log begins and ends, in one transaction, and which months it has."""
        with told(self._url), self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._head = log_by_number(self._connection, self.number)
            self._spans = [
                (first, last, month)
                for first, last, month in self._connection.execute(
                    "SELECT first, last, month FROM vxfleet.months WHERE log = %s ORDER BY first",
                    (self.number,),
                )
            ]
        if self._head.first != self.first:
            self.first, self.before, self.beginning = self._head.first, self._head.before, None

    # What every question rests on.

    def last(self) -> int:
        """Return the position of the last commit that arrived."""
        row = self.one("SELECT position FROM vxfleet.logs WHERE log = %s", (self.number,))
        return 0 if row is None else int(row[0])

    def head(self) -> Head:
        """Return the end of the log.

        Raises:
            Damaged: it is not the end that arrived.
        """
        self._load()
        row = self._head
        if row.position == 0:
            return Head(self.lineage, 0, ZERO_HASH, 0)
        commit = self.commit(row.position)
        if (commit.hash, commit.digest) != (row.hash, row.digest):
            raise Damaged(
                f"log {self.name}: commit @{row.position} is not the one that arrived",
                position=row.position,
            )
        return Head(self.lineage, row.position, commit.hash, decode_header(commit.header).time_us)

    def commit(self, position: int) -> Commit:
        """Return one commit.

        Raises:
            NotFound: there is none at that position, or it was archived away.
            Damaged: its row does not hold together.
        """
        if 0 < position < self.first:
            raise self.away(position)
        return super().commit(position)

    def away(self, position: int) -> StoreError:
        """Return the answer about a position that was archived away."""
        when = self.one(
            "SELECT max(at)::text FROM vxfleet.detached WHERE cluster = %s", (self.cluster,)
        )
        return NotFound(
            "V-5-1-9190",
            f"log {self.name}: commit @{position} was archived away",
            cause=f"here it begins @{self.first}"
            + ("" if when is None or when[0] is None else f"; detached {when[0][:19]} UTC"),
            fix=f"ask for @{self.first} or later; who runs the database can attach the months "
            "again, or ask a node's own log",
        )

    def pages(self, low: int | None = None, high: int = POSITION_MAX) -> Iterator[Columns]:
        """Yield the commits from `low` to `high`, both included, in pieces.

        Raises:
            Damaged: a commit is missing, or is not what arrived; its position is in the error.
        """
        low = expected = self.first if low is None else max(low, self.first)
        for rows in self._pieces(
            "SELECT position, header, context, payload, hash, digest, term, applied_us,"
            " side_check FROM vxfleet.commits WHERE cluster = %s AND month = %s AND log = %s"
            " AND position BETWEEN %s AND %s ORDER BY position LIMIT %s",
            low,
            high,
        ):
            if rows[0][0] != expected:
                raise self._not_there(expected, rows[0])
            page = page_of(rows, expected)
            if page is None:
                yield from self._up_to_broken(rows, expected)
            else:
                yield page
            expected = rows[-1][0] + 1
        self._check_end(expected, high)

    def payloads(self, low: int = 1, high: int = POSITION_MAX) -> Iterator[tuple[int, bytes]]:
        """Yield (position, payload): the shortest way to replay."""
        expected = low = max(low, self.first)
        for rows in self._pieces(
            "SELECT position, payload FROM vxfleet.commits WHERE cluster = %s AND month = %s"
            " AND log = %s AND position BETWEEN %s AND %s ORDER BY position LIMIT %s",
            low,
            high,
        ):
            if rows[0][0] != expected or rows[-1][0] != expected + len(rows) - 1:
                raise self._not_there(expected, (0,))
            expected = rows[-1][0] + 1
            yield from rows
        self._check_end(expected, high)

    def _check_end(self, expected: int, high: int) -> None:
        """Look whether all came that there is: rows that are gone leave no gap at the end."""
        end = min(high, self._head.position)
        if expected <= end:
            raise self._not_there(expected, (0,))

    def _not_there(self, expected: int, row: tuple[Any, ...]) -> StoreError:
        """Return why a commit is not what comes next: it may have been detached meanwhile."""
        self._load()
        return self.away(expected) if expected < self.first else self._broken(expected, row)

    def _pieces(self, sql: str, low: int, high: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield rows in pieces, month by month; say meanwhile how far it is.

        What is not where it was is looked for once more: a detach may have carried it on.
        """
        heard, many, at = self.told, 0, low
        if heard is not None and (many := min(high, self.last()) - low + 1) < MANY:
            heard = None
        while at <= high and (found := self.spans(at, high)):
            span = found[0]
            at, end = max(at, span[0]), min(high, span[1])
            while at <= end and (rows := self.rows(sql, (*self.place(span), at, end, _FETCH))):
                at = rows[-1][0] + 1
                yield rows
                if heard is not None:
                    heard(at - low, many)
            if at <= end:
                self._load()
                if self.spans(at, high)[:1] == [span]:
                    return

    def check_structure(self) -> None:
        """Look whether the index has the rows that were entered, and the end is that one.

        Raises:
            Damaged: it has not.
        """
        self.head()
        for span in self.spans(self.first, POSITION_MAX):
            row = self.one(
                "SELECT (SELECT (touches, total) FROM vxfleet.months WHERE log = %s"
                " AND month = %s) = (SELECT (count(*), coalesce(sum(key::numeric * position), 0))"
                " FROM vxfleet.touches WHERE cluster = %s AND month = %s AND log = %s)",
                (self.number, span[2], *self.place(span)),
            )
            if row is None or not row[0]:
                raise Damaged(
                    f"log {self.name}: store damaged; the index of {span[2]:%Y-%m} is not what "
                    "was entered",
                    position=self._head.position + 1,
                    cause="rows of vxfleet.touches were lost, or changed",
                )

    # Where keys are.

    def positions(self, key: str) -> list[int]:
        """Return where a key may occur, ascending."""
        return self.indexed(key)

    def indexed(self, key: str) -> list[int]:
        """Return where a key may occur, ascending; each commit is entered as it arrives."""
        months = [span[2] for span in self.spans(self.first, POSITION_MAX)]
        rows = self.rows(
            "SELECT position FROM vxfleet.touches WHERE cluster = %s AND month = ANY(%s)"
            " AND log = %s AND key = %s ORDER BY position",
            (self.cluster, months, self.number, key_hash(key)),
        )
        return [position for (position,) in rows]

    def missing_entries(self, commits: Sequence[Commit]) -> list[tuple[int, int]]:
        """Return nothing: who reads an archive mends none of its index."""
        del commits
        return []

    def unindexed(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield nothing: every commit is in the index."""
        return iter(())

    def indexed_to(self) -> int:
        """Return up to where commits are in the index: all are."""
        return self.last()
