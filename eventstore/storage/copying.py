"""Copying a store to another place, whichever engine has either: bit for bit, piece by piece.

The target is at any moment a beginning of the source, and goes on from there when it is copied
again. Until all of it is there, with the hard state, a mark in it says so, and no daemon starts on
it. Commits that the source has in segments are in the target's own table. The index is made anew
by the daemon's survey; keyframes come along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import NamedTuple, TypeVar

from eventstore.codec import ZERO_HASH, Commit, chain
from eventstore.errors import Conflict, Damaged, Unavailable
from eventstore.storage.engine import Driver, dialect_of
from eventstore.storage.engines import listener
from eventstore.storage.keeping import redact
from eventstore.storage.keyframes import MODEL, write_last, write_slice
from eventstore.storage.location import Database, Location
from eventstore.storage.offline import is_held, read_store
from eventstore.storage.reader import LogReader
from eventstore.storage.statements import writes
from eventstore.storage.store import Store

PIECE = 2048
"""Commits in one transaction."""
_HARD, _UNFINISHED = 1, 0
"""Rows beside the logs: the hard state, and the mark of a copy that is not whole."""
Told = Callable[[int, int], None]
One = TypeVar("One")


class Copied(NamedTuple):
    """What was copied of one log: its name, where it ends, and from where on it was copied.

    That is behind its end if all was there.
    """

    log: str
    position: int
    hash: bytes
    begin: int


class _Count:
    """How much of all is done: each commit is copied, and then looked at again."""

    def __init__(self, told: Told | None, total: int) -> None:
        self._told, self._total, self._done = told, total, 0

    def add(self, many: int) -> None:
        self._done += many
        if self._told is not None:
            self._told(self._done, self._total)


def copy_store(source: Location, target: Location, told: Told | None = None) -> list[Copied]:
    """Copy a store as of one moment; go on with a target that is a beginning of it.

    `told` hears how much of how much is done.

    Raises:
        NotFound: there is no source.
        Conflict: the target is no beginning of the source.
        Damaged: the source does not hold, or the target did not take what it was given.
        AppendFailed, Unavailable: one of the two refuses.
    """
    with read_store(source) as readers, readers["node"].engine.snapshot():
        body = _body(readers["node"].engine.driver)
        with Store.open(target, alone=True) as store:
            befores = {log: _begin(store, reader) for log, reader in readers.items()}
            left = sum(reader.last() - befores[log] for log, reader in readers.items())
            whole = sum(reader.last() for reader in readers.values())
            count = _Count(told, left + whole)
            store.keep(_marked)
            for log, reader in readers.items():
                for piece in _pieces(_chained(reader, befores[log]), PIECE):
                    store.extend(log, piece, None, flush=False)
                    count.add(len(piece))
                _copy_keyframes(store, reader)
            for log, reader in readers.items():
                pairs = zip(reader.commits(), store.logs[log].commits(), strict=True)
                for both in _pieces(pairs, PIECE):
                    _compare(store, reader, both)
                    count.add(len(both))
            store.keep(lambda driver: _finish(driver, body))
            if _body(store.engine.driver) != body:
                raise Damaged("the copy has another hard state", cause="it did not take it")
            return [
                Copied(
                    reader.name, store.heads[log].position, store.heads[log].hash, befores[log] + 1
                )
                for log, reader in readers.items()
            ]


def check_still(*places: Location) -> None:
    """Make sure that no daemon writes a store.

    Raises:
        Unavailable: one does.
    """
    for place in places:
        if isinstance(place, Database):
            with closing(listener(place)) as heard:
                held = heard.is_held()
        else:
            held = is_held(place)
        if held:
            raise Unavailable(
                "V-5-1-7863",
                f"a daemon runs on {place}",
                cause="what it commits meanwhile would be missing in a copy",
                fix="stop it; or, for a copy to keep, 'vx backup FILE'",
                rule="A1",
            )


def check_finished(store: Store) -> None:
    """Refuse a store that is a copy which is not whole.

    Raises:
        Unavailable: it is.
    """
    if _body(store.engine.driver, _UNFINISHED) is not None:
        raise Unavailable(
            "V-5-1-9159",
            f"store {store.location} is a copy that is not whole yet",
            cause="'vx store copy' was not let to its end",
            fix="run it again: it goes on where it was",
        )


def _body(driver: Driver, which: int = _HARD) -> bytes | None:
    row = driver.execute("SELECT body FROM hard_state WHERE id = ?", (which,)).fetchone()
    return None if row is None else bytes(row[0])


def _marked(driver: Driver) -> None:
    driver.execute(writes(dialect_of(driver)).hard_state, (_UNFINISHED, b"copying"))


def _finish(driver: Driver, body: bytes | None) -> None:
    driver.execute("DELETE FROM hard_state WHERE id IN (?, ?)", (_UNFINISHED, _HARD))
    if body is not None:
        driver.execute(writes(dialect_of(driver)).hard_state, (_HARD, body))


def _begin(store: Store, reader: LogReader) -> int:
    """Make sure that a log of the target is a beginning of the source's; return how long it is.

    Raises:
        Conflict: it is not.
    """
    there = store.logs[reader.log]
    head = store.heads[reader.log]
    if head.position == 0 and there.lineage == bytes(16):
        name = reader.engine.driver.execute(
            "SELECT name FROM identity WHERE log = ?", (reader.log,)
        ).fetchone()
        if name is not None:
            store.create_log(reader.log, name[0], reader.lineage)
        return 0
    cause = None
    if there.lineage != reader.lineage or there.name != reader.name:
        cause = f"it is log {there.name} of another cluster or node"
    elif head.position > reader.last():
        cause = f"it ends @{head.position}, and the source @{reader.last()}"
    elif head.position and reader.commit(head.position).hash != head.hash:
        cause = f"another commit is there @{head.position}"
    if cause is not None:
        raise Conflict(
            "V-5-1-9160",
            f"{store.location} is no beginning of what is to be copied",
            cause=f"log {reader.name}: {cause}",
            fix="name a place where there is nothing yet",
        )
    return head.position


def _chained(reader: LogReader, before: int) -> Iterator[Commit]:
    """Yield the commits of the source that are to come; each has to follow from the last.

    Raises:
        Damaged: one does not.
    """
    last = reader.commit(before).hash if before else ZERO_HASH
    for commit in reader.commits(before + 1):
        if chain(last, commit.header) != commit.hash:
            raise Damaged(
                f"log {reader.name}: commit @{commit.position} is not what was written",
                position=commit.position,
                cause="its hash does not follow from the commit before it",
            )
        last = commit.hash
        yield commit


def _copy_keyframes(store: Store, reader: LogReader) -> None:
    """Copy the keyframes that this program would open; each is sealed, so nothing is checked."""
    known = {frame.position for frame in store.logs[reader.log].keyframes.all()}
    for frame in reader.keyframes.all():
        slices = reader.keyframes.slices(frame, 0, frame.slices)
        if frame.model != MODEL or frame.position in known or len(slices) != frame.slices:
            continue
        *first, last = enumerate(slices)
        for number, body in first:
            store.keep(
                lambda driver, n=number, b=body, f=frame: write_slice(  # type: ignore[misc]
                    driver, f.log, f.position, n, b
                )
            )
        store.keep(lambda driver, b=last[1], f=frame: write_last(driver, f, b))  # type: ignore[misc]


def _compare(store: Store, reader: LogReader, piece: list[tuple[Commit, Commit]]) -> None:
    """Look whether the target has what the source has; a context may be redacted since.

    Raises:
        Damaged: it has not.
    """
    for one, other in piece:
        if one == other:
            continue
        if one.context is None and one == other._replace(context=None):
            redact(store, reader.log, one.position)
            continue
        raise Damaged(
            f"log {reader.name}: the copy of commit @{one.position} is not what was copied",
            position=one.position,
            cause="it was changed where it is",
        )


def _pieces(rows: Iterable[One], size: int) -> Iterator[list[One]]:
    found = iter(rows)
    while piece := list(islice(found, size)):
        yield piece
