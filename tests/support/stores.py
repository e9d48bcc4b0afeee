"""Stores for tests: an engine to open them with, and commits to put into them."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pysqlite3.dbapi2 as driver

from eventstore.codec import (
    Commit,
    Context,
    Draft,
    Entry,
    encode_context,
    encode_events,
    index_keys,
)
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.storage.location import Location
from eventstore.storage.offline import LOCK, read_store
from eventstore.storage.queue import QUEUE_MAX
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store

NODE = "node1"
START_US = 1_790_000_000_000_000
Readers = dict[str, LogReader]


class Engine(Protocol):
    """What the contract suite needs of a storage engine: a store of its own, and readers."""

    name: str
    path: Path
    """Its file, or what stands for it: beside it is what is archived."""

    @property
    def location(self) -> Location:
        """Where it is."""
        ...

    def open(self, queue_max: int = QUEUE_MAX) -> Store:
        """Open the store for appending; the first time, make it with both logs."""
        ...

    def serving(self) -> AbstractContextManager[Store]:
        """Open the store as a daemon does, so that readers read beside it."""
        ...

    def reading(self) -> AbstractContextManager[Readers]:
        """Open both logs for reading only."""
        ...

    def copy(self, directory: Path) -> Engine:
        """What a machine that stops at this moment would leave, as a store of its own."""
        ...

    def raw(self) -> AbstractContextManager[Any]:
        """A plain connection to the tables, for tests that do what no program may."""
        ...


class SqliteEngine:
    """A store in an SQLite file of a directory."""

    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "log.db"
        self.location: Location = self.path

    def open(self, queue_max: int = QUEUE_MAX) -> Store:
        is_new = not self.path.exists()
        store = Store.open(self.path, queue_max=queue_max)
        if is_new:
            store.create_log("shared", "lab")
            store.create_log("node", NODE)
        return store

    @contextmanager
    def serving(self) -> Iterator[Store]:
        with self.path.with_name(LOCK).open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self.open() as store:
                yield store

    def reading(self) -> AbstractContextManager[Readers]:
        return read_store(self.path)

    def copy(self, directory: Path) -> SqliteEngine:
        other = SqliteEngine(directory)
        for file in self.path.parent.glob("log.db*"):
            if file.is_dir():
                shutil.copytree(file, other.path.with_name(file.name))
            elif not file.name.endswith("-shm"):
                shutil.copyfile(file, other.path.with_name(file.name))
        return other

    def raw(self) -> AbstractContextManager[Any]:
        return raw(self.path)


@contextmanager
def raw(path: Path) -> Iterator[Any]:
    """A plain connection to a store's database, for tests that do what no program may."""
    connection = driver.connect(str(path), isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


class Maker:
    """Makes entries of real events, with the digests that a daemon would record."""

    def __init__(self, log: str = "node") -> None:
        self.log = log
        self.made = 0
        self._state = State()
        self._digest = 0

    def entry(self, tx: str | None = None, *, message: str = "") -> Entry:
        """Return the next entry: first the node itself, then one disk more with each."""
        self.made += 1
        event = self._event()
        self._digest = digest.updated(self._digest, apply(self._state, (event,)))
        tx = tx or f"tx-{self.made}"
        context = Context(command=f"command {self.made}", message=message, clock_us=START_US)
        draft = Draft(
            tx,
            NODE,
            encode_context(context),
            encode_events((event,)),
            digest.stored(self._digest),
            START_US + self.made,
            None if self.log == "shared" else 1,
            term=1,
        )
        return Entry(self.log, draft, index_keys(tx, (event,)))

    def entries(self, count: int) -> list[Entry]:
        return [self.entry() for _ in range(count)]

    def _event(self) -> ev.AnyEvent:
        if self.made == 1:
            if self.log == "shared":
                return ev.ClusterCreated("c1", "lab", (NODE,))
            return ev.NodeCreated(NODE, "c1")
        rid = self.made - 1
        notice = ev.Notice("add", seqnum=self.made)
        return ev.DeviceAdded(rid, f"disk{rid}", f"identity{rid}", 2048, notice)


def note(tx: str, log: str = "node") -> Entry:
    """Return an entry that fits any state: a request that was rejected."""
    event = ev.RequestRejected(tx, "volume.make", "V-5-1-1", "no")
    draft = Draft(
        tx, NODE, encode_context(Context()), encode_events((event,)), bytes(17), START_US
    )
    return Entry(log, draft, index_keys(tx, (event,)))


def again(commit: Commit, log: str = "node") -> Entry:
    """Return the entry of a commit that was sealed elsewhere."""
    return Entry(log, commit)


class Stored(NamedTuple):
    """What a log holds, as far as readers are concerned."""

    lineage: bytes
    commits: tuple[Commit, ...]


def stored(readers: Readers) -> dict[str, Stored]:
    """Return all of both logs."""
    return {
        log: Stored(reader.lineage, tuple(reader.commits())) for log, reader in readers.items()
    }


def append_all(store: Store, entries: Sequence[Entry], piece: int = 100) -> list[Commit]:
    """Append in transactions of some entries each."""
    return [
        commit
        for start in range(0, len(entries), piece)
        for commit in store.append(entries[start : start + piece])
    ]
