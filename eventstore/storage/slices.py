"""A slice of a node's logs as a store that is only ever read.

It has the tables of a store, and one more that says where each log begins and which hash is
before that; its revision is none that a daemon would open. The first commit of a slice that begins
later than its log has a keyframe: the state from which everything after it follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from eventstore.codec import Commit
from eventstore.storage.keyframes import SLICE_BYTES, Keyframe
from eventstore.storage.reader import LogReader, side_check
from eventstore.storage.schema import identity, keyframe_slices, keyframes, metadata, tables
from eventstore.storage.sqlite import appender_engine, translated

REVISION = "slice-1"
_PIECE = 1000

_own = MetaData()
_slices = Table(
    "slices",
    _own,
    Column("log", String(16), primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("before", LargeBinary, nullable=False),
)
_revision = Table("alembic_version", _own, Column("version_num", String(32), nullable=False))


class Part(NamedTuple):
    """What a slice has of one log; `before` is the hash before the first commit."""

    log: str
    name: str
    lineage: bytes
    first: int
    before: bytes
    commits: Iterable[Commit]
    keyframe: tuple[Keyframe, bytes] | None = None


def write(path: Path, parts: Iterable[Part]) -> None:
    """Make the store of a slice, in a new file.

    Raises:
        Unavailable: it cannot be written.
    """
    engine = appender_engine(path)
    try:
        with translated(f"store {path}"), engine.connect() as connection:
            # It is made anew if the machine stops: nothing is flushed, and there is no WAL.
            driver: Any = connection.connection.driver_connection
            for pragma in ("journal_mode=DELETE", "synchronous=OFF"):
                driver.execute(f"PRAGMA {pragma}").fetchall()
            connection.exec_driver_sql("BEGIN")
            metadata.create_all(connection)
            _own.create_all(connection)
            connection.execute(insert(_revision), {"version_num": REVISION})
            for part in parts:
                _add(connection, part)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _add(connection: Connection, part: Part) -> None:
    row = {"log": part.log, "first": part.first, "before": part.before}
    connection.execute(insert(_slices), row)
    name = part.name.removeprefix("node/")
    connection.execute(insert(identity), {"log": part.log, "name": name, "lineage": part.lineage})
    columns = [column.name for column in tables[part.log].commits.columns]
    rows: list[dict[str, object]] = []
    for commit in part.commits:
        check = side_check(commit.digest, commit.term, commit.applied_us)
        rows.append(dict(zip(columns, (*commit, check), strict=True)))
        if len(rows) == _PIECE:
            connection.execute(insert(tables[part.log].commits), rows)
            rows = []
    if rows:
        connection.execute(insert(tables[part.log].commits), rows)
    if part.keyframe is not None:
        frame, body = part.keyframe
        connection.execute(insert(keyframes), frame._asdict())
        place = {"log": part.log, "position": frame.position}
        pieces = [body[at : at + SLICE_BYTES] for at in range(0, len(body), SLICE_BYTES)]
        connection.execute(
            insert(keyframe_slices),
            [place | {"number": n, "body": piece} for n, piece in enumerate(pieces)],
        )


def place(connection: Connection, readers: Mapping[str, LogReader]) -> None:
    """Tell the readers of a slice where their logs begin."""
    for log, first, before in connection.execute(select(_slices)):
        reader = readers[log]
        reader.first, reader.before, reader.is_slice = first, before, True
