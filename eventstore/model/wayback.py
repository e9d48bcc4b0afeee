"""What the events of the way back do, and what they come to for those who check single changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from msgspec.structs import replace

from eventstore.model.event import Event
from eventstore.model.events import (
    AnyEvent,
    DiskAdded,
    DiskGroupImported,
    PlexCreated,
    PlexStateSet,
    SubdiskCreated,
    SubdiskResized,
    VolumeStateSet,
)
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    Awaited,
    Change,
    Disk,
    DiskGroup,
    Header,
    Key,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import State
from eventstore.model.wayback_events import (
    ChangeConfirmed,
    ChangeUndone,
    ConfirmationAwaited,
    RecordsRestored,
    UndoFailed,
)

Changes = tuple[Change, ...]


def restore(state: State, e: RecordsRestored) -> Changes:
    """Make records what they were.

    One after the other, so that each changes once. Where two have to pass each other (their names
    were exchanged), all go first, and then all come.

    Raises:
        KeyError: the event does not fit the state.
    """
    try:
        return _exchanged(state, [(where.space, where.rid) for where in e.gone], e)
    except KeyError:
        return _exchanged(state, e.touches(), e)


def _exchanged(state: State, going: Iterable[Key], e: RecordsRestored) -> Changes:
    """Drop records, as far as they are there, and put those that come."""
    changes: list[Change] = []
    try:
        changes += [state.drop(key) for key in going if state.get(key) is not None]
        changes += [state.put(record) for record in e.back]
    except KeyError:
        state.restore(changes)
        raise
    return tuple(changes)


def await_confirmation(state: State, e: ConfirmationAwaited) -> Changes:
    """Keep what has to be done if nobody confirms."""
    records = state.spaces[NODE_SPACE].records
    header = cast("Header", records[HEADER_RID])
    made = state.put(Awaited(NODE_SPACE, e.rid, e.request, e.until_us, e.steps))
    after = replace(header, next_rid=e.rid + 1)
    records[HEADER_RID] = after
    return made, ((NODE_SPACE, HEADER_RID), header, after)


def settle(state: State, e: ChangeConfirmed | ChangeUndone) -> Changes:
    """Nothing waits any more."""
    return (state.drop((NODE_SPACE, e.rid)),)


def fail(state: State, e: UndoFailed) -> Changes:
    """It stays open, with the reason."""
    before = cast("Awaited", state.spaces[NODE_SPACE].records[e.rid])
    return (state.put(replace(before, failed=e.reason)),)


def about(event: Event, key: Key) -> AnyEvent:
    """Return what an event says of one record, where it is about many."""
    return event.only(key) if isinstance(event, RecordsRestored) else event  # type: ignore[return-value]


def spread(state: State, events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """Return events with each of the way back taken apart into what it comes to.

    Only for those who look at single changes before they are made: which disks are used, which
    names are borne, which volumes are in use. A state never takes these events.
    """
    found: list[AnyEvent] = []
    for event in events:
        if isinstance(event, RecordsRestored):
            for where in event.gone:
                found += _gone(state, (where.space, where.rid))
            for record in event.back:
                found += _back(state, record)
        else:
            found.append(event)
    return found


def _gone(state: State, key: Key) -> list[AnyEvent]:
    record = state.get(key)
    if isinstance(record, Subdisk):
        return [SubdiskResized(key[0], key[1], 0)]
    if isinstance(record, Plex):
        return [PlexStateSet(key[0], key[1], "", "")]
    if isinstance(record, Volume):
        return [VolumeStateSet(key[0], key[1], "", "")]
    return []


def _back(state: State, record: object) -> list[AnyEvent]:
    match record:
        case DiskGroup(imported=True):
            before = state.get((record.space, HEADER_RID))
            known = isinstance(before, DiskGroup) and before.imported
            same = isinstance(before, DiskGroup) and before.name == record.name
            return [] if known and same else [DiskGroupImported(record.space, record.name)]
        case Disk(device=device) if device and state.get((record.space, record.rid)) is None:
            return [_disk_added(record)]
        case Subdisk():
            return [_subdisk(state, record)]
        case Plex(space=space, rid=rid, volume=volume):
            known = state.get((space, rid)) is not None
            return [_plex(record) if not known and volume else PlexStateSet(space, rid, "", "")]
        case Volume():
            return [VolumeStateSet(record.space, record.rid, record.kstate, record.state)]
        case _:
            return []


def _disk_added(disk: Disk) -> AnyEvent:
    return DiskAdded(
        disk.space,
        disk.rid,
        name=disk.name,
        device=disk.device,
        device_name=disk.device_name,
        disk_id=disk.disk_id,
        private_len=disk.private_len,
        public_len=disk.public_len,
    )


def _subdisk(state: State, record: Subdisk) -> AnyEvent:
    if state.get((record.space, record.rid)) is not None:
        return SubdiskResized(record.space, record.rid, record.length)
    return SubdiskCreated(
        record.space,
        record.rid,
        name=record.name,
        plex=record.plex,
        disk=record.disk,
        disk_offset=record.disk_offset,
        length=record.length,
    )


def _plex(record: Plex) -> AnyEvent:
    return PlexCreated(
        record.space, record.rid, name=record.name, volume=record.volume, length=record.length
    )


HANDLERS: dict[type, Callable[[State, Any], Changes]] = {
    RecordsRestored: restore,
    ConfirmationAwaited: await_confirmation,
    ChangeConfirmed: settle,
    ChangeUndone: settle,
    UndoFailed: fail,
}
