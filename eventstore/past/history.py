"""Questions about what happened: log, show, diff, blame, outcome.

Each reads the commits that the index or the range names; what an object was called is looked up
by its first commits, so that a line of history costs what it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from eventstore.codec import Commit, decode_context, decode_events, decode_header
from eventstore.errors import NotFound
from eventstore.model.events import (
    AnyEvent,
    ContextRedacted,
    RequestRejected,
    RequestsFailed,
    redaction_of,
    stored_name,
    touched,
)
from eventstore.model.evolve import apply
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Change,
    DiskGroup,
    Key,
    Node,
    rid_text,
)
from eventstore.model.state import State
from eventstore.model.wayback import about
from eventstore.past.moments import position_of_tx
from eventstore.past.replay import Replayer, before_slice
from eventstore.past.summary import summary
from eventstore.present.differences import change_rows, event_row
from eventstore.present.views import Row, fields
from eventstore.storage.reader import LogReader
from eventstore.text import iso

_PIECE = 256
"""Commits read at a time, from the newest back."""


class Names:
    """What the objects of a log are called, found by the commits that named them."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._names: dict[Key, str] = {}

    def of(self, key: Key) -> str:
        """Return ``DG/NAME``, ``DG``, a device's name, or the record ID if nothing named it."""
        if key[1] == HEADER_RID and key[0] == NODE_SPACE:
            return self._reader.name
        own = self._own(key)
        if own is None:
            return rid_text(key)
        if key[1] == HEADER_RID or key[0] == NODE_SPACE:
            return own
        return f"{self._own((key[0], HEADER_RID)) or key[0]}/{own}"

    def _own(self, key: Key) -> str | None:
        if key not in self._names:
            for position in self._reader.positions(rid_text(key)):
                for event in decode_events(self._reader.commit(position).payload, position):
                    name = getattr(event, "name", None)
                    if name is not None and key in touched(event):
                        self._names[key] = name
                        return self._names[key]
            known = getattr(before_slice(self._reader, key), "name", None)
            if known is not None:
                self._names[key] = known
        return self._names.get(key)


class Wanted(Struct, frozen=True):
    """Which commits to list: all that is given must fit; `n` is how many, the newest."""

    node: str | None = None
    actor: str | None = None
    type: str | None = None
    tx: str | None = None
    key: str | None = None
    n: int | None = None
    reverse: bool = False


def log_lines(reader: LogReader, wanted: Wanted, low: int, high: int) -> list[Row]:
    """Return one row a commit from `low` to `high`: oldest first, unless reversed."""
    names = Names(reader)
    rows: list[Row] = []
    for commit in _newest_first(reader, wanted, low, high):
        if wanted.n is not None and len(rows) >= wanted.n:
            break
        events = decode_events(commit.payload, commit.position)
        row = _line(commit, events)
        if _fits(row, wanted, events):
            keys = dict.fromkeys(key for event in events for key in touched(event))
            row["objects"] = list(dict.fromkeys(names.of(key) for key in keys))
            row["summary"] = summary(events, names.of)
            rows.append(row)
    return rows if wanted.reverse else rows[::-1]


def _newest_first(reader: LogReader, wanted: Wanted, low: int, high: int) -> Iterator[Commit]:
    """Yield the commits that may fit: those of one object or transaction, or a whole range."""
    key = wanted.key or (None if wanted.tx is None else f"tx/{wanted.tx}")
    if key is not None:
        for position in reversed(reader.positions(key)):
            if low <= position <= high:
                yield reader.commit(position)
        return
    while high >= low:
        start = max(low, high - _PIECE + 1)
        yield from reversed(list(reader.commits(start, high)))
        high = start - 1


def _line(commit: Commit, events: list[AnyEvent]) -> Row:
    header, context = decode_header(commit.header), decode_context(commit.context)
    return {
        "position": commit.position,
        "tx": header.tx,
        "hash": commit.hash.hex(),
        "time": iso(header.time_us),
        "node": header.node,
        "shared_position": header.shared_position,
        "actor": context.actor.user or context.actor.program or None,
        "command": context.command or None,
        "events": [stored_name(type(event))[0] for event in events],
        "objects": [],
        "summary": "",
        "message": context.message or None,
    }


