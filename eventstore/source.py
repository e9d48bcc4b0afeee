"""A store that is opened to be asked, and the moments that it can be asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from eventstore.errors import StoreError
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Cluster
from eventstore.model.state import State
from eventstore.past.moments import Moment, Resolved, counterpart, log_of, resolve, time_of
from eventstore.past.replay import Replayer
from eventstore.present.standing import Log, Standing
from eventstore.proofs import bundles
from eventstore.storage.fleet.naming import is_archive, place_of
from eventstore.storage.location import Database, Location, located, location_of
from eventstore.storage.offline import read_store
from eventstore.storage.postgres_errors import require_driver
from eventstore.storage.reader import LogReader

DATABASE = "log.db"


class Source:
    """A store that is only read: both its logs, and the state of each at any position."""

    def __init__(self, readers: dict[str, LogReader]) -> None:
        self.readers = readers
        self.replayers = {log: Replayer(reader) for log, reader in self.readers.items()}
        self.cluster, nodes = _founding(self.replayers["shared"])
        self.default: Log = "shared" if len(nodes) > 1 else "node"
        self.enabled = True
        """Whether the shared disk groups are enabled now, where the daemon says so (C1)."""
        self.said: list[str] = []
        """What is to be said with every answer: which of several logs it was that was asked."""

    def tell(self, told: Callable[[int, int], None] | None) -> None:
        """Have somebody told how far a long question is: what is done, of how much."""
        for reader in self.readers.values():
            reader.told = told

    def reader(self, *moments: Moment | None) -> LogReader:
        """Return the log that moments name, or the one that is meant where none does."""
        named = [log for log in map(log_of, moments) if log is not None]
        return self.readers[named[0] if named else self.default]


def _founding(shared: Replayer) -> tuple[str | None, tuple[str, ...]]:
    """Return the cluster's name and configured nodes, as the shared log's first commit says."""
    try:
        header = shared.state_at(shared.reader.first).get((NODE_SPACE, HEADER_RID))
    except StoreError:
        # A damaged log must still open, so that `verify` can say where; it just has no name.
        return None, ()
    return (header.name, header.nodes) if isinstance(header, Cluster) else (None, ())


@contextmanager
def open_log(path: str) -> Iterator[Source]:
    """Open a home, its log.db, the URL of a database, or a bundle for reading.

    A daemon may run on it or not.

    A URL, `#CLUSTER` or `#CLUSTER/NODE` behind it, names logs of an archive of clusters.

    Raises:
        NotFound: there is no log.
        UnknownFormat: another version of this program wrote it.
        Damaged: its structure is broken.
    """
    if is_archive(path):
        with _archived(path) as source:
            yield source
        return
    where = location_of(path)
    if isinstance(where, Database):
        with opened(where) as source:
            yield source
        return
    if bundles.is_bundle(where):
        with bundles.reading(where) as readers:
            yield Source(readers)
        return
    with opened(where / DATABASE if where.is_dir() else where) as source:
        yield source


def log_at(text: str) -> Location:
    """Return where the log is that a text names: a home, its log.db, or the URL of a database."""
    found = location_of(text)
    if not isinstance(found, Database) and found.is_dir():
        found = found / DATABASE
    return located(found)


@contextmanager
def opened(where: Location) -> Iterator[Source]:
    """Open a store for reading.

    Raises:
        NotFound, UnknownFormat, Damaged: as `open_log`.
    """
    with read_store(where) as readers:
        yield Source(readers)


@contextmanager
def _archived(text: str) -> Iterator[Source]:
    require_driver()
    from eventstore.storage.fleet.opening import read_archive  # noqa: PLC0415 it loads a driver

    with read_archive(place_of(text)) as (readers, said):
        source = Source(readers)
        source.said = said + [
            f"log {reader.name} begins @{reader.first} here: what was before was archived away"
            for reader in readers.values()
            if reader.first > 1
        ]
        yield source


class Then:
    """One moment of a node's past, in both its logs.

    A time is looked for in each log. A position is one of the log that it names, else of `base`,
    else of the one that is asked; the other log's is the one at the same moment.
    """

    def __init__(self, source: Source, at: Moment | None, base: Log | None = None) -> None:
        named: Any = log_of(at)
        self.source = source
        self.at = None if at is None else msgspec.structs.replace(at, log=None)
        self.base: Log | None = named or base
        self.default: Log = self.base or source.default
        self.standing = Standing(
            self.default, self._state, enabled=source.enabled or at is not None
        )

    def resolved(self, log: Log) -> Resolved:
        """Return the moment in a log.

        Raises:
            NotFound: the log has no such moment.
        """
        reader, base = self.source.readers[log], self.base or log
        if base == log or self.at is None or self.at.kind in ("time", "head"):
            return resolve(reader, self.at)
        other = self.source.readers[base]
        position = counterpart(other, resolve(other, self.at).position, reader)
        return Resolved(position, time_of(reader, position) if position else 0)

    def _state(self, log: Log) -> State:
        position = self.resolved(log).position
        return self.source.replayers[log].state_at(position) if position else State()
