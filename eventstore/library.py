"""The library: read a log, its states, its history, and follow it. LIBRARY.md shows it at work.

::

    from eventstore import library

    with library.open("/var/lib/vxconfigd") as log:
        for commit in log.commits(since=1204):
            print(commit.position, commit.actor, commit.summary)

What is in `__all__` is public, and only ever grows. A log is a node's home, its ``log.db``, or a
copy of that; nothing is ever written to it, and no daemon is needed. Importing this loads nothing
that is slow: that is done by `open` and `follow`.

Moments (`When`) are a position (``1204``; ``-3`` is three before the end), a `Cursor`, a
`datetime` with a zone, meaning the last commit at or before it, or a text: ``head``, ``@1204``,
``@-3``, ``tx:ID``, ISO 8601 with a zone. A text can name its log: ``shared@1204``,
``node/node1@7``. Objects are named ``DG``, ``DG/NAME``, by device, or by record ID.

Every error is a `StoreError`: it has `id`, `message`, `cause` and `fix`.
"""

from __future__ import annotations

import builtins
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eventstore.cursors import Cursor, parse
from eventstore.errors import Damaged, NotFound, Rejected, StoreError, Unavailable, UnknownFormat
from eventstore.shapes import (
    Change,
    Commit,
    Fields,
    Gap,
    Heartbeat,
    Origin,
    Verdict,
    commit_of,
    time_of,
)

if TYPE_CHECKING:
    from eventstore.source import Source
    from eventstore.tailing import Follower

__all__ = [
    "Change",
    "Commit",
    "Cursor",
    "Damaged",
    "Fields",
    "Gap",
    "Heartbeat",
    "Log",
    "NotFound",
    "Origin",
    "Rejected",
    "State",
    "StoreError",
    "Unavailable",
    "UnknownFormat",
    "Verdict",
    "When",
    "cloudevent",
    "follow",
    "open",
    "parse_cursor",
]

When = int | str | datetime | Cursor
"""A moment; see the module's description."""

parse_cursor = parse


@contextmanager
def open(path: str) -> Generator[Log]:  # noqa: A001 a log is opened, as a file is
    """Open a home, or its ``log.db``, for reading, whether a daemon runs on it or not.

    ``URL#CLUSTER/NODE`` opens what an archive of many clusters has of a node.

    With a daemon, what is committed meanwhile is seen; without one, what was there at the time.

    Raises:
        NotFound: there is no log.
        UnknownFormat: another version of this program wrote it.
        Damaged: its structure is broken.
        Unavailable: there is no room for the private copy that is read where no daemon runs.
    """
    from eventstore.source import open_log  # noqa: PLC0415 SQL is loaded when it is used

    with open_log(path) as source:
        yield Log(source)


def follow(
    path: str,
    after: int | Cursor | Sequence[Cursor] | None = None,
    *,
    log: str | None = None,
    timeout: float | None = None,
    heartbeat: float | None = None,
) -> Follower:
    """Return an iterator over every commit behind `after`, which waits for those to come.

    `after`: a position (0: from the beginning), a cursor, one cursor a log, or None for from now
    on. `log`: ``shared``, ``node/NAME`` or ``both``, woven by cause; None for the usual one.
    `timeout` ends it after so many seconds; `heartbeat` has it yield a `Heartbeat` whenever
    nothing came for so many. Its `cursors` are how far it is, `close()` ends it from any thread,
    and it is a context manager. A log that is replaced or restarted under it is gone on with, if
    it has the cursor's commit; a log that is behind the cursor is waited for.

    Raises:
        NotFound: there is no log; or it never had the commit of a cursor (V-5-1-9300).
        Damaged: it cannot be read. Both can also come while it is iterated over.
    """
    from eventstore.past.resuming import Place  # noqa: PLC0415 as in `open`
    from eventstore.tailing import Asked, Follower  # noqa: PLC0415

    both = log == "both"
    if after is None or isinstance(after, int):
        places: tuple[Place, ...] = (Place(None if both else log, after),)
        places = () if both and after is None else places
    else:
        cursors = [after] if isinstance(after, Cursor) else after
        places = tuple(Place(c.log, c.position, c.lineage, c.hash) for c in cursors)
    return Follower(path, Asked(places, both, timeout, heartbeat))


