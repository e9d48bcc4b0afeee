"""Reading one log of a store on any connection: the appender's or a reader's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any
from zlib import crc32

import msgspec

from eventstore.bulk import Columns, columns
from eventstore.codec import ZERO_HASH, Commit, Head, decode_events, decode_header, index_keys
from eventstore.errors import Damaged, NotFound, StoreError
from eventstore.storage.archive import Archive
from eventstore.storage.engine import FETCH, ReadEngine
from eventstore.storage.index import BATCH, key_hash, mark_again
from eventstore.storage.keyframes import Keyframes
from eventstore.storage.rescan import Rescanned
from eventstore.storage.schema import tables
from eventstore.storage.seals import NotSealed, SealedIndex
from eventstore.storage.sqlite import DriverError, translated
from eventstore.storage.statements import statements

_FETCH_WHOLE = 64
"""Rows of whole commits: few enough to be still in the processor's cache when they are used."""
_OF_TEXT = ("tx/", "failed/")
"""How keys begin whose rest is in the bytes of a commit as it is: identifiers of requests."""
POSITION_MAX = 2**63 - 1
MANY = 4096
"""Commits that take long enough to read for somebody to ask how far it is."""

# SQLite keeps a value's kind beside it, so a wrong byte can make a text of a hash.
_KINDS = [int, bytes, bytes, bytes, bytes, bytes, int, int, int]
_REDACTED = [*_KINDS[:2], type(None), *_KINDS[3:]]


def side_check(digest: bytes, term: int, applied_us: int) -> int:
    """Return the check over what no hash covers."""
    return crc32(b"%b %d %d" % (digest, term, applied_us))


def page_of(rows: list[Any], first: int) -> Columns | None:
    """Return rows as the commits from a position on; None if one of them is not what it was."""
    many = len(rows)
    if list(map(type, chain.from_iterable(rows))) != _KINDS * many and not all(
        list(map(type, row)) in (_KINDS, _REDACTED) for row in rows
    ):
        return None
    *found, checks = zip(*rows, strict=True)
    page = Columns(*found)
    beside = zip(page.digests, page.terms, page.applied, strict=True)
    if checks != tuple([crc32(b"%b %d %d" % each) for each in beside]):  # as `side_check` does it
        return None
    return page if page.positions == tuple(range(first, first + many)) else None


def _keys(commit: Commit) -> tuple[str, ...]:
    """Return the keys under which a commit is to be found."""
    events = decode_events(commit.payload, commit.position)
    return index_keys(decode_header(commit.header).tx, events)


