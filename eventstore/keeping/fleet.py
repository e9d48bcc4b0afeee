"""Questions across the clusters of an archive, and the dropping of old history.

Each costs what it finds: rows by an index, then the commits that they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventstore.codec import Commit
from eventstore.errors import Damaged, NotFound
from eventstore.keeping.parcels import frame_of
from eventstore.past import history
from eventstore.past.replay import Replayer
from eventstore.present.views import key_of_rid
from eventstore.storage.fleet import catalogue, connecting, detaching
from eventstore.storage.fleet.catalogue import LogRow, Sighting, Standing
from eventstore.storage.fleet.connecting import Connection
from eventstore.storage.fleet.months import begins_us
from eventstore.storage.fleet.reader import FleetReader
from eventstore.storage.keyframes import Keyframe
from eventstore.text import iso

Row = dict[str, Any]
NEWEST = 100
"""Commits of all clusters that are listed where nothing says how many, or since when."""
_EVER = 2**62


@contextmanager
def _opened(url: str, *, writes: bool = False) -> Iterator[Connection]:
    connection = connecting.connect(url, writes=writes)
    try:
        connecting.check(connection, url)
        with connecting.told(url):
            yield connection
    finally:
        connection.close()


def status(url: str, cluster: str | None = None) -> list[Row]:
    """Return how far each log is here, and how far at the nodes that ship it.

    Raises:
        NotFound: there is no such archive or cluster.
        Unavailable: the archive does not answer.
    """
    with _opened(url) as connection:
        number = None
        if cluster is not None:
            number = catalogue.cluster_of(connection, cluster).cluster
        return [_standing(row) for row in catalogue.standings(connection, number)]


def _standing(row: Standing) -> Row:
    behind = max(0, (row.there or 0) - row.position)
    seconds = max(0, (row.there_us or 0) - row.time_us) // 1_000_000
    return {
        "cluster": row.cluster,
        "cluster_id": row.cluster_id,
        "log": row.log,
        "first": row.first,
        "position": row.position,
        "time": iso(row.time_us) if row.position else None,
        "arrived": None if row.arrived is None else _iso(row.arrived),
        "node": row.node,
        "there": row.there,
        "lag": None if row.node is None else behind,
        "lag_s": None if row.node is None else (seconds if behind else 0),
        "seen": None if row.seen is None else _iso(row.seen),
        "problem": row.problem,
    }


def _iso(moment: Any) -> str:
    return iso(int(moment.timestamp() * 1_000_000))


def find(url: str, name: str) -> list[Row]:
    """Return where an object is or was: a name, DG/NAME, a device, or a record ID.

    Raises:
        NotFound: no cluster has or had one.
        Unavailable: the archive does not answer.
    """
    with _opened(url) as connection:
        key = key_of_rid(name)
        group, slash, own = name.rpartition("/")
        if key is not None:
            found = catalogue.find_rid(connection, *key)
        else:
            found = catalogue.find(connection, own, group if slash else None)
    if not found:
        raise NotFound(
            "V-5-1-9192",
            f"{name}: no cluster of the archive has such an object, or had one",
            fix="name a disk group, DG/NAME, a device, or a record ID, as it was called then",
        )
    return [_sighting(row) for row in found]


def _sighting(row: Sighting) -> Row:
    return {
        "cluster": row.cluster,
        "cluster_id": row.cluster_id,
        "log": row.log,
        "type": row.kind,
        "object": row.name if row.group is None else f"{row.group}/{row.name}",
        "rid": f"{row.space}#{row.rid}",
        "first": {"position": row.first_position, "time": iso(row.first_us)},
        "last": {"position": row.last_position, "time": iso(row.last_us)},
        "is_there": row.is_there,
    }


def lines(
    url: str,
    since_us: int | None = None,
    until_us: int | None = None,
    most: int | None = None,
    *,
    reverse: bool = False,
) -> list[Row]:
    """Return one row a commit, of all clusters, in the order of their times.

    Raises:
        NotFound: there is no archive.
        Unavailable: it does not answer.
    """
    if most is None:
        most = NEWEST if since_us is None else _EVER
    with _opened(url) as connection:
        places = catalogue.newest(connection, since_us or 0, until_us, most)
        known = catalogue.named(connection, sorted({log for log, _position in places}))
        readers = {log: FleetReader(connection, url, row) for log, (_c, row) in known.items()}
        rows: list[Row] = []
        for log, position in places:
            cluster, row = known[log]
            told = history.log_lines(readers[log], history.Wanted(), position, position)
            rows += ({"cluster": cluster.name, "log": row.name, **line} for line in told)
    rows.sort(key=lambda row: str(row["time"]), reverse=reverse)
    return rows


def detach(url: str, cluster: str | None, before_us: int, *, dry_run: bool) -> Row:
    """Detach the months of a cluster that were over at a time; return what went, or would.

    Raises:
        NotFound: there is no such cluster, or no such month.
        Rejected: it is not said which cluster is meant.
        Damaged: a log gives no state where it is to begin.
    """
    with _opened(url, writes=True) as connection:
        row = catalogue.cluster_of(connection, cluster)
        plan = detaching.planned(connection, row.cluster, before_us)

        def cutter(log: LogRow, first: int) -> tuple[Commit, bytes, tuple[Keyframe, bytes]]:
            return _beginning(FleetReader(connection, url, log), first)

        if not dry_run:
            detaching.detach(connection, plan, cutter)
    return {
        "outcome": "dry-run" if dry_run else "done",
        "cluster": row.name,
        "cluster_id": row.cluster_id,
        "before": iso(begins_us(plan.stays)),
        "months": [f"{month:%Y-%m}" for month in plan.months],
        "tables": [f"vxfleet.{name}" for name in plan.tables],
        "logs": [
            {"log": gone.log.name, "commits": gone.commits, "first": gone.first}
            for gone in plan.logs
        ],
    }


def _beginning(reader: FleetReader, first: int) -> tuple[Commit, bytes, tuple[Keyframe, bytes]]:
    commit = reader.commit(first)
    before = reader.before if first == reader.first else reader.commit(first - 1).hash
    made = frame_of(reader, commit, Replayer(reader).state_at(first))
    if made is None:
        raise Damaged(
            f"log {reader.name}: the state at @{first} is not what was recorded", position=first
        )
    return commit, before, made
