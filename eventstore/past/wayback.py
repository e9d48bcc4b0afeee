"""What leads from the present of a log to what was: the steps of revert, restore, undo and redo.

It reads the log and works the steps out; whether they can be taken is decided where the present
is (`eventstore.model.decide.wayback`), which may have moved on meanwhile: each step says what the
record was when it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from eventstore.codec import Commit, decode_events, decode_header
from eventstore.errors import Rejected
from eventstore.model.decide.wayback import (
    given_fields,
    key_of,
    nothing_to_do,
    same,
    steps_back,
    steps_of_commands,
    told,
)
from eventstore.model.event import OfGroup, OfGroupItself
from eventstore.model.events import (
    AnyEvent,
    DeviceCloneSet,
    DeviceOfflineSet,
    ImportLockSet,
    RecordsRestored,
)
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    DiskGroup,
    Foreign,
    Key,
    Plex,
    Subdisk,
    Volume,
    rid_text,
)
from eventstore.model.state import State
from eventstore.model.wayback_commands import Step
from eventstore.model.wayback_events import DEADLINE
from eventstore.past.replay import Replayer
from eventstore.storage.reader import LogReader

_PIECE = 64
"""Commits read at a time, from the newest back."""


class Way(Struct, frozen=True):
    """The steps, what they undo (``@N`` each), and the position up to which they were seen."""

    how: str
    undoes: tuple[str, ...]
    steps: tuple[Step, ...]
    seen: int


def revert(replayer: Replayer, positions: Sequence[int], how: str = "revert") -> Way:
    """Return the steps that take back what some commits did, the newest first, and nothing else.

    Raises:
        Rejected: later commits changed the same, each object is named; or there is nothing.
    """
    head = replayer.reader.last()
    done = [(at, _done_by(replayer, at)) for at in sorted(positions, reverse=True)]
    state = replayer.state_at(head)
    wanted: dict[Key, AnyRecord | None] = {}
    problems: list[tuple[str, str]] = []
    for _at, steps in done:
        for step in steps:
            key = key_of(step)
            present = wanted[key] if key in wanted else state.get(key)
            found, problem = _taken_back(step, present)
            if problem is None:
                wanted[key] = found
            else:
                problems.append((_name(state, step), problem + _by(replayer.reader, key)))
    if problems:
        raise changed_since(problems)
    # What is to be comes where `steps_back` has what was.
    steps = steps_back((key, then, state.get(key)) for key, then in sorted(wanted.items()))
    if not steps:
        raise nothing_to_do()
    return Way(how, tuple(f"@{at}" for at, _steps in done), steps, head)


def _done_by(replayer: Replayer, position: int) -> tuple[Step, ...]:
    """Return what a commit did to what commands make, as the steps that undo it."""
    _state, changes = replayer.changes(position - 1, position)
    return steps_of_commands(changes)


def _taken_back(step: Step, present: AnyRecord | None) -> tuple[AnyRecord | None, str | None]:
    """Return what a record is once a step is taken, or why it cannot be."""
    if step.now is None:
        return step.then, None if present is None else "it is there again"
    if present is None:
        return None, "it is gone"
    if step.then is None:
        return None, None if same(present, step.now) else "it was changed since"
    changed = [
        name
        for name in given_fields(step.now)
        if getattr(step.now, name) != getattr(step.then, name)
    ]
    later = [name for name in changed if getattr(present, name) != getattr(step.now, name)]
    if type(present) is not type(step.now) or later:
        return None, f"{', '.join(later) or 'it'} was changed since"
    values = {name: getattr(step.then, name) for name in changed}
    return msgspec.structs.replace(present, **values), None


def restore(replayer: Replayer, position: int, wanted: Iterable[Key] | None) -> Way:
    """Return the steps to the state after a commit: of everything, or of the objects at keys.

    What is below one of them (plexes, subdisks; all of a disk group) is part of it.

    Raises:
        Rejected: all is as it was.
    """
    head = replayer.reader.last()
    state, changes = replayer.changes(position, head)
    steps = steps_of_commands(changes)
    if wanted is not None:
        family = _family(state, set(wanted), steps)
        steps = tuple(step for step in steps if _belongs(key_of(step), family))
    if not steps:
        raise nothing_to_do()
    return Way("restore", (f"@{position}",), steps, head)


def _belongs(key: Key, family: set[Key]) -> bool:
    return key in family or (key[0] != NODE_SPACE and (key[0], HEADER_RID) in family)


def _family(state: State, keys: set[Key], steps: Sequence[Step]) -> set[Key]:
    """Return keys with what is below them, now or then."""
    family = set(keys)
    before = -1
    while len(family) != before:
        before = len(family)
        for space, rid in tuple(family):
            if _has_parts(state, (space, rid)):
                family |= {(space, c) for c in state.spaces[space].children.get(rid, ())}
        for step in steps:
            for side in (step.now, step.then):
                if side is not None and _parent(side) in family:
                    family.add((side.space, side.rid))
    return family


def _has_parts(state: State, key: Key) -> bool:
    """Whether what is below a record is part of it: what lies on a disk is not."""
    return isinstance(state.get(key), (Volume, Plex))


def _parent(record: AnyRecord) -> Key | None:
    match record:
        case Plex(volume=parent) | Subdisk(plex=parent) | Foreign(parent=parent) if parent:
            return record.space, parent
        case _:
            return None


# Undo and redo: which commits are meant.


class _Walk:
    """The changes of a log from the newest back: which ones stand, and which undo stands."""

    def __init__(self) -> None:
        self.cancelled: set[str] = set()
        self.undone: set[str] = set()

    def take(self, commit: Commit) -> str:
        """Say what a commit is now: ``change``, ``undo``, or nothing that counts."""
        position, tx = f"@{commit.position}", decode_header(commit.header).tx
        events = decode_events(commit.payload, commit.position)
        way = next((event for event in events if isinstance(event, RecordsRestored)), None)
        if way is not None and way.how == "redo":
            self.cancelled.update(way.undoes)
            return ""
        if way is not None and way.how in ("undo", DEADLINE):
            if position in self.cancelled:
                return ""
            self.undone.update(way.undoes)
            return "undo" if way.how == "undo" else ""
        if "@" in tx or not any(map(_is_change, events)):
            return ""
        return "" if self.undone & {position, f"tx:{tx}"} else "change"


def _is_change(event: AnyEvent) -> bool:
    """Whether an event is what a command does to the configuration."""
    marks = (DeviceOfflineSet, DeviceCloneSet, ImportLockSet, RecordsRestored)
    return isinstance(event, (OfGroup, OfGroupItself, *marks))


def undo(replayer: Replayer, count: int) -> Way:
    """Return the steps that take back the last changes that stand.

    Raises:
        Rejected: there are not so many, or one cannot be taken back.
    """
    walk, found = _Walk(), []
    for commit in _newest_first(replayer.reader):
        if walk.take(commit) == "change":
            found.append(commit.position)
            if len(found) == count:
                return revert(replayer, found, "undo")
    raise _nothing_left("undo", f"there are {len(found)} changes that stand")


def redo(replayer: Replayer) -> Way:
    """Return the steps that take back the last undo, if nothing was changed after it.

    Raises:
        Rejected: there is none, or it cannot be taken back.
    """
    walk = _Walk()
    for commit in _newest_first(replayer.reader):
        kind = walk.take(commit)
        if kind == "change":
            raise _nothing_left("redo", f"@{commit.position} was changed after the last undo")
        if kind == "undo":
            return revert(replayer, (commit.position,), "redo")
    raise _nothing_left("redo", "nothing was undone")


def _newest_first(reader: LogReader) -> Iterator[Commit]:
    high = reader.last()
    while high >= reader.first:
        low = max(reader.first, high - _PIECE + 1)
        yield from reversed(list(reader.commits(low, high)))
        high = low - 1


def _by(reader: LogReader, key: Key) -> str:
    last = max(reader.positions(rid_text(key)), default=0)
    return f" (last @{last})" if last else ""


def _name(state: State, step: Step) -> str:
    record = step.now or step.then
    group = state.get((key_of(step)[0], HEADER_RID))
    name = getattr(record, "name", "")
    return f"{group.name}/{name}" if isinstance(group, DiskGroup) and key_of(step)[1] else name


def changed_since(problems: Sequence[tuple[str, str]]) -> Rejected:
    """Return the refusal to take back what later changes rest on."""
    return Rejected(
        "V-5-1-9242",
        "it cannot be taken back by itself: later changes are about the same",
        cause=told(problems),
        fix="take the later ones back first: 'vx undo', or 'vx restore --to WHEN [OBJECT]'",
        rule="D2",
    )


def _nothing_left(what: str, why: str) -> Rejected:
    return Rejected(
        "V-5-1-9243",
        f"nothing to {what}",
        cause=why,
        fix="'vx log' shows what was done; 'vx revert WHEN' takes back any one commit",
        rule="D2",
    )