class LogReader:
    """One log of a store that an engine has open; positions start at 1.

    `writes` says that it is open to be written.
    """

    def __init__(self, engine: ReadEngine, log: str, *, writes: bool = False) -> None:
        self.log = log
        self.first, self.before = 1, ZERO_HASH
        """Where it begins, and the hash before that: a slice of a log begins elsewhere."""
        self.is_slice = False
        self.beginning: Any = None
        """The state where a slice begins, once somebody needed it."""
        self._sql = statements(engine.dialect, log)
        self.engine = engine
        self._driver: Any = engine.driver
        with translated("store"):
            row = self._one(self._sql.identity, log)
        self.name: str = log if row is None or log == "shared" else f"node/{row[0]}"
        self.lineage: bytes = bytes(16) if row is None else row[1]
        self.keyframes = Keyframes(engine, log, self.lineage)
        self.index = SealedIndex(engine, log, remember=writes)
        with translated("store"):
            self.archive = Archive(self._driver, log, engine.beside)
        self._writes = writes
        self.index_failed = False
        """Whether the index was found not to hold; who can have it mended clears it."""
        self._rescanned: Rescanned | None = None
        self.told: Callable[[int, int], None] | None = None
        """Who is told, while many commits are read, how many of how many are."""

    def last(self) -> int:
        """Return the position of the last commit, 0 for an empty log."""
        with translated(f"log {self.name}"):
            row = self._one(self._sql.last)
            return int(row[0] or self.archive.last())

    def head(self) -> Head:
        """Return the end of the log.

        Raises:
            Damaged: it is not the end that the log once had, or another log's.
        """
        indexed_to = self._mark(self.log)
        last = self.last()  # in this order: a writer only moves both up
        if indexed_to > last:
            raise Damaged(
                f"log {self.name}: store damaged; the commits behind @{last} are gone",
                position=last + 1,
                cause=f"there was a commit @{indexed_to}",
            )
        if last == 0:
            return Head(self.lineage, 0, ZERO_HASH, 0)
        commit = self.commit(last)
        header = decode_header(commit.header)
        if header.lineage != self.lineage:
            raise Damaged(f"log {self.name}: commit @{last} belongs elsewhere", position=last)
        return Head(self.lineage, last, commit.hash, header.time_us)

    def commit(self, position: int) -> Commit:
        """Return one commit.

        Raises:
            NotFound: there is none at that position.
            Damaged: its row does not hold together.
        """
        for commit in self.commits(position, position):
            return commit
        raise NotFound(
            "V-5-1-7841",
            f"log {self.name} has no commit @{position}",
            cause=f"its last one is @{self.last()}",
            fix="'vx log' lists the commits",
        )

    def away(self, position: int) -> StoreError | None:
        """Return what is to be said of a position before the first, where something is."""
        del position
        return None

    def commits(self, low: int | None = None, high: int = POSITION_MAX) -> Iterator[Commit]:
        """Yield the commits from `low` to `high`, both included.

        Raises:
            Damaged: a commit cannot be read; its position is in the error.
        """
        for page in self.pages(low, high):
            yield from page.commits()

    def pages(self, low: int | None = None, high: int = POSITION_MAX) -> Iterator[Columns]:
        """Yield the same commits, in pieces.

        Raises:
            Damaged: a commit cannot be read; what comes before it was yielded.
        """
        low = expected = self.first if low is None else low
        for rows, live in self._woven(self._sql.commits, low, high, self.archive.commits):
            if not live:
                yield columns(rows)
            elif (page := page_of(rows, expected)) is not None:
                yield page
            else:
                yield from self._up_to_broken(rows, expected)
            expected = rows[-1][0] + 1

    def _up_to_broken(self, rows: list[Any], expected: int) -> Iterator[Columns]:
        """Yield row by row what comes before the first that is not the commit expected.

        Raises:
            Damaged: that is reached.
        """
        for at, row in enumerate(rows, expected):
            page = page_of([row], at)
            if page is None:
                raise self._broken(at, row)
            yield page

    def _broken(self, expected: int, row: tuple[Any, ...]) -> Damaged:
        """Return the error for a row that is not the commit expected."""
        if row[0] != expected:
            return Damaged(f"log {self.name}: commit @{expected} is missing", position=expected)
        whole = list(map(type, row)) in (_KINDS, _REDACTED)
        return Damaged(
            f"log {self.name}: commit @{expected} is not what was written",
            position=expected,
            cause="check sum of digest, term and time of application"
            if whole
            else "a column holds a value of another kind",
        )

    def payloads(self, low: int = 1, high: int = POSITION_MAX) -> Iterator[tuple[int, bytes]]:
        """Yield (position, payload): the shortest way to replay."""
        for rows, _live in self._woven(self._sql.slice, low, high, self.archive.payloads):
            yield from rows

    def _woven(
        self, sql: str, low: int, high: int, archived: Callable[[int, int], Iterator[list[Any]]]
    ) -> Iterator[tuple[list[Any], bool]]:
        """Yield rows in pieces, of segments and of the live table; and whether they are live.

        Commits may go from the one into the other at any moment: what is missing at the beginning
        of the live ones is looked for in segments once more.
        """
        at, started = low, False
        if low <= self.archive.floor:
            for rows in self._told_of(archived(low, high), low, high):
                at = rows[-1][0] + 1
                yield rows, False
            if at > high:
                return
        for rows in self._fetched(sql, at, high, low):
            if rows[0][0] > at:
                for piece in archived(at, rows[0][0] - 1):
                    at = piece[-1][0] + 1
                    yield piece, False
                if rows[0][0] > at:
                    raise self._broken(at, rows[0])
            at, started = rows[-1][0] + 1, True
            yield rows, True
        if not started or at <= high:
            for piece in self._told_of(archived(at, high), low, high):
                yield piece, False

    def _told_of(self, pieces: Iterator[list[Any]], low: int, high: int) -> Iterator[list[Any]]:
        """Say meanwhile how many commits of how many were read."""
        told, many = self.told, 0
        for rows in pieces:
            yield rows
            if told is not None:
                many = many or min(high, self.last()) - low + 1
                if many >= MANY:
                    told(rows[-1][0] - low + 1, many)

    def check_structure(self) -> None:
        """Look for damage that hides commits: a page that is cut short has no gap at its end.

        Raises:
            Damaged: the database is not what it says it is; the position is behind the last commit
                that it gives.
        """
        found = tables[self.log]
        last = self.head().position
        with translated(f"log {self.name}"):
            problems = self.engine.faults([table.name for table in found])
        if problems:
            raise Damaged(
                f"log {self.name}: store damaged; there may be more than the {last} commits that "
                "can be read",
                position=last + 1,
                cause=problems[0].strip().splitlines()[-1],
            )

    def positions(self, key: str) -> list[int]:
        """Return where a key may occur, ascending: the index's word, and the tail's own.

        The tail is read first: what a writer moves to the table meanwhile is then found twice, and
        not missed.
        """
        tail = [position for position, keys in self.unindexed() if key in keys]
        return sorted({*self.indexed(key), *tail})

    def indexed(self, key: str) -> list[int]:
        """Return where a key may occur, ascending, but for the commits that `unindexed` yields.

        An index that does not hold is not believed: then the commits are looked at themselves.
        """
        if self._rescanned is None:
            try:
                return self.index.positions(key_hash(key))
            except NotSealed:
                if not self._writes and self.indexed_to() == 0:
                    return []  # `unindexed` yields them all
                self.index_failed = True
                # The scan is of the live table only.
                if self._writes and not self.archive.floor and key.startswith(_OF_TEXT):
                    return self._scan(key.partition("/")[2])
        return self._rescan().positions(key_hash(key))

    def _scan(self, text: str) -> list[int]:
        """Return where an identifier stands in a commit, for who cannot stop to look at them all.

        A hundredth of what looking takes: a fifth of a second for a million commits.
        """
        bare = msgspec.msgpack.encode(text)
        with translated(f"log {self.name}"):
            rows = self._driver.execute(self._sql.scan, (bare, 0, bare, 0)).fetchall()
        return [position for (position,) in rows]

    def _rescan(self) -> Rescanned:
        """Return what all commits say."""
        found = self._rescanned = self._rescanned or Rescanned()
        found.extend(
            (commit.position, map(key_hash, _keys(commit)))
            for commit in self.commits(max(found.upto + 1, self.first))
        )
        return found

    def missing_entries(self, commits: Sequence[Commit]) -> list[tuple[int, int]]:
        """Return the rows (hash of a key, position) that the table should have, and has not."""
        mark = self.indexed_to()
        wanted = [
            (key_hash(key), commit.position)
            for commit in commits
            if commit.position <= mark
            for key in _keys(commit)
        ]
        with translated(f"log {self.name}"):
            return [row for row in wanted if self._one(self._sql.entry, *row) is None]

    def unindexed(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield (position, keys) of the commits that `indexed` does not know of."""
        at = self.indexed_to() if self._rescanned is None else self._rescanned.upto
        if at == 0 and self.last() > FETCH:
            self.index_failed = True
            at = self._rescan().upto
        yield from self.keyed(at + 1)

    def keyed(self, low: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield (position, keys) of the commits from a position on."""
        for commit in self.commits(max(low, self.first)):
            yield commit.position, _keys(commit)

    def indexed_to(self) -> int:
        """Return up to where commits are in the table; 0 if it cannot be told for sure."""
        mark, again = (self._mark(name) for name in (self.log, mark_again(self.log)))
        return mark if mark == again else 0

    def _mark(self, name: str) -> int:
        with translated(f"log {self.name}"):
            row = self._one(self._sql.mark, name)
        mark = 0 if row is None else row[0]
        if not isinstance(mark, int):
            raise Damaged(
                f"log {self.name}: store damaged", cause="how far the index goes is lost"
            )
        return mark

    def _one(self, sql: str, *parameters: object) -> Any:
        return self._driver.execute(sql, parameters).fetchone()

    def _fetched(self, sql: str, low: int, high: int, begin: int) -> Iterator[list[Any]]:
        """Fetch rows in pieces; name the first position that cannot be read.

        `begin` is where the whole reading began, for who is told how far it is.
        """
        at, size = low, _FETCH_WHOLE if sql is self._sql.commits else FETCH
        told, many = self.told, 0
        if told is not None and (many := min(high, self.last()) - begin + 1) < MANY:
            told = None
        try:
            for rows in self.engine.pages(sql, low, high, size):
                at = rows[-1][0] + 1
                yield rows
                if told is not None:
                    told(at - begin, many)
        except DriverError as error:
            unreadable = self._first_unreadable(at, min(high, at + size))
            raise Damaged(
                f"log {self.name}: store damaged; the first commit that cannot be read is "
                f"@{unreadable}",
                position=unreadable,
                cause=str(error),
            ) from error

    def _first_unreadable(self, low: int, high: int) -> int:
        """Look position by position, since a page of rows failed as a whole."""
        for position in range(low, high + 1):
            try:
                if self._one(self._sql.commits, position, position) is None:
                    return position
            except DriverError:
                return position
        return low


assert BATCH <= FETCH, "the unindexed tail is one piece"
