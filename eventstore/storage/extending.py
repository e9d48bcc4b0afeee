"""Storing many commits at once that were checked already, and are not applied one by one.

They get no entries in the index here, and its seals go in the same transaction: nothing is
answered from it until the survey has put the missing rows back and sealed it anew
(`eventstore.storage.seals`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.dialects import sqlite

from eventstore.bulk import side_checks
from eventstore.codec import Commit
from eventstore.storage.index import mark_again
from eventstore.storage.schema import LOGS, index_marks, index_seals, tables

WAL_PAGES = 8192
"""How long the WAL gets before it is moved to the database, which costs two flushes: 32 MiB."""


def _compiled(statement: Any) -> str:
    return str(statement.compile(dialect=sqlite.dialect()))


_INSERT = {log: _compiled(insert(tables[log].commits)) for log in LOGS}
_MARK = _compiled(insert(index_marks).prefix_with("OR REPLACE"))
_UNSEAL = _compiled(delete(index_seals).where(index_seals.c.log == "log"))


def _rows(commits: Sequence[Commit]) -> Iterator[tuple[object, ...]]:
    """Return the rows of commits.

    The driver takes a bytearray as it is, in a sixth of the time that it needs for bytes: for
    those it looks for an adapter first.
    """
    positions, headers, contexts, payloads, hashes, digests, terms, applied = zip(
        *commits, strict=True
    )
    return zip(
        positions,
        map(bytearray, headers),
        [None if context is None else bytearray(context) for context in contexts],
        map(bytearray, payloads),
        map(bytearray, hashes),
        map(bytearray, digests),
        terms,
        applied,
        side_checks(commits),
        strict=True,
    )


def extend(driver: Any, log: str, commits: Sequence[Commit]) -> None:
    """Put commits behind a log, inside a transaction; the index of that log holds no more."""
    driver.executemany(_INSERT[log], _rows(commits))
    driver.execute(_UNSEAL, (log,))
    for name in (log, mark_again(log)):
        driver.execute(_MARK, (name, commits[-1].position))
