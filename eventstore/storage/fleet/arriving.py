"""Taking commits into an archive: one transaction a batch, which moves the log's head with it.

The head row is locked first, and has to be where the batch begins: what was shipped already is
not shipped again, whoever did it, and of several that ship at once one is first. Before it is
committed the server itself checks what it stored: the chain of hashes, the hashes of content, and
a sum over what no hash covers. So what is acknowledged is what was sent, bit for bit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from eventstore.bulk import side_checks
from eventstore.codec import Commit
from eventstore.errors import Conflict
from eventstore.storage.fleet.catalogue import LogRow
from eventstore.storage.fleet.connecting import Connection
from eventstore.storage.fleet.months import month_of
from eventstore.storage.keyframes import Keyframe


class Seen(NamedTuple):
    """What became of an object in a batch, under one name."""

    space: str
    rid: int
    name: str
    kind: str
    first_position: int
    first_us: int
    last_position: int
    last_us: int
    is_there: bool


class Parcel(NamedTuple):
    """Commits that follow each other, their times, and all that is kept beside them.

    `touches` are rows of the index by their commits; `redactions` name commits whose context is to
    be gone: position, and hash.
    """

    commits: Sequence[Commit]
    times: Sequence[int]
    touches: Sequence[Sequence[int]]
    keyframes: Sequence[tuple[Keyframe, bytes]]
    objects: Sequence[Seen]
    redactions: Sequence[tuple[int, bytes]]


_COPY_COMMITS = (
    "COPY vxfleet.commits (cluster, month, log, position, time_us, header, context, payload, hash,"
    " digest, term, applied_us, side_check) FROM STDIN (FORMAT BINARY)"
)
_COMMIT_TYPES = (
    "int4", "date", "int4", "int8", "int8", *("bytea",) * 5, "int8", "int8", "int8",
)  # fmt: skip
_COPY_TOUCHES = (
    "COPY vxfleet.touches (cluster, month, log, key, position) FROM STDIN (FORMAT BINARY)"
)
_TOUCH_TYPES = ("int4", "date", "int4", "int8", "int8")

# What no hash covers is compared with a sum that the sender made of what it sent.
_CHECK = """
WITH stored AS MATERIALIZED (
    SELECT position, header, context, payload, hash,
        lag(hash, 1, %(before)s) OVER (ORDER BY position) AS before,
        digest || int8send(term) || int8send(applied_us) || int8send(side_check) AS beside
    FROM vxfleet.commits
    WHERE cluster = %(cluster)s AND month = ANY(%(months)s) AND log = %(log)s
        AND position BETWEEN %(first)s AND %(last)s
)
SELECT count(*), sha256(string_agg(beside, '' ORDER BY position)), min(position) FILTER (
    WHERE hash <> sha256(before || header)
    OR substr(header, length(header) - 33) <> '\\xc420'::bytea || sha256(payload)
    OR context IS NOT NULL
        AND substr(header, length(header) - 67, 34) <> '\\xc420'::bytea || sha256(context)
) FROM stored
"""


def open_months(connection: Connection, cluster: int, months: Iterable[date]) -> None:
    """Make the partitions of some months, if they are not there yet; each by itself."""
    for month in months:
        connection.execute("SELECT vxfleet.open_month(%s, %s)", (cluster, month))


def take(connection: Connection, log: LogRow, parcel: Parcel) -> LogRow | None:
    """Store a parcel behind a log; None if its head is elsewhere by now, and nothing was stored.

    Raises:
        Conflict: what was stored is not what was sent; nothing of it stays.
    """
    first, last = parcel.commits[0].position, parcel.commits[-1]
    months = [month_of(time_us) for time_us in parcel.times]
    with connection.transaction():
        head = connection.execute(
            "SELECT position, hash FROM vxfleet.logs WHERE log = %s FOR UPDATE", (log.log,)
        ).fetchone()
        if head != (log.position, log.hash) or first != log.position + 1:
            return None
        _copy(connection, log, parcel, months)
        _check(connection, log, parcel, months)
        _beside(connection, log, parcel, months)
        for position, commit_hash in parcel.redactions:
            connection.execute(
                "UPDATE vxfleet.commits SET context = NULL"
                " WHERE cluster = %s AND log = %s AND position = %s AND hash = %s",
                (log.cluster, log.log, position, commit_hash),
            )
        connection.execute(
            "UPDATE vxfleet.logs SET position = %s, hash = %s, digest = %s, time_us = %s,"
            " arrived = clock_timestamp() WHERE log = %s",
            (last.position, last.hash, last.digest, parcel.times[-1], log.log),
        )
    return log._replace(
        position=last.position, hash=last.hash, digest=last.digest, time_us=parcel.times[-1]
    )


def _copy(connection: Connection, log: LogRow, parcel: Parcel, months: Sequence[date]) -> None:
    checks = side_checks(parcel.commits)
    with connection.cursor() as cursor:
        with cursor.copy(_COPY_COMMITS) as copy:
            copy.set_types(_COMMIT_TYPES)
            for month, commit, time_us, check in zip(
                months, parcel.commits, parcel.times, checks, strict=True
            ):
                position, *rest = commit
                copy.write_row((log.cluster, month, log.log, position, time_us, *rest, check))
        with cursor.copy(_COPY_TOUCHES) as copy:
            copy.set_types(_TOUCH_TYPES)
            for month, commit, keys in zip(months, parcel.commits, parcel.touches, strict=True):
                for key in keys:
                    copy.write_row((log.cluster, month, log.log, key, commit.position))


def _check(connection: Connection, log: LogRow, parcel: Parcel, months: Sequence[date]) -> None:
    first, last = parcel.commits[0].position, parcel.commits[-1].position
    row = connection.execute(
        _CHECK,
        {
            "before": log.hash,
            "cluster": log.cluster,
            "months": sorted(set(months)),
            "log": log.log,
            "first": first,
            "last": last,
        },
    ).fetchone()
    assert row is not None
    if row != (len(parcel.commits), beside_sum(parcel.commits), None):
        raise Conflict(
            "V-5-1-9186",
            f"log {log.name}: what arrived is not what was sent",
            cause=f"commit @{row[2]} does not hold"
            if row[2] is not None
            else f"of @{first} to @{last} something that no hash covers is another",
            fix="nothing of it was kept; it is sent again. If it stays so, memory or network is "
            "at fault",
            rule="G5",
        )


def beside_sum(commits: Sequence[Commit]) -> bytes:
    """Return the sum over what no hash covers, as the server makes it of what it stored."""
    found = sha256()
    for commit, check in zip(commits, side_checks(commits), strict=True):
        found.update(commit.digest)
        for number in (commit.term, commit.applied_us, check):
            found.update(number.to_bytes(8, "big", signed=True))
    return found.digest()


def _beside(connection: Connection, log: LogRow, parcel: Parcel, months: Sequence[date]) -> None:
    """Store what is made of commits: which months they are in, keyframes, objects."""
    spans: dict[date, list[Any]] = defaultdict(lambda: [2**63, 0, 0, 0])
    month_at: dict[int, date] = {}
    for month, commit, keys in zip(months, parcel.commits, parcel.touches, strict=True):
        span = spans[month]
        span[0] = min(span[0], commit.position)
        span[1] = commit.position
        span[2] += len(keys)
        span[3] += sum(key * commit.position for key in keys)
        month_at[commit.position] = month
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO vxfleet.months (cluster, log, month, first, last, touches, total)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (log, month) DO UPDATE"
            " SET last = excluded.last, touches = months.touches + excluded.touches,"
            " total = months.total + excluded.total",
            [(log.cluster, log.log, month, *span) for month, span in spans.items()],
        )
        for frame, body in parcel.keyframes:
            keep(connection, log, month_at[frame.position], frame, body)
        cursor.executemany(
            "INSERT INTO vxfleet.objects (log, space, rid, name, kind, first_position, first_us,"
            " last_position, last_us, is_there) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (log, space, rid, name) DO UPDATE SET is_there = excluded.is_there,"
            " last_position = excluded.last_position, last_us = excluded.last_us",
            [(log.log, *seen) for seen in parcel.objects],
        )


def keep(connection: Connection, log: LogRow, month: date, frame: Keyframe, body: bytes) -> None:
    """Store a keyframe of a commit that is in a month."""
    connection.execute(
        "INSERT INTO vxfleet.keyframes (cluster, month, log, position, commit_hash, digest,"
        " last_change, model, records, size, slices, seal, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (cluster, month, log, model, position) DO UPDATE"
        " SET seal = excluded.seal, body = excluded.body, commit_hash = excluded.commit_hash,"
        " digest = excluded.digest, size = excluded.size, slices = excluded.slices,"
        " records = excluded.records, last_change = excluded.last_change",
        (log.cluster, month, log.log, *frame[1:], body),
    )


def hash_at(connection: Connection, log: LogRow, position: int) -> bytes | None:
    """Return the hash of a commit here; None if it was archived away, or is not here yet."""
    row = connection.execute(
        "SELECT hash FROM vxfleet.commits WHERE cluster = %s AND log = %s AND position = %s"
        " AND month = (SELECT month FROM vxfleet.months WHERE log = %s"
        " AND %s BETWEEN first AND last)",
        (log.cluster, log.log, position, log.log, position),
    ).fetchone()
    return None if row is None else row[0]