def _fits(row: Row, wanted: Wanted, events: list[AnyEvent]) -> bool:
    asked = {"node": wanted.node, "actor": wanted.actor, "tx": wanted.tx}
    if any(value is not None and row[name] != value for name, value in asked.items()):
        return False
    if wanted.type is not None and wanted.type not in row["events"]:
        return False
    key = wanted.key
    return key is None or any(rid_text(k) == key for e in events for k in touched(e))


def show(replayer: Replayer, position: int) -> Row:
    """Return one commit, whole.

    Raises:
        NotFound: there is none at that position.
    """
    reader = replayer.reader
    commit = reader.commit(position)
    header = decode_header(commit.header)
    events = decode_events(commit.payload, position)
    state, changes, previous = State(), list[Change](), None
    if position > reader.first or reader.first == 1:
        state, changes = replayer.changes(position - 1, position)
    if position > 1:
        before = reader.before if position == reader.first else reader.commit(position - 1).hash
        previous = before.hex()
    return {
        "position": position,
        "tx": header.tx,
        "time": iso(header.time_us),
        "applied": iso(commit.applied_us),
        "node": header.node,
        "term": commit.term,
        "shared_position": header.shared_position,
        "lineage": header.lineage.hex(),
        "hash": commit.hash.hex(),
        "previous_hash": previous,
        "digest": commit.digest.hex(),
        "context": {**_context_row(commit), "redacted_by": _redacted_by(reader, commit)},
        "events": [event_row(event) for event in events],
        "diff": change_rows(state, changes),
    }


def _redacted_by(reader: LogReader, commit: Commit) -> Row | None:
    """Return which commit says that a context is gone, and why."""
    if commit.context is not None:
        return None
    for position in reader.positions(redaction_of(commit.position)):
        for event in decode_events(reader.commit(position).payload, position):
            if isinstance(event, ContextRedacted) and event.hash == commit.hash.hex():
                return {"position": position, "reason": event.reason}
    return None


def _context_row(commit: Commit) -> Row:
    """Return who asked, with which words, and why; None where nothing is known."""
    context = decode_context(commit.context)
    actor, cause = context.actor, context.cause
    return {
        "redacted": commit.context is None,
        "actor": {
            "uid": None if actor.uid < 0 else actor.uid,
            "user": actor.user or None,
            "pid": actor.pid or None,
            "program": actor.program or None,
        },
        "command": context.command or None,
        "message": context.message or None,
        "cause": None if cause is None else {"kind": cause.kind, "ref": cause.ref},
        "traceparent": context.traceparent or None,
        "clock": iso(context.clock_us) if context.clock_us else None,
    }


def diff(replayer: Replayer, low: int, high: int) -> list[Row]:
    """Return what leads from the state at `low` to the one at `high`; either may be the later.

    It costs the state at the earlier one, and what happened between them.
    """
    state, changes = replayer.changes(*sorted((low, high)))
    if low > high:
        changes = [(key, after, before) for key, before, after in reversed(changes)]
    return change_rows(state, changes)


def blame(reader: LogReader, key: Key, high: int) -> list[Row]:
    """Return, for each field of an object, its value and the commit that gave it.

    Only the commits that touched the object are read, into a state that holds nothing else.

    Raises:
        NotFound: no commit up to `high` touched it.
    """
    scratch = _alone(key)
    origin: dict[str, int] = {}
    if (known := before_slice(reader, key)) is not None:
        _note_origins(origin, True, None, scratch.put(known)[2], reader.first)  # noqa: FBT003
    for position in reader.positions(rid_text(key)):
        if position > high:
            break
        if position == reader.first > 1:
            continue
        events = decode_events(reader.commit(position).payload, position)
        for event in events:
            if key in touched(event):
                for _key, before, after in apply(scratch, (about(event, key),)):
                    _note_origins(origin, _key == key, before, after, position)
    record = scratch.get(key)
    if record is None:
        raise NotFound("V-5-1-7842", f"{rid_text(key)}: no such object at @{high}")
    values = fields(record)
    return [_origin_row(reader, name, values[name], origin[name]) for name in origin]


