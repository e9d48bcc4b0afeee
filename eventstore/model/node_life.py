"""What the events about a node's own daemon do, and those that keep its devices for a host."""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import replace

from eventstore.model.events import DaemonModeSet, DaemonStarted, DaemonStopped, ImportLockSet
from eventstore.model.objects import ENABLED, HEADER_RID, NODE_SPACE, Change, Device, Node
from eventstore.model.state import State

Changes = tuple[Change, ...]


def start(state: State, e: DaemonStarted) -> Changes:
    """A daemon begins; what another one was told of its mode is over."""
    return _set(state, boot_id=e.boot_id, running=True, mode=ENABLED)


def stop(state: State, _e: DaemonStopped) -> Changes:
    """A daemon ends."""
    return _set(state, running=False)


def set_mode(state: State, e: DaemonModeSet) -> Changes:
    """A daemon takes changes from here on, or does not."""
    return _set(state, mode=e.mode)


def set_lock(state: State, e: ImportLockSet) -> Changes:
    """A device's group is kept for a host, or no longer."""
    records = state.spaces[NODE_SPACE].records
    before = records[e.rid]
    after = replace(cast("Device", before), import_lock=e.host)
    records[e.rid] = after
    return (((NODE_SPACE, e.rid), before, after),)


def _set(state: State, /, **fields: Any) -> Changes:
    records = state.spaces[NODE_SPACE].records
    before = records[HEADER_RID]
    after = replace(cast("Node", before), **fields)
    records[HEADER_RID] = after
    return (((NODE_SPACE, HEADER_RID), before, after),)
