"""Shipping a node's logs to an archive: every commit once, from where the archive ends.

What is shipped next is said by the archive's own head, so a shipper that was ended at any moment
goes on where it was, and of several that ship the shared log of a cluster each finds what the
others did. A commit that is there already is the same one, or it is an error that is said, and
shown to whoever asks the archive: nothing is ever put in its place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from eventstore.errors import Conflict, StoreError, Unavailable
from eventstore.keeping.parcels import Packer
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Cluster, Node
from eventstore.model.state import State
from eventstore.past.moments import time_of
from eventstore.source import Source
from eventstore.storage.fleet import arriving, catalogue, connecting
from eventstore.storage.fleet.catalogue import LogRow
from eventstore.storage.fleet.months import month_of
from eventstore.storage.reader import LogReader
from eventstore.storage.schema import LOGS

SEEN_S = 10.0
"""How often the archive is told how far the logs go, while there is nothing to ship."""


class Reached(NamedTuple):
    """How far a log is in the archive, and at the node; what is in its way, if anything is."""

    log: str
    position: int
    last: int
    shipped: int = 0
    problem: StoreError | None = None


class Shipper:
    """Ships both logs of a node; it holds a connection and a state for each log."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: connecting.Connection | None = None
        self._cluster = 0
        self._lanes: dict[bytes, _Lane] = {}

    def round(self, source: Source) -> Iterator[Reached]:
        """Ship what there is to ship, and say after each parcel how far it is.

        A log that must not be shipped stops by itself, and the other goes on.

        Raises:
            StoreError: the archive is not to be had; what arrived is kept.
        """
        try:
            with connecting.told(self.url):
                connection = self._open(source)
                for log in LOGS:
                    reader = source.readers[log]
                    if not reader.last():
                        continue
                    lane = self._lanes.get(reader.lineage)
                    if lane is None:
                        lane = self._lanes[reader.lineage] = _Lane(reader.lineage)
                    yield from lane.ship(connection, self._cluster, source, log)
        except BaseException:
            self.close()
            raise

    def _open(self, source: Source) -> connecting.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connecting.connect(self.url, writes=True)
            connecting.prepare(self._connection, self.url)
            cluster_id, name = _cluster_of(source)
            self._cluster = catalogue.register(self._connection, cluster_id, name)
        return self._connection

    def close(self) -> None:
        """Let go of the connection, and of what was known of the archive."""
        self._lanes.clear()
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None


def _cluster_of(source: Source) -> tuple[str, str]:
    """Return the ID and the name of the cluster that a node's logs belong to.

    Raises:
        Unavailable: neither log says so yet.
    """
    for log in LOGS:
        reader = source.readers[log]
        if reader.last():
            header = source.replayers[log].state_at(reader.first).get((NODE_SPACE, HEADER_RID))
            if isinstance(header, (Cluster, Node)):
                return header.cluster_id, source.cluster or header.name
    raise Unavailable(
        "V-5-1-9188",
        "these logs do not say of which cluster they are",
        cause="neither has a first commit",
        fix="start the node's daemon on them once",
    )


