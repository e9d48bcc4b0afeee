"""What a decision was, and what it is now: a step of a recording beside the log that it wrote.

A recording has a checksum of each decision; what was decided is in the log, as far as it is one
that lasts. The first commit, event and field that differ are named from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from daemon.core.ready import Input, Ready, Submit
from eventstore.codec import Commit, decode_events
from eventstore.errors import NotFound
from eventstore.model.events import AnyEvent, stored_name, touched
from eventstore.past.history import Names
from eventstore.past.moments import position_of_tx
from eventstore.past.summary import summary
from eventstore.proofs.shadow import Difference
from eventstore.storage.reader import LogReader

_PART = "recording"


def between(
    said: Input, ready: Ready | None, notes: str, logs: Mapping[str, LogReader]
) -> Difference:
    """Return how a step's decision differs from what the logs have; `notes` is what it says.

    Without a position: no commit of theirs is another one, and what else was decided is not known.
    """
    for log, commit in _commits(ready):
        found = _of_commit(logs[log], commit)
        if found is not None:
            return msgspec.structs.replace(found, text=f"{notes}; {found.text}")
    if isinstance(said, Submit) and _is_answered(ready) and not any(True for _ in _commits(ready)):
        for reader in logs.values():
            position = position_of_tx(reader, said.request)
            if position is not None:
                told = _told(reader, decode_events(reader.commit(position).payload, position))
                return Difference(
                    _PART,
                    f"{notes}; recorded: {told}",
                    reader.name,
                    position,
                    None,
                    None,
                    told,
                    notes,
                )
    return Difference(_PART, notes)


def _is_answered(ready: Ready | None) -> bool:
    """Whether a request is over with this step; what a cluster is asked takes several."""
    return ready is None or bool(ready.replies)


def _commits(ready: Ready | None) -> Iterator[tuple[str, Commit]]:
    for entry in () if ready is None else ready.append:
        if isinstance(entry.item, Commit):
            yield entry.log, entry.item


def _of_commit(reader: LogReader, commit: Commit) -> Difference | None:
    """Compare a commit with the one that the log has in its place, if it has one."""
    try:
        recorded = reader.commit(commit.position)
    except NotFound:
        return None
    if recorded.payload == commit.payload:
        return None
    was, now = (decode_events(one.payload, commit.position) for one in (recorded, commit))
    for old, new in zip(was, now, strict=False):
        if old != new:
            return _of_events(reader, commit.position, old, new)
    texts = _told(reader, was), _told(reader, now)
    text = f"recorded @{commit.position}: {texts[0]}; now: {texts[1]}"
    return Difference(_PART, text, reader.name, commit.position, None, None, *texts)


def _of_events(reader: LogReader, position: int, old: AnyEvent, new: AnyEvent) -> Difference:
    key = next(iter(touched(old)), None)
    shown = None if key is None else Names(reader).of(key)
    field: str | None = None
    values: tuple[Any, Any] = (stored_name(type(old))[0], stored_name(type(new))[0])
    if type(old) is type(new):
        names = old.__struct_fields__
        field = next(name for name in names if getattr(old, name) != getattr(new, name))
        values = getattr(old, field), getattr(new, field)
    what = (
        f"{stored_name(type(old))[0]}{f' {shown}' if shown else ''}{f', {field}' if field else ''}"
    )
    text = f"@{position} {what}: recorded {values[0]!r}, now {values[1]!r}"
    plain = [msgspec.to_builtins(value) for value in values]
    return Difference(_PART, text, reader.name, position, shown, field, *plain)


def _told(reader: LogReader, events: list[AnyEvent]) -> str:
    """Return in words what a commit did."""
    names = ", ".join(stored_name(type(event))[0] for event in events)
    return summary(events, Names(reader).of) or names
