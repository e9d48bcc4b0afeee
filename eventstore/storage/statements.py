"""The SQL of a store, as SQLAlchemy writes it: compiled once, run by the driver.

Nothing is run here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, func, insert, select
from sqlalchemy.dialects import sqlite

from eventstore.storage.schema import LOGS, hard_state, identity, index_marks, tables


def compiled(statement: Any) -> str:
    """Return a statement as the driver takes it."""
    return str(statement.compile(dialect=sqlite.dialect()))


INSERT_COMMIT = {log: compiled(insert(tables[log].commits)) for log in LOGS}
INSERT_INDEX = {
    log: compiled(insert(tables[log].touches).prefix_with("OR IGNORE")) for log in LOGS
}
INDEX_ROWS = 128
INSERT_INDEX_ROWS = {
    log: statement + ", (?, ?)" * (INDEX_ROWS - 1) for log, statement in INSERT_INDEX.items()
}
INSERT_MARK = compiled(insert(index_marks).prefix_with("OR REPLACE"))
INSERT_HARD_STATE = compiled(insert(hard_state).prefix_with("OR REPLACE"))
INSERT_IDENTITY = compiled(insert(identity))


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
def statements(log: str) -> Statements:
    """Return the SQL for one log, as SQLAlchemy writes it."""
    commits, index = tables[log].commits, tables[log].touches
    place = commits.c.position
    low: BindParameter[int] = bindparam("low")
    high: BindParameter[int] = bindparam("high")
    between = (place >= low) & (place <= high)
    return Statements(
        *(
            compiled(statement)
            for statement in (
                select(commits).where(between).order_by(place),
                select(place, commits.c.payload).where(between).order_by(place),
                select(func.max(place)),
                select(place)
                .where(
                    (func.instr(commits.c.header, bindparam("text")) > 0)
                    | (func.instr(commits.c.payload, bindparam("text")) > 0)
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
