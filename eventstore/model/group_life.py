"""What the events about a disk group as a whole do: made, taken over, moved, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from msgspec.structs import replace

from eventstore.model import events as ev
from eventstore.model.objects import HEADER_RID, Change, DiskGroup
from eventstore.model.state import State

Changes = tuple[Change, ...]


def _group_created(state: State, e: ev.DiskGroupCreated) -> Changes:
    return (state.put(DiskGroup(e.dgid, HEADER_RID, name=e.name, base_minor=e.base_minor)),)


def _group_destroyed(state: State, e: ev.DiskGroupDestroyed) -> Changes:
    return (state.drop((e.dgid, HEADER_RID)),)


def _group_taken_over(state: State, e: ev.DiskGroupTakenOver) -> Changes:
    group = DiskGroup(
        e.dgid,
        HEADER_RID,
        name=e.name,
        base_minor=e.base_minor,
        nconfig=e.nconfig,
        nlog=e.nlog,
    )
    return (state.put(group),)


def _group_deported(state: State, e: ev.DiskGroupDeported) -> Changes:
    return _set_group(state, e.dgid, imported=False)


def _group_imported(state: State, e: ev.DiskGroupImported) -> Changes:
    return _set_group(state, e.dgid, imported=True, name=e.name)


def _group_renamed(state: State, e: ev.DiskGroupRenamed) -> Changes:
    return _set_group(state, e.dgid, name=e.name)


def _group_set(state: State, e: ev.DiskGroupSet) -> Changes:
    return _set_group(state, e.dgid, detach_policy=e.detach_policy, fail_policy=e.fail_policy)


def _set_group(state: State, dgid: str, /, **fields: Any) -> Changes:
    before = cast("DiskGroup", state.spaces[dgid].records[HEADER_RID])
    return (state.put(replace(before, **fields)),)


HANDLERS: dict[type, Callable[[State, Any], Changes]] = {
    ev.DiskGroupCreated: _group_created,
    ev.DiskGroupDestroyed: _group_destroyed,
    ev.DiskGroupTakenOver: _group_taken_over,
    ev.DiskGroupDeported: _group_deported,
    ev.DiskGroupImported: _group_imported,
    ev.DiskGroupRenamed: _group_renamed,
    ev.DiskGroupSet: _group_set,
}
