"""Questions about commits rather than about state: where they are, what they are called, why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from eventstore.asking import tracing
from eventstore.asking.answering import Answer, envelope, log_meant
from eventstore.asking.asked import MomentsArgs, NoArgs
from eventstore.asking.placing import placed
from eventstore.past.moments import Moment, Resolved, doubt_about, log_of, resolve, time_of
from eventstore.past.tagging import listing
from eventstore.present.standing import Log
from eventstore.source import Source, Then
from eventstore.text import iso

_LOGS: tuple[Log, ...] = ("shared", "node")


def _trace(source: Source, _args: NoArgs, at: Moment | None) -> Answer:
    """Follow a commit to where it came from, and what came of it; a request also if it failed."""
    if at is not None and at.kind == "tx" and at.log is None:
        # It was looked for: no log has its commit.
        reader, position = tracing.need_attempt(source, str(at.value))
        resolved = Resolved(position, time_of(reader, position))
    else:
        reader = source.reader(at)
        resolved = resolve(reader, at)
    data = tracing.trace(source, reader, resolved.position)
    return envelope(source, reader, resolved, data, doubt_about(reader, resolved))


def _moments(source: Source, args: MomentsArgs, _at: Moment | None) -> Answer:
    """Return where some moments are, in one log: that which one of them names, or the usual."""
    whens = [placed(source, when) for when in args.whens]
    reader = source.readers[log_meant(source, None, *whens)]
    found = [resolve(reader, when) for when in whens]
    rows = [
        {"position": one.position, "time": iso(one.time_us), "time_us": one.time_us}
        for one in found
    ]
    doubt = [text for one in found for text in doubt_about(reader, one)]
    return envelope(source, reader, None, {"log": reader.name, "moments": rows}, doubt)


def _tags(source: Source, _args: NoArgs, at: Moment | None) -> Answer:
    """Return the tags of both logs, or of the one that is named."""
    named = log_of(at)
    then = Then(source, at, None if named else source.default)
    rows = [
        row
        for log in _LOGS
        if named in (None, log) and source.readers[log].last()
        for row in listing(source.readers[log], then.resolved(log).position)
    ]
    reader = source.reader(at)
    return envelope(source, reader, resolve(reader, at) if at else None, rows, [])


QUESTIONS: dict[str, tuple[type[Struct], Callable[[Source, Any, Moment | None], Answer]]] = {
    "trace": (NoArgs, _trace),
    "moments": (MomentsArgs, _moments),
    "tags": (NoArgs, _tags),
}
