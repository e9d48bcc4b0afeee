"""What an archive has of clusters, logs and nodes: small tables, one row a thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from eventstore.codec import Head
from eventstore.errors import NotFound, Rejected
from eventstore.storage.fleet.connecting import Connection
from eventstore.storage.fleet.months import month_of

SHARED = "shared"
_LOGS = (
    "SELECT log, cluster, name, lineage, position, hash, digest, time_us, first, before"
    " FROM vxfleet.logs"
)
_SIGHTINGS = (
    "SELECT c.name, c.cluster_id, l.name, o.space, o.rid, o.kind, o.name, g.name,"
    " o.first_position, o.first_us, o.last_position, o.last_us, o.is_there"
)


class LogRow(NamedTuple):
    """A log in the archive: its number there, its cluster's, where it ends and begins."""

    log: int
    cluster: int
    name: str
    lineage: bytes
    position: int
    hash: bytes
    digest: bytes
    time_us: int
    first: int
    before: bytes

    @property
    def head(self) -> Head:
        """Where it ends."""
        return Head(self.lineage, self.position, self.hash, self.time_us)


class ClusterRow(NamedTuple):
    """A cluster in the archive."""

    cluster: int
    cluster_id: str
    name: str


class Standing(NamedTuple):
    """How far a log is here, and how far it is at a node that ships it; None: nobody does."""

    cluster: str
    cluster_id: str
    log: str
    position: int
    time_us: int
    first: int
    arrived: datetime | None
    node: str | None
    there: int | None
    there_us: int | None
    seen: datetime | None
    problem: str | None


def register(connection: Connection, cluster_id: str, name: str) -> int:
    """Return the number of a cluster; it gets one if it is new."""
    row = connection.execute(
        "SELECT cluster, name FROM vxfleet.clusters WHERE cluster_id = %s", (cluster_id,)
    ).fetchone()
    if row is None or row[1] != name:
        row = connection.execute(
            "INSERT INTO vxfleet.clusters (cluster_id, name) VALUES (%s, %s)"
            " ON CONFLICT (cluster_id) DO UPDATE SET name = excluded.name RETURNING cluster",
            (cluster_id, name),
        ).fetchone()
    assert row is not None
    return int(row[0])


def log_of(connection: Connection, cluster: int, name: str, lineage: bytes) -> LogRow:
    """Return a log as it is here; it gets a number if it is new."""
    found = _log(connection, lineage)
    if found is None:
        connection.execute(
            "INSERT INTO vxfleet.logs (cluster, name, lineage) VALUES (%s, %s, %s)"
            " ON CONFLICT (lineage) DO NOTHING",
            (cluster, name, lineage),
        )
        found = _log(connection, lineage)
    assert found is not None
    return found


def _log(connection: Connection, lineage: bytes) -> LogRow | None:
    row = connection.execute(
        f"{_LOGS} WHERE lineage = %s",
        (lineage,),
    ).fetchone()
    return None if row is None else LogRow(*row)


def log_by_number(connection: Connection, number: int) -> LogRow:
    """Return a log that is known to be there, as it is now."""
    row = connection.execute(
        f"{_LOGS} WHERE log = %s",
        (number,),
    ).fetchone()
    assert row is not None
    return LogRow(*row)


def logs_of(connection: Connection, cluster: int) -> list[LogRow]:
    """Return the logs of a cluster that have anything, the newest of a name last."""
    rows = connection.execute(
        f"{_LOGS} WHERE cluster = %s AND position > 0 ORDER BY log",
        (cluster,),
    )
    return [LogRow(*row) for row in rows]


def cluster_of(connection: Connection, name: str | None) -> ClusterRow:
    """Return the cluster of a name, or of the beginning of an ID.

    Raises:
        NotFound: there is none.
        Rejected: there are several, or none is named and there is not just one.
    """
    rows = [
        ClusterRow(*row)
        for row in connection.execute(
            "SELECT cluster, cluster_id, name FROM vxfleet.clusters"
            " WHERE %(name)s::text IS NULL OR name = %(name)s OR starts_with(cluster_id, %(name)s)"
            " ORDER BY name, cluster_id LIMIT 20",
            {"name": name},
        )
    ]
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise NotFound(
            "V-5-1-9185",
            "the archive has no cluster" + ("" if name is None else f" {name}"),
            fix="'vx archive status --log URL' lists those that it has",
        )
    if name is None:
        raise Rejected(
            "V-5-1-9184",
            "it is not said which cluster is meant",
            cause="the archive has " + ", ".join(dict.fromkeys(row.name for row in rows)),
            fix="add --cluster NAME",
        )
    raise Rejected(
        "V-5-1-9184",
        f"{len(rows)} clusters are called {name}",
        cause="their IDs are " + ", ".join(row.cluster_id for row in rows),
        fix="say --cluster with the ID of the one that is meant, or its beginning",
    )


def standings(connection: Connection, cluster: int | None = None) -> list[Standing]:
    """Return how far each log is here and at each node that ships it."""
    rows = connection.execute(
        "SELECT c.name, c.cluster_id, l.name, l.position, l.time_us, l.first, l.arrived,"
        " s.node, s.position, s.time_us, s.seen, s.problem"
        " FROM vxfleet.clusters c JOIN vxfleet.logs l USING (cluster)"
        " LEFT JOIN vxfleet.shippers s ON s.log = l.log"
        " WHERE %(cluster)s::integer IS NULL OR c.cluster = %(cluster)s"
        " ORDER BY c.name, c.cluster_id, l.name <> 'shared', l.name, l.log, s.node",
        {"cluster": cluster},
    )
    return [Standing(*row) for row in rows]


