"""The tables of a store, and which revision of them this program writes.

A store holds two logs, ``shared`` and ``node``; each has the same two tables. Rows of commits are
never changed but by a redaction of context; old ones are taken out when a sealed segment holds
them (`eventstore.storage.archive`), which `segments` names. The index is a cache that is written
in batches: `index_marks` says up to where, and what lies beyond is found by reading the commits.
Keyframes are a cache too, and can be deleted at any time (`eventstore.storage.keyframes`).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table

LOGS = ("shared", "node")

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every revision that ever was, in order; `migrations/versions` says how to come from one to the
next. The last is what this program writes."""

READABLE = ("0002", "0003", "0004", "0005")
"""Revisions that can be read as they are, without a migration: the later ones add caches, and
segments, of which an older store has none."""

metadata = MetaData()
server_metadata = MetaData()
"""The tables that only a store on a server has besides: where several may write."""

_Position = BigInteger().with_variant(Integer, "sqlite")


class LogTables(NamedTuple):
    """The tables of one log."""

    commits: Table
    touches: Table


def _log_tables(log: str) -> LogTables:
    commits = Table(
        f"{log}_commits",
        metadata,
        Column("position", _Position, primary_key=True, autoincrement=False),
        Column("header", LargeBinary, nullable=False),
        Column("context", LargeBinary),
        Column("payload", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("term", _Position, nullable=False),
        Column("applied_us", _Position, nullable=False),
        # CRC-32 of digest, term and applied_us, which no hash covers: bit rot is found there too.
        Column("side_check", _Position, nullable=False),
    )
    index = Table(
        f"{log}_index",
        metadata,
        Column("key", _Position, primary_key=True, autoincrement=False),
        Column("position", _Position, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    return LogTables(commits, index)


tables = {log: _log_tables(log) for log in LOGS}

index_marks = Table(
    "index_marks",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("indexed_to", _Position, nullable=False),
)

index_seals = Table(
    "index_seals",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("low_key", _Position, primary_key=True, autoincrement=False),
    Column("low_position", _Position, primary_key=True, autoincrement=False),
    Column("high_key", _Position, nullable=False),
    Column("high_position", _Position, nullable=False),
    Column("entries", _Position, nullable=False),
    Column("total", _Position, nullable=False),
    sqlite_with_rowid=False,
)

keyframes = Table(
    "keyframes",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("position", _Position, primary_key=True, autoincrement=False),
    Column("commit_hash", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("last_change", _Position, nullable=False),
    Column("model", String(64), nullable=False),
    Column("records", _Position, nullable=False),
    Column("size", _Position, nullable=False),
    Column("slices", _Position, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

keyframe_slices = Table(
    "keyframe_slices",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("position", _Position, primary_key=True, autoincrement=False),
    Column("number", _Position, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

segments = Table(
    "segments",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("first", _Position, primary_key=True, autoincrement=False),
    Column("last", _Position, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Column("name", String(255), nullable=False),
    Column("directory", String(4096), nullable=False),
    Column("size", _Position, nullable=False),
    sqlite_with_rowid=False,
)

hard_state = Table(
    "hard_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("log", String(16), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("lineage", LargeBinary, nullable=False),
)

heads = Table(
    "heads",
    server_metadata,
    Column("log", String(16), primary_key=True),
    # Where the log ends: no append that does not begin there is committed.
    Column("position", _Position, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    # Raised by whoever takes the store for itself: an older connection's appends are refused.
    Column("epoch", _Position, nullable=False),
    # Which transaction wrote last that appended nothing, for whoever lost its answer.
    Column("mark", _Position, nullable=False),
)
