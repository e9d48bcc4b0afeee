"""Words and names of records, and ending them one by one: what ``vxedit`` does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.names import check_free, need_group
from eventstore.model.decide.plexes import check_not_last
from eventstore.model.decide.volumes import plex_removal, removal
from eventstore.model.evolve import apply
from eventstore.model.objects import (
    HEADER_RID,
    Change,
    Disk,
    DiskGroup,
    Labelled,
    Labels,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import State

WORD_MAX = 1024
_EVERY = ("comment", "tutil0", "tutil1", "tutil2", "putil0", "putil1", "putil2")
SETTABLE: dict[type, tuple[str, ...]] = {
    Volume: (*_EVERY, "user", "group", "mode"),
    Plex: _EVERY,
    Subdisk: _EVERY,
    Disk: (*_EVERY, "reserve", "spare", "nohotuse"),
    DiskGroup: ("comment",),
}
"""Kind of a record -> the words that can be set there."""

_SWITCHES = {"on": "on", "off": ""}
_SWITCHED = ("reserve", "spare", "nohotuse")
_WHAT = {Volume: "volume", Plex: "plex", Subdisk: "subdisk", Disk: "disk", DiskGroup: "disk group"}


def set_labels(state: State, command: cmd.EditRecords) -> list[ev.AnyEvent]:
    """Set words at records; those that have them already are left alone."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for record in _named(state, group, command.names):
        labels = record.labels or Labels()
        wanted = {field: _value(record, field, text) for field, text in command.values.items()}
        changed = {f: v for f, v in sorted(wanted.items()) if getattr(labels, f) != v}
        if changed:
            rid = HEADER_RID if isinstance(record, DiskGroup) else record.rid
            events.append(ev.LabelsSet(group.space, rid, tuple(changed), tuple(changed.values())))
    if not events:
        raise Rejected(
            "V-5-1-1290",
            f"Disk group {group.name}: nothing to set",
            cause="every record that is named has these values already",
            fix="'vxprint -l' shows them",
            rule="D2",
        )
    return events


def _value(record: Labelled, field: str, text: str) -> str:
    """Return what is stored for a word.

    Raises:
        Rejected: such a record has no such word, or the value is none.
    """
    known = SETTABLE[type(record)]
    if field not in known:
        raise Rejected(
            "V-5-1-1291",
            f"{field}= cannot be set at {_WHAT[type(record)]} {record.name}",
            cause=f"there are {', '.join(known)}",
            fix="set one of these; names are given by 'vxedit rename', lengths by 'vxassist'",
            rule="D2",
        )
    value = _SWITCHES.get(text) if field in _SWITCHED else text
    if value is None or not is_word(value):
        raise Rejected(
            "V-5-1-1292",
            f"{field}= cannot be {text[:40]!r}",
            cause="it is on or off"
            if field in _SWITCHED
            else f"a value is one line of at most {WORD_MAX} characters",
            rule="D2",
        )
    return value


def is_word(text: str) -> bool:
    """Tell whether a text can be kept at a record."""
    return len(text) <= WORD_MAX and text.isprintable()


def rename(state: State, command: cmd.RenameRecord) -> list[ev.AnyEvent]:
    """Give a record another name; what refers to it goes by its ID."""
    group = need_group(state, command.group)
    (record,) = _named(state, group, (command.name,))
    if isinstance(record, DiskGroup):
        raise _not_here(group, command.name)
    check_free(state, group.space, group.name, _WHAT[type(record)].capitalize(), command.new_name)
    if isinstance(record, Disk):
        return [ev.DiskRenamed(record.space, record.rid, command.new_name)]
    return [ev.RecordRenamed(record.space, record.rid, command.new_name)]


def remove(state: State, command: cmd.RemoveRecords) -> list[ev.AnyEvent]:
    """End records, each with what is below it if that is wanted.

    Whether one may go rests on what is left by those before it: two plexes that can each be spared
    are perhaps not both.
    """
    group = need_group(state, command.group)
    gone: list[ev.AnyEvent] = []
    changes: list[Change] = []
    try:
        for record in _named(state, group, command.names):
            if state.get((record.space, record.rid)) is not None:
                events = _removal(state, group, record, command)
                changes += apply(state, events)
                gone += events
    finally:
        state.restore(changes)
    return gone


def _removal(
    state: State, group: DiskGroup, record: Labelled, command: cmd.RemoveRecords
) -> list[ev.AnyEvent]:
    if isinstance(record, Volume):
        if record.kstate == "ENABLED" and not command.force:
            raise _refused(record, "it is ENABLED", "stop it first, or give -f")
        _check_alone(record, len(state.plexes(record)), command)
        return removal(state, record)
    if isinstance(record, Plex):
        if record.volume:
            if not command.recursive:
                raise _refused(record, "it is associated with a volume", "give -r, or vxplex dis")
            check_not_last(state, record)
        _check_alone(record, len(state.subdisks(record)), command)
        return plex_removal(state, record)
    raise _refused(
        record,
        "a subdisk holds a part of its plex; a disk belongs to its group",
        f"remove the plex, or take the disk out: 'vxdg -g {group.name} rmdisk {record.name}'",
    )


def _check_alone(record: Labelled, below: int, command: cmd.RemoveRecords) -> None:
    if below and not command.recursive:
        raise _refused(
            record, f"{below} records are associated with it", "give -r to end them too"
        )


def _named(state: State, group: DiskGroup, names: Sequence[str]) -> list[Labelled]:
    """Return the records of a group with these names; the group itself by its own.

    Raises:
        NotFound: there is none of a name.
    """
    found: list[Labelled] = []
    for name in dict.fromkeys(names):
        record = state.named(group.space, name)
        if record is None and name == group.name:
            record = group
        if not isinstance(record, Labelled):
            raise _not_here(group, name)
        found.append(record)
    return found


def _not_here(group: DiskGroup, name: str) -> NotFound:
    return NotFound(
        "V-5-1-7842",
        f"{name}: no such object in disk group {group.name}",
        fix=f"'vxprint -g {group.name} -ht' shows all there are",
        rule="D2",
    )


def _refused(record: Labelled, why: str, fix: str) -> Rejected:
    return Rejected(
        "V-5-1-1293",
        f"{_WHAT[type(record)].capitalize()} {record.name} cannot be removed",
        cause=why,
        fix=fix,
        rule="D2",
    )


assert {name for names in SETTABLE.values() for name in names} == set(
    msgspec.structs.asdict(Labels())
), "every word can be set somewhere"
