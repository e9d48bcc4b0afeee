"""Replay against the `eventsourcing` library: the same events, on the same machine, in turns.

Both read from an SQLite file, or a database, of their own. The library's aggregates are written as
its guide has it: decorated methods, one aggregate for each disk group, read with `repository.get`,
with neither snapshots nor a cache. They do less than ours: a map for each object, and no index.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from eventstore.codec import decode_stored
from eventstore.model import events as ev
from eventstore.model.objects import Plex, Subdisk, Volume
from eventstore.model.state import State
from eventstore.past.replay import replay
from eventstore.storage.location import Location
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.bench.appending import COMMITS as APPENDS, Appender
from tests.bench.ground import LOG, WARM, Scale, warm_store
from tests.bench.measure import Goal, Row, Turns, rate
from tests.support.long_history import extend

COMMITS = 10_000
_PENDING_MAX = 1000


class Group(Aggregate):
    """A disk group, as somebody would write it with the library."""

    def __init__(self) -> None:
        self.objects: dict[int, dict[str, Any]] = {}

    @event("VolumeCreated")
    def create_volume(self, rid: int, name: str, length: int) -> None:
        self.objects[rid] = {"name": name, "length": length}

    @event("PlexCreated")
    def create_plex(self, rid: int, name: str, volume: int, length: int) -> None:
        self.objects[rid] = {"name": name, "volume": volume, "length": length}

    @event("SubdiskCreated")
    def create_subdisk(
        self, rid: int, name: str, plex: int, disk: int, disk_offset: int, length: int
    ) -> None:
        place = {"plex": plex, "disk": disk, "disk_offset": disk_offset}
        self.objects[rid] = {"name": name, "length": length, **place}

    @event("VolumeResized")
    def resize_volume(self, rid: int, length: int) -> None:
        self.objects[rid]["length"] = length

    @event("PlexResized")
    def resize_plex(self, rid: int, length: int) -> None:
        self.objects[rid]["length"] = length

    @event("SubdiskResized")
    def resize_subdisk(self, rid: int, length: int) -> None:
        self.objects[rid]["length"] = length

    @event("VolumeRemoved")
    def remove_volume(self, rid: int) -> None:
        del self.objects[rid]

    @event("PlexRemoved")
    def remove_plex(self, rid: int) -> None:
        del self.objects[rid]

    @event("SubdiskRemoved")
    def remove_subdisk(self, rid: int) -> None:
        del self.objects[rid]


_METHODS: dict[type[ev.AnyEvent], tuple[str, tuple[str, ...]]] = {
    ev.VolumeCreated: ("create_volume", ("rid", "name", "length")),
    ev.PlexCreated: ("create_plex", ("rid", "name", "volume", "length")),
    ev.SubdiskCreated: (
        "create_subdisk",
        ("rid", "name", "plex", "disk", "disk_offset", "length"),
    ),
    ev.VolumeResized: ("resize_volume", ("rid", "length")),
    ev.PlexResized: ("resize_plex", ("rid", "length")),
    ev.SubdiskResized: ("resize_subdisk", ("rid", "length")),
    ev.VolumeRemoved: ("remove_volume", ("rid",)),
    ev.PlexRemoved: ("remove_plex", ("rid",)),
    ev.SubdiskRemoved: ("remove_subdisk", ("rid",)),
}
"""What an event is in the library. Those of no group's object, one in twenty or so, it is spared,
and each side's rate counts its own events."""


def on_sqlite(path: Path) -> dict[str, str]:
    """Return what the library is told to keep its events in a file."""
    return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}


