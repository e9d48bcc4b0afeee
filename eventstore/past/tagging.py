"""Tags of a log, found by the index: what a name stands for now, and which names there are.

What counts is what the log says last. A tag that was taken away is in the log still, and names
nothing.
"""

from __future__ import annotations

from eventstore.codec import decode_context, decode_events, decode_header
from eventstore.model.tags import TAGS, TagRemoved, TagSet
from eventstore.past.moments import time_of
from eventstore.present.views import Row
from eventstore.storage.reader import LogReader
from eventstore.text import iso


def position_of(reader: LogReader, name: str) -> int | None:
    """Return the position that a tag names, None if there is none of this name."""
    for position in reversed(reader.positions(f"tag/{name}")):
        for event in reversed(decode_events(reader.commit(position).payload, position)):
            if isinstance(event, (TagSet, TagRemoved)) and event.name == name:
                return event.position if isinstance(event, TagSet) else None
    return None


def listing(reader: LogReader, high: int) -> list[Row]:
    """Return one row a tag that there is after a commit, by name: what it names, who set it."""
    found: dict[str, Row] = {}
    for at in reader.positions(TAGS):
        if at > high:
            break
        commit = reader.commit(at)
        for event in decode_events(commit.payload, at):
            if isinstance(event, TagRemoved):
                found.pop(event.name, None)
            elif isinstance(event, TagSet):
                context = decode_context(commit.context)
                found[event.name] = {
                    "tag": event.name,
                    "log": reader.name,
                    "position": event.position,
                    "time": iso(time_of(reader, event.position)),
                    "set_at": at,
                    "set_time": iso(decode_header(commit.header).time_us),
                    "actor": context.actor.user or context.actor.program or None,
                    "message": context.message or None,
                }
    return [found[name] for name in sorted(found)]