class _Lane:
    """One log on its way."""

    def __init__(self, lineage: bytes) -> None:
        self._lineage = lineage
        self._packer: Packer | None = None
        self._row: LogRow | None = None
        self._told: tuple[int, str | None] = (-1, None)
        self._told_at = 0.0

    def ship(
        self, connection: connecting.Connection, cluster: int, source: Source, log: str
    ) -> Iterator[Reached]:
        """Ship what the archive does not have.

        Raises:
            psycopg.Error: the archive is not to be had.
        """
        reader = source.readers[log]
        node = source.readers["node"].name.removeprefix("node/")
        try:
            while True:
                row = self._row = catalogue.log_of(connection, cluster, reader.name, self._lineage)
                last = reader.last()
                self._tell(connection, source, log, node, None)
                if not self._goes_on(row, reader, last):
                    self._packer = None
                    _check_same(connection, row, reader)
                if row.position >= last:
                    yield Reached(reader.name, row.position, last)
                    return
                shipped = self._step(connection, source, log, row)
                yield Reached(reader.name, self._row.position, last, shipped)
        except StoreError as error:
            self._packer = None
            self._tell(connection, source, log, node, error)
            position = 0 if self._row is None else self._row.position
            yield Reached(reader.name, position, reader.last(), problem=error)

    def _goes_on(self, row: LogRow, reader: LogReader, last: int) -> bool:
        """Whether what was packed last ends where the archive does; others may have shipped it."""
        packer = self._packer
        if packer is None or packer.reader is not reader:
            return False
        if packer.position < row.position <= last:
            packer.skip(row.position)
        return (packer.position, packer.hash) == (row.position, row.hash)

    def _step(
        self, connection: connecting.Connection, source: Source, log: str, row: LogRow
    ) -> int:
        """Ship one parcel; return how many commits it had, 0 if somebody else was first."""
        reader = source.readers[log]
        if self._packer is None:
            state, after = State(), None
            if row.position:
                after = reader.commit(row.position)
                replayer = source.replayers[log]
                state = replayer.state_at(row.position)
                replayer.keep(State(), 0)  # it is changed from here on
            self._packer = Packer(reader, after, state)
        packer, self._packer = self._packer, None
        parcel = packer.next()
        taken = None
        if parcel is not None:
            months = dict.fromkeys(map(month_of, parcel.times))
            arriving.open_months(connection, row.cluster, months)
            taken = arriving.take(connection, row, parcel)
        self._packer = packer
        if parcel is None or taken is None:
            return 0
        self._row = taken
        return len(parcel.commits)

    def _tell(
        self,
        connection: connecting.Connection,
        source: Source,
        log: str,
        node: str,
        error: StoreError | None,
    ) -> None:
        """Tell the archive how far the log goes here, every so often and if it is news."""
        if self._row is None:
            return
        reader = source.readers[log]
        last = reader.last()
        why = None if error is None else f"{error.message}: {error.cause or ''}".rstrip(": ")
        now = time.monotonic()
        if (last, why) == self._told and now - self._told_at < SEEN_S:
            return
        catalogue.seen(connection, self._row.log, node, last, time_of(reader, last), why)
        self._told, self._told_at = (last, why), now


def _check_same(connection: connecting.Connection, row: LogRow, reader: LogReader) -> None:
    """Look whether the archive has the same log as far as both go.

    Raises:
        Conflict: it has another one; it says from where on.
    """
    place = min(row.position, reader.last())
    if place < row.first or place < reader.first or _same(connection, row, reader, place):
        if row.position > reader.last() and row.name != catalogue.SHARED:
            raise Conflict(
                "V-5-1-9187",
                f"log {row.name}: the archive has more of it than the node",
                cause=f"it ends @{reader.last()} here and @{row.position} there: the node was "
                "put back to an older copy",
                fix="bring the newer log back, or begin the node anew: its log then has another "
                "lineage, and is another log of the archive",
                rule="G5",
            )
        return
    low, high = max(row.first, reader.first) - 1, place  # the same at `low`, another at `high`
    while high - low > 1:
        middle = (low + high) // 2
        if _same(connection, row, reader, middle):
            low = middle
        else:
            high = middle
    raise Conflict(
        "V-5-1-9187",
        f"log {row.name}: another commit is @{high} in the archive",
        cause=f"hash {reader.commit(high).hash.hex()} here",
        fix="'vx verify --against' finds which nodes have which; nothing of this log is shipped "
        "from here until it is one again",
        rule="G5",
    )


def _same(
    connection: connecting.Connection, row: LogRow, reader: LogReader, position: int
) -> bool:
    return arriving.hash_at(connection, row, position) == reader.commit(position).hash
