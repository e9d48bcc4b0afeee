"""Dropping old history of a cluster: whole months, detached, and what has to stay behind.

A partition that is detached is a table by itself; nobody's answer holds it any more, and who runs
the database keeps, copies or drops it. Each log then begins at its first commit of the months that
stay, whose keyframe holds the state. A log that has no commit there keeps its last one: it is
carried into the first month that stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from psycopg import sql

from eventstore.codec import Commit
from eventstore.errors import NotFound
from eventstore.storage.fleet.arriving import keep
from eventstore.storage.fleet.catalogue import LogRow, logs_of
from eventstore.storage.fleet.connecting import Connection
from eventstore.storage.fleet.months import month_of
from eventstore.storage.keyframes import Keyframe

TABLES = ("commits", "touches", "keyframes")


class Gone(NamedTuple):
    """What is detached of a log: up to where, and where it then begins."""

    log: LogRow
    commits: int
    first: int


class Plan(NamedTuple):
    """Which months go, which is the first that stays, and what that means for each log."""

    cluster: int
    months: tuple[date, ...]
    stays: date
    logs: tuple[Gone, ...]

    @property
    def tables(self) -> list[str]:
        """The partitions, by the names that they get."""
        return [detached_name(table, self.cluster, m) for m in self.months for table in TABLES]


def detached_name(table: str, cluster: int, month: date) -> str:
    """Return what a partition is called once it is detached."""
    return f"{_partition(table, cluster, month)}_detached"


def _partition(table: str, cluster: int, month: date) -> str:
    return f"{table}_c{cluster}_{month:%Y_%m}"


def planned(connection: Connection, cluster: int, before_us: int) -> Plan:
    """Return what goes if all goes that is in months which were over at a time.

    Raises:
        NotFound: there is no such month.
    """
    stays = month_of(before_us)
    months = [
        month
        for (month,) in connection.execute(
            "SELECT DISTINCT month FROM vxfleet.months WHERE cluster = %s AND month < %s"
            " ORDER BY month",
            (cluster, stays),
        )
    ]
    if not months:
        raise NotFound(
            "V-5-1-9191",
            f"nothing can be detached: no month of this cluster was over by {stays:%Y-%m-%d}",
            cause="only whole months, of UTC, are detached",
            fix="'vx archive status' says where each log begins; name a later moment",
        )
    return Plan(
        cluster,
        tuple(months),
        stays,
        tuple(_gone(connection, row, stays) for row in logs_of(connection, cluster)),
    )


def _gone(connection: Connection, row: LogRow, stays: date) -> Gone:
    found = connection.execute(
        "SELECT min(first) FROM vxfleet.months WHERE log = %s AND month >= %s", (row.log, stays)
    ).fetchone()
    first = row.position if found is None or found[0] is None else int(found[0])
    return Gone(row, first - row.first, first)


Cutter = Callable[[LogRow, int], tuple[Commit, bytes, tuple[Keyframe, bytes]]]
"""Gives the first commit that stays of a log, the hash before it, and its keyframe."""


def detach(connection: Connection, plan: Plan, cutter: Cutter) -> None:
    """Detach what was planned, in one transaction.

    Raises:
        StoreError: a log gives no keyframe where it is to begin; nothing was changed.
    """
    begins = [(gone, *cutter(gone.log, gone.first)) for gone in plan.logs]
    # By itself: who ships locks heads before tables, and so does what follows.
    connection.execute("SELECT vxfleet.open_month(%s, %s)", (plan.cluster, plan.stays))
    with connection.transaction():
        connection.execute(
            "SELECT log FROM vxfleet.logs WHERE cluster = %s ORDER BY log FOR UPDATE",
            (plan.cluster,),
        )
        _remember(connection, plan)
        for gone, commit, before, (frame, body) in begins:
            month = _carried(connection, gone, commit, plan)
            keep(connection, gone.log, month, frame, body)
            connection.execute(
                "UPDATE vxfleet.logs SET first = %s, before = %s WHERE log = %s",
                (gone.first, before, gone.log.log),
            )
        for month in plan.months:
            for table in TABLES:
                _detach(connection, table, plan.cluster, month)
        connection.execute(
            "DELETE FROM vxfleet.months WHERE cluster = %s AND month = ANY(%s)",
            (plan.cluster, list(plan.months)),
        )


def _remember(connection: Connection, plan: Plan) -> None:
    """Note what each log has in the months that go, and the hash before that: to attach them."""
    connection.execute(
        "INSERT INTO vxfleet.detached (cluster, month, log, first, before, at)"
        " SELECT s.cluster, s.month, s.log, s.first,"
        "  CASE WHEN s.first = l.first THEN l.before ELSE (SELECT k.hash FROM vxfleet.commits k"
        "   WHERE k.cluster = s.cluster AND k.log = s.log AND k.position = s.first - 1) END,"
        "  clock_timestamp()"
        " FROM vxfleet.months s JOIN vxfleet.logs l USING (log)"
        " WHERE s.cluster = %s AND s.month = ANY(%s) ON CONFLICT DO NOTHING",
        (plan.cluster, list(plan.months)),
    )


def _carried(connection: Connection, gone: Gone, commit: Commit, plan: Plan) -> date:
    """Return the month in which the first commit of a log is that stays; carry it there."""
    row = connection.execute(
        "SELECT month FROM vxfleet.months WHERE log = %s AND %s BETWEEN first AND last",
        (gone.log.log, commit.position),
    ).fetchone()
    assert row is not None
    month: date = row[0]
    if month >= plan.stays:
        return month
    place = (plan.stays, plan.cluster, month, gone.log.log, commit.position)
    connection.execute(
        "UPDATE vxfleet.commits SET month = %s"
        " WHERE cluster = %s AND month = %s AND log = %s AND position = %s",
        place,
    )
    moved = connection.execute(
        "UPDATE vxfleet.touches SET month = %s"
        " WHERE cluster = %s AND month = %s AND log = %s AND position = %s RETURNING key",
        place,
    ).fetchall()
    connection.execute(
        "INSERT INTO vxfleet.months (cluster, log, month, first, last, touches, total)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            *(plan.cluster, gone.log.log, plan.stays, commit.position, commit.position),
            *(len(moved), sum(key * commit.position for (key,) in moved)),
        ),
    )
    return plan.stays


def _detach(connection: Connection, table: str, cluster: int, month: date) -> None:
    name, new = _partition(table, cluster, month), detached_name(table, cluster, month)
    branch = sql.Identifier("vxfleet", f"{table}_c{cluster}")
    # Late commits of a month that went before are a table of their own by now: it is made one.
    found = connection.execute("SELECT to_regclass(%s)", (f"vxfleet.{new}",)).fetchone()
    connection.execute(
        sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(
            branch, sql.Identifier("vxfleet", name)
        )
    )
    if found is not None and found[0] is not None:
        connection.execute(
            sql.SQL("INSERT INTO {} SELECT * FROM {}").format(
                sql.Identifier("vxfleet", new), sql.Identifier("vxfleet", name)
            )
        )
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("vxfleet", name)))
        return
    connection.execute(
        sql.SQL("ALTER TABLE {} RENAME TO {}").format(
            sql.Identifier("vxfleet", name), sql.Identifier(new)
        )
    )
