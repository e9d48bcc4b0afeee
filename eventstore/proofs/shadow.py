"""A log replayed through the program as it is now, beside what was recorded when it was written.

Only a digest of each state is recorded, no state. It is a sum of one hash a record, so where it
differs the difference of the two sums tells what the hash of a record must have been. A record as
it may have been, with one field as it was before the commit, or as an event has it, is tried
against that; one that fits is what was recorded, as sure as 128 bits are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from eventstore.codec import Commit, decode_events, decode_stored
from eventstore.errors import StoreError
from eventstore.model import digest
from eventstore.model.events import touched
from eventstore.model.objects import AnyRecord, Key
from eventstore.model.state import State
from eventstore.model.upcast import OLD_EVENTS
from eventstore.present.differences import net
from eventstore.present.views import field_name, fields, object_name
from eventstore.proofs.checks import ChainCheck, ReplayCheck
from eventstore.storage.reader import LogReader

_MODULUS = 1 << 128
_NEAR = 64
"""How far a number that was recorded is looked for from one that is known."""


class Difference(Struct, frozen=True):
    """What differs first: where, in which object and field, and both values.

    `recorded` is what the log says, `found` what the program gives now; of an object as a whole
    they are maps or None, and None too where only that something differs can be told.
    """

    part: str
    text: str
    log: str | None = None
    position: int | None = None
    object: str | None = None
    field: str | None = None
    recorded: Any = None
    found: Any = None


def described(error: Exception) -> str:
    """Return what an error says, one of ours in its own words."""
    if not isinstance(error, StoreError):
        return f"{type(error).__name__}: {error}"
    return error.message if error.cause is None else f"{error.message}: {error.cause}"


class Shadow(Struct, frozen=True):
    """What came of it: how many commits gave what was recorded, and the first that did not.

    `lifted` counts the events, by their stored names, that are of an earlier version.
    """

    commits: int
    lifted: dict[str, int]
    difference: Difference | None


def shadow(reader: LogReader) -> Shadow:
    """Replay a log from its beginning, no keyframe used, and compare every digest."""
    chain, replayed = ChainCheck(reader.lineage), ReplayCheck(reader.name)
    count, lifted = 0, Counter[str]()
    try:
        for commit in reader.commits():
            chain(commit)
            if not replayed.take(commit):
                return Shadow(count, dict(lifted), _explained(reader, commit, replayed))
            lifted.update(_lifted(commit))
            count = commit.position
        reader.check_structure()
    except StoreError as error:
        at = getattr(error, "position", None) or count + 1
        difference = Difference("replay", described(error), reader.name, at)
        return Shadow(count, dict(lifted), difference)
    return Shadow(count, dict(lifted), None)


def _lifted(commit: Commit) -> Iterator[str]:
    """Yield the stored names of events that an upcaster lifts."""
    if OLD_EVENTS:
        for event in decode_stored(commit.payload):
            if type(event) in OLD_EVENTS:
                yield str(event.__struct_config__.tag)


def _explained(reader: LogReader, commit: Commit, replay: ReplayCheck) -> Difference:
    """Name the record that makes the difference, if one alone does."""
    recorded = int.from_bytes(commit.digest[1:])
    missing = (recorded - replay.digest) % _MODULUS
    suspects = _suspects(commit, replay)
    known = tuple(_values(decode_events(commit.payload, commit.position)))
    for key, (before, after) in suspects.items():
        wanted = (missing + (0 if after is None else digest.of_record(after))) % _MODULUS
        was = _as_recorded(wanted, before, after, known)
        if was is not None:
            return _named(reader, commit, replay.state, key, was[0], after)
    names = ", ".join(object_name(replay.state, key) for key in suspects) or "nothing"
    return Difference(
        "replay",
        f"digest {digest.stored(replay.digest).hex()}, recorded {commit.digest.hex()}; the commit "
        f"is about {names}",
        reader.name,
        commit.position,
        names if len(suspects) == 1 else None,
    )


def _suspects(
    commit: Commit, replay: ReplayCheck
) -> dict[Key, tuple[AnyRecord | None, AnyRecord | None]]:
    """Return what a commit changed, or is about: records before and after."""
    suspects = {
        key: (replay.state.get(key), replay.state.get(key))
        for event in decode_events(commit.payload, commit.position)
        for key in touched(event)
    }
    for key, _before, after in replay.changes:
        suspects[key] = (None, after)
    return suspects | net(replay.changes)


def _as_recorded(
    wanted: int, before: AnyRecord | None, after: AnyRecord | None, known: Iterable[object]
) -> tuple[AnyRecord | None] | None:
    """Return the record whose hash is the wanted one, in a tuple; None if none was found."""
    if wanted == 0 and after is not None:
        return (None,)
    for record in _candidates(before, after, tuple(known)):
        if digest.of_record(record) == wanted:
            return (record,)
    return None


def _candidates(
    before: AnyRecord | None, after: AnyRecord | None, known: tuple[object, ...]
) -> Iterator[AnyRecord]:
    if before is not None:
        yield before
    for record in (after, before):
        if record is None:
            continue
        for name in record.__struct_fields__[2:]:
            value = getattr(record, name)
            for other in _others(value, getattr(before, name, value), known):
                yield msgspec.structs.replace(record, **{name: other})


def _others(value: Any, before: Any, known: tuple[object, ...]) -> Iterator[object]:
    """Yield what a field may have been: as before, as an event has it, or near that."""
    yield before
    numbers = [value, before]
    for other in known:
        if type(other) is type(value):
            yield other
            numbers.append(other)
            if isinstance(value, int) and isinstance(before, int) and isinstance(other, int):
                yield from (before + other, before - other, value + other, value - other)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        for number in dict.fromkeys(n for n in numbers if isinstance(n, int)):
            yield from range(number - _NEAR, number + _NEAR + 1)


def _values(events: Iterable[object]) -> Iterator[object]:
    """Yield every value that is in some events, however deep."""
    for event in events:
        if isinstance(event, Struct):
            yield from _values(msgspec.structs.astuple(event))
        elif isinstance(event, tuple):
            yield event
            yield from _values(event)
        else:
            yield event


def _named(
    reader: LogReader,
    commit: Commit,
    state: State,
    key: Key,
    was: AnyRecord | None,
    found: AnyRecord | None,
) -> Difference:
    """Return a difference by object and field."""
    record = found if found is not None else was
    shown = object_name(state, key) if found is not None else getattr(record, "name", str(key))
    field: str | None = None
    values: tuple[Any, Any] = tuple(None if r is None else fields(r) for r in (was, found))  # type: ignore[assignment]
    if was is not None and found is not None:
        names = [n for n in was.__struct_fields__ if getattr(was, n) != getattr(found, n)]
        if len(names) == 1:
            field = field_name(names[0])
            values = getattr(was, names[0]), getattr(found, names[0])
    text = f"{shown}{f', {field}' if field else ''}: recorded {values[0]!r}, now {values[1]!r}"
    plain = [msgspec.to_builtins(value) for value in values]
    return Difference("replay", text, reader.name, commit.position, shown, field, *plain)