def seen(
    connection: Connection, log: int, node: str, position: int, time_us: int, problem: str | None
) -> None:
    """Note how far a log goes at a node, and what keeps it from being shipped."""
    connection.execute(
        "INSERT INTO vxfleet.shippers (log, node, position, time_us, seen, problem)"
        " VALUES (%s, %s, %s, %s, clock_timestamp(), %s)"
        " ON CONFLICT (log, node) DO UPDATE SET position = excluded.position,"
        " time_us = excluded.time_us, seen = excluded.seen, problem = excluded.problem",
        (log, node, position, time_us, problem),
    )


class Sighting(NamedTuple):
    """An object in a log: under which name, from when on, when it was last changed, if it is."""

    cluster: str
    cluster_id: str
    log: str
    space: str
    rid: int
    kind: str
    name: str
    group: str | None
    first_position: int
    first_us: int
    last_position: int
    last_us: int
    is_there: bool


def find(connection: Connection, name: str, group: str | None = None) -> list[Sighting]:
    """Return where objects of a name are or were, in all clusters; of one group, if it is named.

    It costs what it finds.
    """
    rows = connection.execute(
        f"{_SIGHTINGS}"  # noqa: S608 ours
        " FROM vxfleet.objects o JOIN vxfleet.logs l USING (log)"
        " JOIN vxfleet.clusters c USING (cluster)"
        " LEFT JOIN LATERAL (SELECT g.name FROM vxfleet.objects g WHERE g.log = o.log"
        "  AND g.space = o.space AND g.rid = 0 AND o.space <> '' AND o.rid <> 0"
        "  AND (%(group)s::text IS NULL OR g.name = %(group)s)"
        "  ORDER BY g.last_position DESC LIMIT 1) g ON true"
        " WHERE o.name = %(name)s AND (%(group)s::text IS NULL OR g.name IS NOT NULL)"
        " ORDER BY c.name, c.cluster_id, l.name <> 'shared', l.name, o.first_us, o.rid",
        {"name": name, "group": group},
    )
    return [Sighting(*row) for row in rows]


def find_rid(connection: Connection, space: str, rid: int) -> list[Sighting]:
    """Return where the object of a record ID is or was, under each name that it had."""
    rows = connection.execute(
        f"{_SIGHTINGS}"  # noqa: S608 ours
        " FROM vxfleet.logs l JOIN vxfleet.clusters c USING (cluster)"
        " JOIN vxfleet.objects o ON o.log = l.log AND o.space = %(space)s AND o.rid = %(rid)s"
        " LEFT JOIN LATERAL (SELECT g.name FROM vxfleet.objects g WHERE g.log = o.log"
        "  AND g.space = o.space AND g.rid = 0 AND o.space <> '' AND o.rid <> 0"
        "  ORDER BY g.last_position DESC LIMIT 1) g ON true"
        " ORDER BY c.name, c.cluster_id, l.name <> 'shared', l.name, o.first_us",
        {"space": space, "rid": rid},
    )
    return [Sighting(*row) for row in rows]


def newest(
    connection: Connection, since_us: int, until_us: int | None, most: int
) -> list[tuple[int, int]]:
    """Return (log, position) of the newest commits of all clusters in a time, the newest first.

    Months are gone through backwards until there are enough. What is newest of all is in the
    clusters whose heads are the newest, so of many clusters only as many are looked at.
    """
    some = most if until_us is None else None
    rows = connection.execute(
        "SELECT m.month, array_agg(DISTINCT m.cluster) FROM vxfleet.months m JOIN ("
        "  SELECT cluster FROM vxfleet.logs GROUP BY cluster ORDER BY max(time_us) DESC LIMIT %s"
        " ) c USING (cluster) WHERE m.month >= %s GROUP BY m.month ORDER BY m.month DESC",
        (some, month_of(since_us)),
    ).fetchall()
    found: list[tuple[int, int, int]] = []
    for month, clusters in rows:
        if len(found) >= most:
            break
        for cluster in clusters:
            # By itself: a statement about one partition is planned without a look at the others.
            found += connection.execute(
                "SELECT time_us, log, position FROM vxfleet.commits WHERE cluster = %s"
                " AND month = %s AND time_us BETWEEN %s AND %s"
                " ORDER BY time_us DESC, log, position DESC LIMIT %s",
                (cluster, month, since_us, until_us or 2**62, most),
            ).fetchall()
    found.sort(key=lambda row: (-row[0], row[1], -row[2]))
    return [(log, position) for _time_us, log, position in found[:most]]


def named(connection: Connection, logs: Sequence[int]) -> dict[int, tuple[ClusterRow, LogRow]]:
    """Return logs of an archive, by their numbers, with their clusters."""
    rows = connection.execute(
        "SELECT c.cluster, c.cluster_id, c.name, l.log, l.cluster, l.name, l.lineage, l.position,"
        " l.hash, l.digest, l.time_us, l.first, l.before"
        " FROM vxfleet.logs l JOIN vxfleet.clusters c USING (cluster) WHERE l.log = ANY(%s)",
        (list(logs),),
    )
    return {row[3]: (ClusterRow(*row[:3]), LogRow(*row[3:])) for row in rows}
