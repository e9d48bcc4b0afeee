"""The SQL of a store, as SQLAlchemy writes it for an engine: compiled once, run by the driver.

Each value is a question mark, for both engines. Nothing is run here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Table, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from eventstore.storage.engine import Dialect
from eventstore.storage.schema import LOGS, hard_state, identity, index_marks, tables

INDEX_ROWS = 128

_DIALECTS: dict[Dialect, Any] = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(paramstyle="qmark"),  # type: ignore[no-untyped-call]
}


def compiled(statement: Any, dialect: Dialect) -> str:
    """Return a statement as the driver of an engine takes it; a text is one already."""
    if isinstance(statement, str):
        return statement
    return str(statement.compile(dialect=_DIALECTS[dialect]))


def put(dialect: Dialect, table: Table) -> str:
    """Return the statement that stores a row in place of the one with the same key."""
    if dialect == "sqlite":
        return compiled(insert(table).prefix_with("OR REPLACE"), dialect)
    statement = postgresql.insert(table)
    new = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    return compiled(statement.on_conflict_do_update(table.primary_key, set_=new), dialect)


def put_new(dialect: Dialect, table: Table) -> tuple[str, str]:
    """Return the two parts of a statement that stores rows unless there are such; see `many`."""
    if dialect == "sqlite":
        return compiled(insert(table).prefix_with("OR IGNORE"), dialect), ""
    return compiled(insert(table), dialect), " ON CONFLICT DO NOTHING"


class Writes(NamedTuple):
    """What writes a store; by log, where there is a table for each."""

    commit: dict[str, str]
    entry: dict[str, str]
    entries: dict[str, str]
    """For `INDEX_ROWS` rows at once."""
    commit_again: dict[str, str]
    """Store a commit unless it is there."""
    mark: str
    hard_state: str
    identity: str


@cache
def writes(dialect: Dialect) -> Writes:
    """Return the SQL that writes."""
    index = {log: put_new(dialect, tables[log].touches) for log in LOGS}
    return Writes(
        {log: compiled(insert(tables[log].commits), dialect) for log in LOGS},
        {log: begin + end for log, (begin, end) in index.items()},
        {log: begin + ", (?, ?)" * (INDEX_ROWS - 1) + end for log, (begin, end) in index.items()},
        {log: "".join(put_new(dialect, tables[log].commits)) for log in LOGS},
        put(dialect, index_marks),
        put(dialect, hard_state),
        compiled(insert(identity), dialect),
    )


class Statements(NamedTuple):
    """What reads one log."""

    commits: str
    slice: str
    last: str
    scan: str
    entry: str
    mark: str
    identity: str


@cache
def statements(dialect: Dialect, log: str) -> Statements:
    """Return the SQL that reads one log."""
    commits, index = tables[log].commits, tables[log].touches
    place = commits.c.position
    low: BindParameter[int] = bindparam("low")
    high: BindParameter[int] = bindparam("high")
    between = (place >= low) & (place <= high)
    found: Any = func.instr if dialect == "sqlite" else func.pg_catalog.position
    return Statements(
        *(
            compiled(statement, dialect)
            for statement in (
                select(commits).where(between).order_by(place),
                select(place, commits.c.payload).where(between).order_by(place),
                select(func.max(place)),
                select(place)
                .where(
                    (found(commits.c.header, bindparam("text")) > 0)
                    | (found(commits.c.payload, bindparam("text")) > 0)
                )
                .order_by(place),
                select(index.c.key).where(
                    (index.c.key == bindparam("key")) & (index.c.position == bindparam("at"))
                ),
                select(index_marks.c.indexed_to).where(index_marks.c.log == bindparam("log")),
                select(identity.c.name, identity.c.lineage).where(
                    identity.c.log == bindparam("log")
                ),
            )
        )
    )
