"""What the library gives: plain, immutable, typed; light to import, and free of how it is stored.

Times are in UTC and carry their zone. Lengths and offsets are in sectors of 512 bytes, and their
names end in ``_sectors``. What was never said is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from eventstore.cursors import Cursor

Fields = dict[str, Any]
"""An object's fields, or an event's, by name, as `vx get` and `vx show` print them in JSON."""


class Gap(NamedTuple):
    """Between two times nothing was observed: what happened then is in no log."""

    since: datetime
    until: datetime
    reason: str


class Commit(NamedTuple):
    """One position of a log: what happened, all of it at once.

    `time` never goes back within a log; `node` is where it came from; `actor`, `pid`, `command`
    and `message` are who asked, with which words and why, None where no person did or it was
    redacted. `events` are in order, each with its stored `name` and `version` and its fields;
    `objects` are what they touch, by the names of that time. `gap` is what was missed before it.
    `shared_position`, in a node's own log, is how far the shared one was applied.
    """

    cursor: Cursor
    time: datetime
    tx: str
    node: str
    actor: str | None
    pid: int | None
    command: str | None
    message: str | None
    summary: str
    objects: tuple[str, ...]
    events: tuple[Fields, ...]
    gap: Gap | None
    shared_position: int | None

    @property
    def log(self) -> str:
        """Return ``shared`` or ``node/NAME``."""
        return self.cursor.log

    @property
    def position(self) -> int:
        """Return its place in that log, from 1, without gaps."""
        return self.cursor.position


class Heartbeat(NamedTuple):
    """Up to `time`, by this machine's clock, these logs had nothing behind these cursors.

    `is_live`: a daemon runs on the home, so that silence means that nothing happened; without one
    it means that nobody writes. `ahead` are the cursors that a log does not reach yet.
    """

    time: datetime
    cursors: tuple[Cursor, ...]
    is_live: bool
    ahead: tuple[Cursor, ...]


class Change(NamedTuple):
    """One object that differs: `op` is ``+`` (came), ``-`` (went) or ``~`` (changed).

    `fields` has (old, new) for each field that differs; None stands for none.
    """

    op: str
    object: str
    type: str
    rid: str
    fields: dict[str, tuple[Any, Any]]


class Origin(NamedTuple):
    """A field's value, and the commit that gave it."""

    field: str
    value: Any
    position: int
    time: datetime
    actor: str | None
    command: str | None
    tx: str


class Verdict(NamedTuple):
    """Whether logs are what was written; if not, the first bad position of `log`, and why."""

    ok: bool
    log: str
    commits: int
    first_bad: int | None
    problem: str | None


def time_of(text: str) -> datetime:
    """Return a time as the log prints it."""
    return datetime.fromisoformat(text)


def commit_of(row: Mapping[str, Any]) -> Commit:
    """Return a commit from the row that followers are told."""
    gap = row["gap"]
    return Commit(
        cursor=Cursor(row["log"], row["position"], row["lineage"], row["hash"]),
        time=time_of(row["time"]),
        gap=None
        if gap is None
        else Gap(time_of(gap["since"]), time_of(gap["until"]), gap["reason"]),
        objects=tuple(row["objects"]),
        events=tuple(row["events"]),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = ("tx", "node", "actor", "pid", "command", "message", "summary", "shared_position")
