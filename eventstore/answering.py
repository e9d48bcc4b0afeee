"""What all answers about a log share: the map that each is, and which log is meant."""

from __future__ import annotations

from typing import Any

from eventstore.moments import Moment, Resolved, log_of, resolve
from eventstore.source import Source, Then
from eventstore.standing import Log
from eventstore.storage.reader import LogReader
from eventstore.text import iso

Answer = dict[str, Any]


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


def envelope_of_broken(source: Source, reader: LogReader, data: Any) -> Answer:
    """Return an answer about a log whose head may not be readable."""
    return {
        "cluster": source.cluster,
        "log": reader.name,
        "position": 0,
        "at": None,
        "resolved": None,
        "notes": [],
        "data": data,
    }


def log_meant(source: Source, name: str | None, *moments: Moment | None) -> Log:
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