class Peer:
    """The library, fed with what a log of ours holds."""

    def __init__(self, settings: dict[str, str], reader: LogReader) -> None:
        self._application = Application[UUID](env=settings)
        self._groups: dict[str, Group] = {}
        self.events = 0
        for _position, payload in reader.payloads():
            for one in decode_stored(payload):
                self._take(one)
        for group in self._groups.values():
            self._application.save(group)

    def _take(self, one: Any) -> None:
        if type(one) not in _METHODS:
            return
        name, fields = _METHODS[type(one)]
        if one.dgid not in self._groups:
            self._groups[one.dgid] = Group()
            self.events += 1
        group = self._groups[one.dgid]
        getattr(group, name)(**{field: getattr(one, field) for field in fields})
        self.events += 1
        if len(group.pending_events) >= _PENDING_MAX:
            self._application.save(group)

    def replay(self) -> dict[tuple[str, int], int]:
        """Read every group from its first event; return the length of each object."""
        lengths = {}
        for dgid, known in self._groups.items():
            group: Group = self._application.repository.get(known.id)
            for rid, values in group.objects.items():
                lengths[dgid, rid] = values["length"]
        return lengths

    def close(self) -> None:
        """Let the file go."""
        self._application.close()


class Saver:
    """The library, with one group that grows, and is saved whenever it has grown."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._application = Application[UUID](env=settings)
        self._group = Group()
        self._group.create_volume(rid=3, name="vol0001", length=1)
        self._group.create_plex(rid=4, name="vol0001-01", volume=3, length=1)
        self._group.create_subdisk(rid=5, name="s", plex=4, disk=1, disk_offset=0, length=1)
        self._length = 1
        self.saves(WARM)

    def saves(self, commits: int) -> None:
        """Grow the group so many times, three events and a save each."""
        group, save = self._group, self._application.save
        for _ in range(commits):
            self._length += 2048
            group.resize_subdisk(rid=5, length=self._length)
            group.resize_plex(rid=4, length=self._length)
            group.resize_volume(rid=3, length=self._length)
            save(group)

    def close(self) -> None:
        """Let the file, or the database, go."""
        self._application.close()


def appended(ours: Location, settings: dict[str, str], engine: str, scale: Scale) -> list[Row]:
    """Compare our appends of commits with the library's saves of the same events."""
    commits, saver = scale.count(APPENDS), Saver(settings)
    with warm_store(ours) as store:
        appender = Appender(store)
        turns = Turns(
            ours=lambda: appender.one(commits),
            peer=lambda: rate(commits, lambda: saver.saves(commits)),
        )
        turns.run(scale.rounds)
    saver.close()
    return [
        turns.row(
            f"durable append, against the eventsourcing library, {engine}",
            "ours",
            "peer",
            unit="commits/s",
            base_is=f"eventsourcing {version('eventsourcing')}: three events and a save of them",
        )
    ]


def against_the_library(directory: Path, scale: Scale) -> list[Row]:
    """Compare replay and appends with the library's, of the same events."""
    path = directory / "peer-ours.db"
    with Store.open(path) as store:
        extend(store, scale.count(COMMITS))
    return [
        *replayed(path, on_sqlite(directory / "peer.db"), "SQLite", scale),
        *appended(
            directory / "peer-appends.db", on_sqlite(directory / "saves.db"), "SQLite", scale
        ),
    ]


def replayed(ours: Location, settings: dict[str, str], engine: str, scale: Scale) -> list[Row]:
    """Compare a replay of our log with the library's of the same events."""
    with read_store(ours) as logs:
        reader = logs[LOG]
        last = reader.last()
        events = sum(len(decode_stored(payload)) for _, payload in reader.payloads())
        peer = Peer(settings, reader)
        turns = Turns(
            ours=lambda: rate(events, lambda: replay(reader, last)),
            peer=lambda: rate(peer.events, peer.replay),
        )
        turns.run(max(3, scale.rounds // 3))
        same = _lengths(replay(reader, last)) == peer.replay()
        peer.close()
    return [
        turns.row(
            f"replay, against the eventsourcing library, {engine}",
            "ours",
            "peer",
            unit="events/s",
            goal=Goal(8),
            base_is=f"eventsourcing {version('eventsourcing')} on {engine}, repository.get",
            checks={"both come to the same objects": same},
            details={"events": events, "events_of_the_library": peer.events},
        )
    ]


def _lengths(state: State) -> dict[tuple[str, int], int]:
    return {
        (record.space, record.rid): record.length
        for record in state.records()
        if isinstance(record, (Volume, Plex, Subdisk))
    }
