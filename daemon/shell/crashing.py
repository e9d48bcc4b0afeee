"""Crashes rehearsed: a log is appended again, and what each crash would leave is recovered.

The store is one of this program's own, in a private directory; its commits are the log's, byte by
byte. After each, a copy of its files is what a process that was killed there leaves. Of the last
ones every I/O step is taken apart (`eventstore.storage.crashes`), of commit and of checkpoint.
What is recovered has to be the log up to that commit, no more and no less, with the state that was
recorded; and it has to take the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from daemon.core.node import Node
from daemon.core.ready import HardState
from daemon.shell.recovery import opened
from eventstore.codec import Commit, Entry, decode_events, decode_header, index_keys
from eventstore.errors import Damaged
from eventstore.model import digest
from eventstore.proofs.shadow import Difference, described
from eventstore.proofs.survey import Cut, Dropped, Slice, carry_out, survey
from eventstore.source import DATABASE
from eventstore.storage import crashes
from eventstore.storage.crashes import Files, Image
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

IO_LAST = 8
"""Commits at the end of which every I/O step is rehearsed: some thirty of each."""

WAL_LAST = 64
"""Crashes that are rehearsed in the WAL that a store came with."""

_KEYFRAMES_EVERY = 1000


class Transaction(NamedTuple):
    """What goes into the store together, and what has to be in it before and after."""

    entries: tuple[Entry, ...]
    hard_state: bytes
    before: Mapping[str, Commit]
    hard_before: bytes | None
    after: Mapping[str, Commit]


def transactions(readers: Mapping[str, LogReader]) -> Iterator[Transaction]:
    """Yield both logs' commits in the order in which the node came to have them.

    A commit of its own log says how far the shared one was; both first ones are there from the
    home's founding on.

    Raises:
        StoreError: a commit cannot be read.
    """
    heads: dict[str, Commit] = {}
    after: dict[str, Commit] = {}
    hard: bytes | None = None
    waiting: list[Entry] = []
    for number, (log, commit) in enumerate(_in_order(readers)):
        header = decode_header(commit.header)
        keys = index_keys(header.tx, decode_events(commit.payload, commit.position))
        waiting.append(Entry(log, commit, keys))
        after |= {log: commit}
        if len(after) < len(readers):
            continue
        body = msgspec.msgpack.encode(HardState(term=commit.term, numbered=(commit.term, number)))
        yield Transaction(tuple(waiting), body, heads, hard, dict(after))
        heads, hard, waiting = dict(after), body, []


def _in_order(readers: Mapping[str, LogReader]) -> Iterator[tuple[str, Commit]]:
    shared, done = readers["shared"].commits(), 0
    end = readers["shared"].last()
    for commit in readers["node"].commits():
        upto = min(decode_header(commit.header).shared_position or 0, end)
        for _ in range(done, upto):
            yield "shared", next(shared)
        done = max(done, upto)
        yield "node", commit
    for commit in shared:
        yield "shared", commit


class Crashing:
    """One rehearsal: a store that grows, and beside it the place where crashes are recovered."""

    def __init__(self, readers: Mapping[str, LogReader], cluster: str, directory: Path) -> None:
        self._readers = readers
        self._grown = directory / "grown" / DATABASE
        self._crashed = directory / "crashed" / DATABASE
        self._next: tuple[Entry, ...] = ()
        self.images = 0
        """Crashes that were recovered from."""
        self._grown.parent.mkdir()
        self._store = Store.open(self._grown)
        for log, reader in readers.items():
            name = cluster if log == "shared" else reader.name.partition("/")[2]
            self._store.create_log(log, name, reader.lineage)

    def close(self) -> None:
        """Close the store that grew; it goes with its directory."""
        self._store.close()

    def append(self, done: Transaction, following: Transaction | None, *, io: bool) -> None:
        """Append a transaction, and crash after it; with `io` also at each step of it.

        Raises:
            Differs: what is recovered is not what has to be there.
        """
        before = Files.of(self._grown) if io else None
        self._store.append(done.entries, new_hard_state=done.hard_state)
        self._next = () if following is None else following.entries
        if before is None:
            self._recover(done, None)
            return
        after = Files.of(self._grown)
        for image in crashes.of_transaction(before, after):
            self._recover(done, image)
        for image in crashes.of_checkpoint(after, self._checkpointed(after)):
            self._recover(done, image)

    def break_off(self, found: Files) -> int:
        """Crash at each of the last writes in the WAL that a store came with; return how many.

        Its transactions are the site's own; what is recovered has to be a beginning of the log.

        Raises:
            Differs: it is not.
        """
        images = crashes.of_transaction(Files(found.database, b""), found)
        last = [image for image in images if not image.done][-WAL_LAST:]
        for image in last:
            try:
                store, node = opened(self._placed(image.files))
                with store:
                    heads = {log: head.position for log, head in store.heads.items()}
                    expected = {log: self._readers[log].commit(at) for log, at in heads.items()}
                    _compare(store, node, expected, store.hard_state())
            except _Other as error:
                text, *values = error.args
                raise self._broken_off(image, text, *values) from error
            except Exception as error:  # whatever it is, a daemon would not start
                if _is_unfounded(error):
                    continue
                raise self._broken_off(image, described(error)) from error
            self.images += 1
        return len(last)

    def _broken_off(self, image: Image, text: str, *values: object) -> Differs:
        said = f"its own WAL, crash {image.what}: {text}"
        recorded, found = values or (None, None)
        return Differs(Difference("crashes", said, recorded=recorded, found=found))

    def skip(self, done: Transaction) -> None:
        """Append a transaction, and do not crash after it."""
        self._store.append(done.entries, new_hard_state=done.hard_state, flush=False)

    def cut_keyframes(self) -> None:
        """Cut keyframes as a daemon does, so that what is recovered begins with them."""
        for reader in self._store.logs.values():
            if self._store.heads[reader.log].position % _KEYFRAMES_EVERY == 0:
                for finding in survey(reader, whole=False):
                    if isinstance(finding, Slice | Cut | Dropped):
                        carry_out(self._store, finding)

    def _checkpointed(self, files: Files) -> bytes:
        """Return the database once all of the WAL is in it, as the next start leaves it."""
        path = self._placed(files)
        with Store.open(path):
            return path.read_bytes()

    def _placed(self, files: Files | None) -> Path:
        path = self._crashed
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        if files is not None:
            return files.to(path)
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{self._grown}{suffix}", f"{path}{suffix}")
        return path

    def _recover(self, done: Transaction, image: Image | None) -> None:
        where = "the commit" if image is None else image.what
        expected: Mapping[str, Commit] = done.after
        hard: bytes | None = done.hard_state
        if image is not None and not image.done:
            if not done.before:
                return  # before the founding there is nothing to recover
            expected, hard = done.before, done.hard_before
        goes_on = self._next if expected is done.after else done.entries
        try:
            store, node = opened(self._placed(None if image is None else image.files))
            with store:
                _compare(store, node, expected, hard)
                store.append(goes_on)
        except _Other as error:
            text, *values = error.args
            raise self._differs(done, f"crash at {where}: {text}", *values) from error
        except Exception as error:  # whatever it is, a daemon would not start
            raise self._differs(done, f"crash at {where}: {described(error)}") from error
        self.images += 1

    def _differs(
        self, done: Transaction, text: str, recorded: object = None, found: object = None
    ) -> Differs:
        entry = done.entries[-1]
        name, position = self._readers[entry.log].name, _commit(entry).position
        return Differs(Difference("crashes", text, name, position, recorded=recorded, found=found))


class Differs(Exception):
    """What was recovered is not what has to be there; the first argument says how."""

    @property
    def difference(self) -> Difference:
        """Return what differs."""
        found: Difference = self.args[0]
        return found


class _Other(Exception):
    """(what, recorded, found) of a store that holds something else."""


def _compare(store: Store, node: Node, expected: Mapping[str, Commit], hard: bytes | None) -> None:
    lives = {"shared": node.shared, "node": node.own}
    for log, commit in expected.items():
        head, live = store.heads[log], lives[log]
        if (head.position, head.hash) != (commit.position, commit.hash):
            text = f"log {store.logs[log].name} ends with another commit"
            raise _Other(text, commit.position, head.position)
        computed = digest.stored(digest.of_state(live.state)).hex()
        if computed != commit.digest.hex():
            text = f"log {store.logs[log].name} gives another state"
            raise _Other(text, commit.digest.hex(), computed)
        tx = decode_header(commit.header).tx
        if commit.position not in store.positions(log, f"tx/{tx}"):
            raise _Other(f"the index does not find {tx}", commit.position, None)
    found = store.hard_state()
    if found != hard:
        values = (None if body is None else body.hex() for body in (hard, found))
        raise _Other("the hard state is another one", *values)


def _is_unfounded(error: Exception) -> bool:
    """Tell whether a store has no logs yet: the WAL that is broken off is its first."""
    return isinstance(error, Damaged) and "not founded" in error.message


def _commit(entry: Entry) -> Commit:
    assert isinstance(entry.item, Commit)
    return entry.item