def cloudevent(commit: Commit, cluster: str | None = None) -> dict[str, Any]:
    """Return a commit in the form of CloudEvents 1.0, as `-o cloudevents` prints it."""
    from eventstore.cloudevents import commit as event  # noqa: PLC0415 as in `open`

    gap = commit.gap
    row = commit._asdict() | commit.cursor._asdict() | {"time": _iso(commit.time)}
    row["gap"] = (
        None
        if gap is None
        else {"since": _iso(gap.since), "until": _iso(gap.until), "reason": gap.reason}
    )
    del row["cursor"]
    row |= {"objects": [*commit.objects], "events": [*commit.events]}
    return event(cluster, commit.log, row)


def _iso(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S.%f}Z"


class Log:
    """A log that is open: its commits, its states, and what changed between them.

    A home has two: the shared log, the same on all nodes, and the node's own. Where none is named
    the usual one is meant: the shared one of a node with peers, else the node's.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def cluster(self) -> str | None:
        """Return the cluster's name, as the log's first commit tells it."""
        return self._source.cluster

    @property
    def logs(self) -> tuple[str, ...]:
        """Return the names of both logs: ``shared`` and ``node/NAME``."""
        return tuple(reader.name for reader in self._source.readers.values())

    def head(self, log: str | None = None) -> Cursor:
        """Return the cursor of the last commit; of position 0 where there is none yet."""
        from eventstore.past.resuming import Place, find  # noqa: PLC0415 as in `open`

        return find(self._source.readers, self._source.default, Place(log)).cursor

    def commits(
        self,
        since: When | None = None,
        until: When | None = None,
        *,
        log: str | None = None,
        object: str | None = None,  # noqa: A002 the word of the command line
        actor: str | None = None,
    ) -> Iterator[Commit]:
        """Yield commits from `since` to `until`, both included, oldest first.

        `object`: only those that touched it; `actor`: only what this user asked for.

        Raises:
            NotFound: there is no such moment, log or object.
            Damaged: a commit cannot be read.
        """
        if object is None and actor is None:
            yield from self._range(since, until, log)
            return
        args = {"since": _moment(since, log), "until": _moment(until, log), "which": log}
        answer = self._ask("log", args | {"object": object, "actor": actor})
        for row in answer["data"]:
            yield from self._piece(answer["log"], row["position"] - 1, 1)

    def at(self, when: When | None = None, *, log: str | None = None) -> State:
        """Return the state at a moment; the present one for None, which then stays as it is.

        Raises:
            NotFound: there is no such moment.
        """
        if when is None:
            when = self.head(log)
        return State(self._source, _moment(when, log))

    def diff(self, a: When, b: When | None = None, object: str | None = None) -> list[Change]:  # noqa: A002
        """Return what leads from the state at `a` to that at `b`; `b` is the present if None.

        Raises:
            NotFound: there is no such moment or object.
        """
        args = {"a": _moment(a), "b": _moment("head" if b is None else b), "object": object}
        rows = self._ask("diff", args)["data"]["changes"]
        return [_change(row) for row in rows]

    def blame(self, object: str, at: When | None = None) -> list[Origin]:  # noqa: A002
        """Return who gave an object each of its fields.

        Raises:
            NotFound: there is no such moment or object.
        """
        rows = self._ask("blame", {"object": object}, _moment(at))["data"]
        return [Origin(**{**row, "time": time_of(row["time"])}) for row in rows]

    def verify(self, *, replay: bool = False) -> Verdict:
        """Check both logs' chains and content; with `replay` also the state after each commit."""
        found = self._ask("verify", {"replay": replay})["data"]
        return Verdict(*(found[name] for name in Verdict._fields))

    def _range(self, since: When | None, until: When | None, log: str | None) -> Iterator[Commit]:
        args = {"since": _moment(since, log), "until": _moment(until, log)}
        if since is None and until is None and log is not None:
            args["until"] = _moment("head", log)
        answer = self._ask("range", args)
        after, high = answer["data"]["low"] - 1, answer["data"]["high"]
        while after < high:
            for commit in self._piece(answer["log"], after, high - after):
                after = commit.position
                yield commit

    def _piece(self, log: str, after: int, count: int) -> list[Commit]:
        rows = self._ask("follow", {"after": after, "n": count, "which": log})["data"]
        return [commit_of(row) for row in rows]

    def _ask(
        self, question: str, args: dict[str, Any], at: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return _answer(self._source, question, args, at)


class State:
    """The configuration at one moment, of both logs; each method gives plain data.

    The data is that of the command line's JSON: `vx get`, `vxprint`, `vxdg list`, `vxdisk list`.
    """

    def __init__(self, source: Source, at: dict[str, Any] | None) -> None:
        self._source, self._at = source, at
        self._about = _answer(source, "state", {}, at)

    @property
    def log(self) -> str:
        """Return the log in which the moment was looked for."""
        return str(self._about["log"])

    @property
    def position(self) -> int:
        """Return the last commit of that log that is in it."""
        return int(self._about["position"])

    @property
    def time(self) -> datetime:
        """Return the time of that commit."""
        return time_of(self._about["at"])

    @property
    def doubts(self) -> list[str]:
        """Return why the answer may be incomplete: unknown intervals around the moment."""
        return builtins.list(self._about["notes"])

    @property
    def digest(self) -> str:
        """Return the digest of the whole state, the same on all nodes for the shared log."""
        return str(self._about["data"]["digest"])

    def document(self) -> Fields:
        """Return the whole state as `vx state` prints it."""
        return dict(self._about["data"])

    def get(self, object: str) -> Fields:  # noqa: A002 the word of the command line
        """Return all fields of one object.

        Raises:
            NotFound: there was none of this name.
        """
        return dict(self._ask("get", object=object))

    def groups(self) -> list[Fields]:
        """Return the disk groups, one row each, as `vxdg list` has them."""
        return builtins.list(self._ask("dg.list"))

    def disks(self) -> list[Fields]:
        """Return the devices of the node, and disks of groups that have none here."""
        return builtins.list(self._ask("disk.list"))

    def records(self, group: str) -> list[Fields]:
        """Return a group's disks, volumes, plexes and subdisks, in the order of `vxprint`.

        Each has its `type` (``dm``, ``v``, ``pl``, ``sd``), `rid` and `name`.

        Raises:
            NotFound: there was no such group.
        """
        return builtins.list(self._ask("print", group=group)["groups"][0]["records"])

    def _ask(self, question: str, **args: Any) -> Any:
        return _answer(self._source, question, args, self._at)["data"]


def _answer(
    source: Source, question: str, args: dict[str, Any], at: dict[str, Any] | None
) -> dict[str, Any]:
    from eventstore.asking.questions import answer  # noqa: PLC0415 as in `open`

    return answer(source, question, args, at)


def _change(row: dict[str, Any]) -> Change:
    fields = {name: (old, new) for name, (old, new) in row["fields"].items()}
    return Change(row["op"], row["object"], row["type"], row["rid"], fields)


def _moment(when: When | None, log: str | None = None) -> dict[str, Any] | None:
    """Return a moment as questions take it.

    Raises:
        Rejected: it is none.
    """
    if when is None:
        return None
    if isinstance(when, Cursor):
        return {"kind": "position", "value": when.position, "log": when.log}
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise _no_moment(when)
        return {"kind": "time", "value": round(when.timestamp() * 1_000_000), "log": log}
    if isinstance(when, int):
        return {"kind": "relative" if when < 0 else "position", "value": when, "log": log}
    return _named(when, log)


def _named(text: str, log: str | None) -> dict[str, Any]:
    prefix, at, rest = text.partition("@")
    if at and rest.lstrip("-").isdecimal():
        return _moment(int(rest), prefix or log) or {}
    if text == "head":
        return {"kind": "head", "log": log}
    if text.startswith("tx:"):
        return {"kind": "tx", "value": text[3:], "log": log}
    try:
        return _moment(datetime.fromisoformat(text), log) or {}
    except ValueError as error:
        raise _no_moment(text) from error


def _no_moment(what: object) -> Rejected:
    return Rejected(
        "V-5-1-9304",
        f"{str(what)!r} is no moment",
        cause="a time needs its zone, and nothing else is guessed",
        fix="give a position, 'head', 'tx:ID' or ISO 8601 with Z or an offset",
    )
