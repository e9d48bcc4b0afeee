"""A question as a map, its answer as a map: one door for the daemon, its reader and offline use.

`answer_now` answers from a live state; `answer` from a log, at any moment of it. Both give the
same data for the same state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from eventstore import auditing, following, history, room, standing as standings, views
from eventstore.asked import (
    DeviceArgs,
    DiffArgs,
    FollowArgs,
    GroupArgs,
    GrowArgs,
    HashArgs,
    HeadArgs,
    KnewArgs,
    LogArgs,
    NoArgs,
    ObjectArgs,
    OutcomeArgs,
    PrintArgs,
    RangeArgs,
    ReplayArgs,
    RoomArgs,
    VerifyArgs,
)
from eventstore.errors import NotFound, Rejected
from eventstore.model.objects import HEADER_RID, Key, rid_text
from eventstore.moments import (
    Moment,
    Resolved,
    doubt_about,
    doubt_between,
    log_of,
    resolve,
)
from eventstore.replay import digest_from_start
from eventstore.source import Source, Then
from eventstore.standing import Found, Log, Standing
from eventstore.storage.reader import LogReader
from eventstore.text import iso

Answer = dict[str, Any]
Asked = TypeVar("Asked")


def _volume_room(standing: Standing, args: RoomArgs) -> Found:
    return standings.of_group(
        standing, args.group, lambda state: room.max_size(state, args.command())
    )


def _volume_growth(standing: Standing, args: GrowArgs) -> Found:
    return standings.of_group(
        standing, args.group, lambda state: room.max_grow(state, args.group, args.name)
    )


STATE_QUESTIONS: dict[str, tuple[type[Struct], Callable[[Standing, Any], Found]]] = {
    "print": (PrintArgs, lambda here, args: standings.printed(here, args.group, args.names)),
    "dg.list": (GroupArgs, lambda here, args: standings.group_list(here, args.group)),
    "disk.list": (DeviceArgs, lambda here, args: standings.disks(here, args.device)),
    "dg.free": (GroupArgs, lambda here, args: standings.free(here, args.group)),
    "volume.maxsize": (RoomArgs, _volume_room),
    "volume.maxgrow": (GrowArgs, _volume_growth),
    "get": (ObjectArgs, lambda here, args: standings.get(here, args.object)),
    "state": (NoArgs, lambda here, _args: standings.of_default(here, views.document_view)),
}
"""What can be answered from states alone, those of a node's two logs at one moment."""


def answer_now(standing: Standing, question: str, args: object) -> Found:
    """Answer a question from a node's two states, and say of which it was asked.

    Raises:
        NotFound: it asks for what does not exist.
        Rejected: it is not put as it should be.
    """
    kind, handler = STATE_QUESTIONS[question]
    return handler(standing, _typed(question, args, kind))


def answer(source: Source, question: str, args: object, at: object) -> Answer:
    """Answer a question from a log, as of a moment; both as they came from outside.

    Raises:
        NotFound: it asks for what does not exist.
        Rejected: there is no such question, or it is not put as it should be.
        Damaged: the log does not hold what it needs.
    """
    moment = None if at is None else _typed(question, at, Moment)
    if question in STATE_QUESTIONS:
        return _of_state(source, question, args, moment)
    found = _HISTORY_QUESTIONS.get(question)
    if found is None:
        raise Rejected("V-5-1-7846", f"there is no question {question!r}")
    kind, handler = found
    return handler(source, _typed(question, args, kind), moment)


def _typed(question: str, value: object, kind: type[Asked]) -> Asked:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-7846", f"the question {question!r} is not put as it should be", cause=str(error)
        ) from error


def envelope(
    source: Source, reader: LogReader, resolved: Resolved | None, data: Any, notes: list[str]
) -> Answer:
    """Put an answer into the map that every answer is."""
    shown = resolved or (resolve(reader, None) if reader.last() else Resolved(0, 0))
    return {
        "cluster": source.cluster,
        "log": reader.name,
        "position": shown.position,
        "at": iso(shown.time_us),
        "resolved": None if resolved is None else str(resolved),
        "notes": notes,
        "data": data,
    }