def _alone(key: Key) -> State:
    """Return a state with nothing but what the object's own events need: its space's header."""
    scratch = State()
    if key[1] != HEADER_RID:
        header = Node(NODE_SPACE, HEADER_RID, "", "") if key[0] == NODE_SPACE else None
        scratch.put(header or DiskGroup(key[0], HEADER_RID, name=""))
    return scratch


def _note_origins(
    origin: dict[str, int],
    ours: bool,  # noqa: FBT001
    before: AnyRecord | None,
    after: AnyRecord | None,
    position: int,
) -> None:
    if not ours:
        return
    if after is None:
        origin.clear()
        return
    old, new = {} if before is None else fields(before), fields(after)
    for name in old.keys() - new.keys():
        origin.pop(name, None)
    for name, value in new.items():
        if name not in ("type", "rid") and (name not in old or old[name] != value):
            origin[name] = position


def _origin_row(reader: LogReader, name: str, value: object, position: int) -> Row:
    commit = reader.commit(position)
    header, context = decode_header(commit.header), decode_context(commit.context)
    return {
        "field": name,
        "value": value,
        "position": position,
        "time": iso(header.time_us),
        "actor": context.actor.user or context.actor.program or None,
        "command": context.command or None,
        "tx": header.tx,
    }


def outcome(readers: Iterable[LogReader], request: str) -> Row:
    """Return what became of a request (D13): done, failed, rejected, or unknown."""
    readers = tuple(readers)
    for reader in readers:
        position = position_of_tx(reader, request)
        if position is not None:
            return _outcome(request, "done", reader, position, None)
    for what, key, kind in (
        ("failed", f"failed/{request}", RequestsFailed),
        ("rejected", f"request/{request}", RequestRejected),
    ):
        for reader, position, event in _newest_events(readers, key):
            if isinstance(event, kind) and request in _requests_of(event):
                return _outcome(request, what, reader, position, event.message)
    return _outcome(request, "unknown", None, None, None)


def knew(own: LogReader, shared: LogReader, node: str, asked_us: int) -> Row:
    """Return how far both logs were applied on a node at a time, by that node's clock.

    The node's log says how far the shared one was when it last wrote down something; from there
    on the time that stands beside each shared commit tells.
    """
    own_position = _last_before(own, asked_us)
    applied = 0
    if own_position >= own.first:
        header = decode_header(own.commit(own_position).header)
        applied = header.shared_position or 0
    for commit in shared.commits(max(applied + 1, shared.first)):
        if commit.applied_us > asked_us:
            break
        applied = commit.position
    last = shared.commit(applied) if applied >= shared.first else None
    return {
        "node": node,
        "time": iso(asked_us),
        "own": own_position,
        "shared": applied,
        "applied": None if last is None else iso(last.applied_us),
        "digest": None if last is None else last.digest.hex(),
    }


def _last_before(reader: LogReader, asked_us: int) -> int:
    """Return the last commit that was applied at or before a time, 0 if there was none."""
    low, high = reader.first - 1, reader.last()
    while low < high:
        middle = (low + high + 1) // 2
        if reader.commit(middle).applied_us <= asked_us:
            low = middle
        else:
            high = middle - 1
    return low


def _newest_events(
    readers: Iterable[LogReader], key: str
) -> Iterator[tuple[LogReader, int, AnyEvent]]:
    for reader in readers:
        for position in reversed(reader.positions(key)):
            for event in decode_events(reader.commit(position).payload, position):
                yield reader, position, event


def _requests_of(event: RequestsFailed | RequestRejected) -> tuple[str, ...]:
    return event.requests if isinstance(event, RequestsFailed) else (event.request,)


def _outcome(
    request: str, what: str, reader: LogReader | None, position: int | None, message: str | None
) -> Row:
    return {
        "id": request,
        "outcome": what,
        "log": None if reader is None else reader.name,
        "position": position,
        "message": message,
    }
