"""A question as a map, its answer as a map: one door for the daemon, its reader and offline use.

`answer_now` answers from a live state; `answer` from a log, at any moment of it. Both give the
same data for the same state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from eventstore.asking import auditing, lookups, prospects
from eventstore.asking.answering import (
    Answer,
    envelope,
    envelope_of_broken,
    key_of,
    keys_at_either,
    log_meant,
)
from eventstore.asking.asked import (
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
    ResumeArgs,
    RoomArgs,
    VerifyArgs,
)
from eventstore.asking.placing import check_here, placed, placed_args
from eventstore.errors import NotFound, Rejected
from eventstore.keeping import archives
from eventstore.model.objects import HEADER_RID, Key, rid_text
from eventstore.past import following, history, resuming
from eventstore.past.moments import (
    Moment,
    Resolved,
    doubt_about,
    doubt_between,
    resolve,
)
from eventstore.past.replay import digest_from_start
from eventstore.present import room, standing as standings, views
from eventstore.present.standing import Found, Log, Standing
from eventstore.source import Source, Then
from eventstore.storage.reader import LogReader
from eventstore.text import iso

Asked = TypeVar("Asked", bound=Struct)


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
    moment = placed(source, None if at is None else _typed(question, at, Moment))
    if question in STATE_QUESTIONS:
        return _of_state(source, question, args, moment)
    found = _HISTORY_QUESTIONS.get(question)
    if found is None:
        raise Rejected("V-5-1-7846", f"there is no question {question!r}")
    kind, handler = found
    return handler(source, placed_args(source, _typed(question, args, kind)), moment)


def _typed(question: str, value: object, kind: type[Asked]) -> Asked:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-7846", f"the question {question!r} is not put as it should be", cause=str(error)
        ) from error


def _of_state(source: Source, question: str, args: object, at: Moment | None) -> Answer:
    kind, handler = STATE_QUESTIONS[question]
    typed = _typed(question, args, kind)
    asks_one = getattr(typed, "group", None) or getattr(typed, "object", None)
    then = Then(source, at, None if asks_one else source.default)
    data, log = handler(then.standing, typed)
    shown = log or then.default
    reader, resolved = source.readers[shown], then.resolved(shown)
    told = resolved if at is not None else None
    asked: tuple[Log, ...] = ("shared", "node") if log is None else (shown,)
    doubt = [
        text for each in asked for text in doubt_about(source.readers[each], then.resolved(each))
    ]
    answered = envelope(source, reader, told, data, doubt)
    answered |= {"position": resolved.position, "at": iso(resolved.time_us)}
    if log is None:
        answered["positions"] = {
            source.readers[each].name: then.resolved(each).position for each in asked
        }
    return answered


def _log(source: Source, args: LogArgs, at: Moment | None) -> Answer:
    until = args.until or at
    which = Moment("head", log=args.which)
    reader = source.readers[log_meant(source, args.object, args.since, until, which)]
    low = reader.first if args.since is None else _first_after(reader, args.since)
    end = Resolved(reader.last(), 0) if until is None else resolve(reader, until)
    high = end.position
    wanted = history.Wanted(
        node=args.node, actor=args.actor, type=args.type, tx=args.tx, n=args.n,
        reverse=args.reverse,
        key=None if args.object is None else rid_text(key_of(source, reader, args.object, high)),
    )  # fmt: skip
    rows = history.log_lines(reader, wanted, low, high)
    return envelope(source, reader, None, rows, doubt_about(reader, end))


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
    return envelope(source, reader, resolved, data, doubt_about(reader, resolved))


def _diff(source: Source, args: DiffArgs, _at: Moment | None) -> Answer:
    reader = source.readers[log_meant(source, args.object, args.a, args.b)]
    first, second = resolve(reader, args.a), resolve(reader, args.b)
    replayer = source.replayers[reader.log]
    rows = history.diff(replayer, first.position, second.position)
    if args.object is not None:
        keys = keys_at_either(source, reader, args.object, first.position, second.position)
        rows = [row for row in rows if _is_about(row, keys)]
    low, high = sorted((first.position, second.position))
    data = {"from": first.position, "to": second.position, "changes": rows}
    notes = [f"from {str(first)[3:]} to {str(second)[3:]}", *doubt_between(reader, low, high)]
    return envelope(source, reader, None, data, notes)


def _is_about(row: views.Row, keys: set[Key]) -> bool:
    """Tell whether a difference is one of an object, or of what is in it."""
    key = views.key_of_rid(row["rid"])
    return key is not None and (key in keys or (key[0], HEADER_RID) in keys)


def _blame(source: Source, args: ObjectArgs, at: Moment | None) -> Answer:
    reader = source.readers[log_meant(source, args.object, at)]
    resolved = resolve(reader, at)
    key = key_of(source, reader, args.object, resolved.position)
    rows = history.blame(reader, key, resolved.position)
    return envelope(source, reader, resolved if at else None, rows, doubt_about(reader, resolved))


def _follow(source: Source, args: FollowArgs, _at: Moment | None) -> Answer:
    reader = source.reader(Moment("head", log=args.which))
    rows = [] if args.after is None else following.piece(reader, args.after, args.n)
    return envelope(source, reader, None, rows, [])


def _resume(source: Source, args: ResumeArgs, _at: Moment | None) -> Answer:
    points = resuming.stand(source.readers, source.default, args.places, both=args.both)
    return envelope(source, points[0].reader, None, resuming.told(points, args.n), [])


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
    if args.node is not None:
        check_here(source, f"node/{args.node}")
    log = log_meant(source, None, at)
    resolved = resolve(source.readers[log], at)
    asked_us = resolved.asked_us or resolved.time_us
    if at is None:
        # The present: all that was applied here, later than it was decided.
        heads = (reader.commit(reader.last()) for reader in (own, shared) if reader.last())
        asked_us = max(commit.applied_us for commit in heads)
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


def _archive(source: Source, args: archives.ListArgs, _at: Moment | None) -> Answer:
    """Say which segments the logs have; the answer about a damaged one needs no head."""
    rows = archives.listed(source, check=args.check)
    return envelope_of_broken(source, source.readers["node"], rows)


def _retention(source: Source, _args: archives.RuleArgs, at: Moment | None) -> Answer:
    resolved, data = archives.rule(source, at)
    return envelope(source, source.readers["shared"], resolved, data, [])


_HISTORY_QUESTIONS: dict[
    str, tuple[type[Struct], Callable[[Source, Any, Moment | None], Answer]]
] = {
    "log": (LogArgs, _log),
    "show": (NoArgs, _show),
    "diff": (DiffArgs, _diff),
    "blame": (ObjectArgs, _blame),
    "range": (RangeArgs, _range),
    "follow": (FollowArgs, _follow),
    "resume": (ResumeArgs, _resume),
    "outcome": (OutcomeArgs, _outcome),
    "knew": (KnewArgs, _knew),
    **lookups.QUESTIONS,
    **prospects.QUESTIONS,
    "replay.digest": (ReplayArgs, _replayed),
    "verify": (VerifyArgs, auditing.verify_answer),
    "head": (HeadArgs, auditing.head_answer),
    "hashes": (HashArgs, auditing.hashes_answer),
    "archive.list": (archives.ListArgs, _archive),
    "retention": (archives.RuleArgs, _retention),
}