def _of_state(source: Source, question: str, args: object, at: Moment | None) -> Answer:
    kind, handler = STATE_QUESTIONS[question]
    typed = _typed(question, args, kind)
    asks_one = getattr(typed, "group", None) or getattr(typed, "object", None)
    then = Then(source, at, None if asks_one else source.default)
    data, log = handler(then.standing, typed)
    shown = log or then.default
    reader, resolved = source.readers[shown], then.resolved(shown)
    told = resolved if at is not None else None
    answered = envelope(source, reader, told, data, doubt_about(reader, resolved))
    answered |= {"position": resolved.position, "at": iso(resolved.time_us)}
    if log is None:
        logs: tuple[Log, Log] = ("shared", "node")
        answered["positions"] = {
            source.readers[each].name: then.resolved(each).position for each in logs
        }
    return answered


def _log_of(source: Source, name: str | None, *moments: Moment | None) -> Log:
    """Return the log that moments name, else the one that had an object, else the default."""
    for moment in moments:
        named: Any = log_of(moment)
        if named is not None:
            return named  # type: ignore[no-any-return]
    if name is None:
        return source.default
    for moment in moments or (None,):
        log = Then(source, moment).standing.log_of_object(name)
        if log != source.default:
            return log
    return source.default


def _key_of(source: Source, reader: LogReader, name: str, position: int) -> Key:
    """Find an object by name at a moment; a record ID needs no state, and may be gone."""
    key = views.key_of_rid(name)
    if key is not None:
        return key
    return views.find(source.replayers[reader.log].state_at(position), name)


def _log(source: Source, args: LogArgs, at: Moment | None) -> Answer:
    until = args.until or at
    which = Moment("head", log=args.which)
    reader = source.readers[_log_of(source, args.object, args.since, until, which)]
    low = reader.first if args.since is None else _first_after(reader, args.since)
    high = resolve(reader, until).position if until is not None else reader.last()
    wanted = history.Wanted(
        node=args.node, actor=args.actor, type=args.type, tx=args.tx, n=args.n,
        reverse=args.reverse,
        key=None if args.object is None else rid_text(_key_of(source, reader, args.object, high)),
    )  # fmt: skip
    return envelope(source, reader, None, history.log_lines(reader, wanted, low, high), [])


def _first_after(reader: LogReader, since: Moment) -> int:
    """Return where a listing since a moment begins: at its commit, or the first of the time."""
    if since.kind != "time":
        return resolve(reader, since).position
    try:
        return resolve(reader, Moment("time", since.number - 1)).position + 1
    except NotFound:
        return reader.first


def _show(source: Source, _args: NoArgs, at: Moment | None) -> Answer:
    reader = source.reader(at)
    resolved = resolve(reader, at)
    data = history.show(source.replayers[reader.log], resolved.position)
    return envelope(source, reader, resolved, data, [])


def _diff(source: Source, args: DiffArgs, _at: Moment | None) -> Answer:
    reader = source.readers[_log_of(source, args.object, args.a, args.b)]
    first, second = resolve(reader, args.a), resolve(reader, args.b)
    replayer = source.replayers[reader.log]
    rows = history.diff(replayer, first.position, second.position)
    if args.object is not None:
        keys = _keys_at_either(source, reader, args.object, first.position, second.position)
        rows = [row for row in rows if _is_about(row, keys)]
    low, high = sorted((first.position, second.position))
    data = {"from": first.position, "to": second.position, "changes": rows}
    notes = [f"from {str(first)[3:]} to {str(second)[3:]}", *doubt_between(reader, low, high)]
    return envelope(source, reader, None, data, notes)


