"""What all answers about a log share: the map that each is, and which log is meant."""

from __future__ import annotations

from typing import Any

from eventstore.errors import NotFound
from eventstore.model.objects import Key
from eventstore.past.moments import Moment, Resolved, log_of, resolve
from eventstore.present import views
from eventstore.present.standing import Log
from eventstore.source import Source, Then
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


def envelope_of_broken(source: Source, reader: LogReader | None, data: Any) -> Answer:
    """Return an answer about a log whose head may not be readable."""
    return {
        "cluster": source.cluster,
        "log": None if reader is None else reader.name,
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


def key_of(source: Source, reader: LogReader, name: str, position: int) -> Key:
    """Find an object by name at a moment; a record ID needs no state, and may be gone."""
    key = views.key_of_rid(name)
    if key is not None:
        return key
    return views.find(source.replayers[reader.log].state_at(position), name)


def keys_at_either(source: Source, reader: LogReader, name: str, *positions: int) -> set[Key]:
    """Find what bears a name at one of two moments at least.

    Raises:
        NotFound: nothing does at either.
    """
    keys: set[Key] = set()
    missing: NotFound | None = None
    for position in positions:
        try:
            keys.add(key_of(source, reader, name, position))
        except NotFound as error:
            missing = error
    if missing is not None and not keys:
        raise missing
    return keys
