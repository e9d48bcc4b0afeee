"""What the events that set single fields do: fields that no index knows, but for names."""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import replace

from eventstore.model.edit_events import (
    DeviceCloneSet,
    DiskGroupUpgraded,
    LabelsSet,
    ReadPolicySet,
    RecordRenamed,
)
from eventstore.model.group_events import AutoImportSet
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Change, Labelled, Labels, Volume
from eventstore.model.state import State

Changes = tuple[Change, ...]


def set_labels(state: State, e: LabelsSet) -> Changes:
    """Set words at a record; no word at all is no labels, so that the digest is as before."""
    before = cast("Labelled", state.spaces[e.dgid].records[e.rid])
    labels = before.labels or Labels()
    labels = replace(labels, **dict(zip(e.fields, e.values, strict=True)))
    return _set(state, e.dgid, e.rid, labels=None if labels == Labels() else labels)


def rename(state: State, e: RecordRenamed) -> Changes:
    """Give a volume, plex or subdisk another name."""
    before = cast("Volume", state.spaces[e.dgid].records[e.rid])
    return (state.put(replace(before, name=e.name)),)


def set_read_policy(state: State, e: ReadPolicySet) -> Changes:
    """Set how a volume's plexes share its reads."""
    return _set(state, e.dgid, e.rid, readpol=e.readpol, prefplex=e.prefplex)


def upgrade(state: State, e: DiskGroupUpgraded) -> Changes:
    """Give a disk group a later version."""
    return _set(state, e.dgid, HEADER_RID, version=e.version)


def set_autoimport(state: State, e: AutoImportSet) -> Changes:
    """Say whether the start of the cluster imports a disk group (B1)."""
    return _set(state, e.dgid, HEADER_RID, noautoimport=not e.automatic)


def mark_clone(state: State, e: DeviceCloneSet) -> Changes:
    """Mark a device as a copy of another, or not."""
    return _set(state, NODE_SPACE, e.rid, clone=e.clone)


def _set(state: State, space: str, rid: int, /, **fields: Any) -> Changes:
    records = state.spaces[space].records
    before = records[rid]
    after = replace(before, **fields)
    records[rid] = after
    return (((space, rid), before, after),)