def _keys_at_either(source: Source, reader: LogReader, name: str, *positions: int) -> set[Key]:
    """Find what bears a name at one of two moments at least.

    Raises:
        NotFound: nothing does at either.
    """
    keys: set[Key] = set()
    missing: NotFound | None = None
    for position in positions:
        try:
            keys.add(_key_of(source, reader, name, position))
        except NotFound as error:
            missing = error
    if missing is not None and not keys:
        raise missing
    return keys


def _is_about(row: views.Row, keys: set[Key]) -> bool:
    """Tell whether a difference is one of an object, or of what is in it."""
    key = views.key_of_rid(row["rid"])
    return key is not None and (key in keys or (key[0], HEADER_RID) in keys)


def _blame(source: Source, args: ObjectArgs, at: Moment | None) -> Answer:
    reader = source.readers[_log_of(source, args.object, at)]
    resolved = resolve(reader, at)
    key = _key_of(source, reader, args.object, resolved.position)
    rows = history.blame(reader, key, resolved.position)
    return envelope(source, reader, resolved if at else None, rows, doubt_about(reader, resolved))


def _follow(source: Source, args: FollowArgs, _at: Moment | None) -> Answer:
    reader = source.reader(Moment("head", log=args.which))
    rows = [] if args.after is None else following.piece(reader, args.after, args.n)
    return envelope(source, reader, None, rows, [])


def _range(source: Source, args: RangeArgs, _at: Moment | None) -> Answer:
    reader = source.reader(args.since, args.until)
    low = reader.first if args.since is None else _first_after(reader, args.since)
    high = reader.last() if args.until is None else resolve(reader, args.until).position
    return envelope(source, reader, None, {"low": low, "high": high}, [])


def _outcome(source: Source, args: OutcomeArgs, _at: Moment | None) -> Answer:
    reader = source.reader()
    data = history.outcome(source.readers.values(), args.id)
    return envelope(source, reader, None, data, [])


def _knew(source: Source, args: KnewArgs, at: Moment | None) -> Answer:
    """Return what this node had applied at a moment; of another node its own log has to tell.

    Raises:
        NotFound: the log is another node's.
    """
    own, shared = source.readers["node"], source.readers["shared"]
    here = own.name.removeprefix("node/")
    if args.node not in (None, here):
        raise NotFound(
            "V-5-1-9134",
            f"this is the log of {here}, not of {args.node}",
            cause="what a node knew, and when, stands beside the commits in its own log",
            fix=f"ask the daemon on {args.node}, or its log with --log",
        )
    log = _log_of(source, None, at)
    resolved = resolve(source.readers[log], at)
    asked_us = resolved.asked_us or resolved.time_us
    data = history.knew(own, shared, here, asked_us)
    return envelope(source, source.readers[log], resolved, data, doubt_about(own, resolved))


def _replayed(source: Source, args: ReplayArgs, _at: Moment | None) -> Answer:
    """Return the digest of the shared state by a replay from its beginning, and the recorded one.

    A commit that is given comes last; without one the log's own does.
    """
    reader = source.readers["shared"]
    then = args.commit
    through = args.position if then is None else then.position - 1
    found = digest_from_start(reader, through, then)
    recorded = (reader.commit(args.position) if then is None else then).digest
    return envelope(source, reader, None, {"digest": found, "recorded": recorded}, [])


_HISTORY_QUESTIONS: dict[
    str, tuple[type[Struct], Callable[[Source, Any, Moment | None], Answer]]
] = {
    "log": (LogArgs, _log),
    "show": (NoArgs, _show),
    "diff": (DiffArgs, _diff),
    "blame": (ObjectArgs, _blame),
    "range": (RangeArgs, _range),
    "follow": (FollowArgs, _follow),
    "outcome": (OutcomeArgs, _outcome),
    "knew": (KnewArgs, _knew),
    "replay.digest": (ReplayArgs, _replayed),
    "verify": (VerifyArgs, auditing.verify_answer),
    "head": (HeadArgs, auditing.head_answer),
    "hashes": (HashArgs, auditing.hashes_answer),
}
