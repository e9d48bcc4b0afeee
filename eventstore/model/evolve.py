"""What each event does to the state.

`evolve` never refuses, never decides, and reads no clock: a guard in here would make an old log
unreadable. It changes the state in place and gives back, for every record it touched, the key and
the record before and after; that feeds the digest, the diff, and the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast, get_args

from msgspec.structs import replace

from eventstore.model import (
    activation,
    cluster as cl,
    edits,
    events as ev,
    group_life,
    node_life,
    tags,
    wayback,
)
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Change,
    Cluster,
    Device,
    Disk,
    Foreign,
    Header,
    Node,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import State
from eventstore.model.upcast import OLD_EVENTS, lift

Changes = tuple[Change, ...]


def evolve(state: State, event: ev.AnyEvent) -> Changes:
    """Apply one event to the state, and return what changed.

    Raises:
        KeyError: the event does not fit the state, so the log it came from is not whole.
    """
    return HANDLERS[type(event)](state, event)


def apply(state: State, events: Iterable[ev.AnyEvent]) -> list[Change]:
    """Apply the events of one commit, and return all changes in order.

    Raises:
        KeyError: an event does not fit the state; none was applied.
    """
    changes: list[Change] = []
    try:
        for event in events:
            changes += HANDLERS[type(event)](state, event)
    except KeyError:
        state.restore(changes)
        raise
    return changes


def _header(state: State, space: str) -> Header:
    return cast("Header", state.spaces[space].records[HEADER_RID])


def _set_header(state: State, space: str, after: Header) -> Change:
    records = state.spaces[space].records
    before = records[HEADER_RID]
    records[HEADER_RID] = after
    return (space, HEADER_RID), before, after


def _create(state: State, record: AnyRecord) -> Changes:
    """Put a new record, and move its space's counter past it."""
    header = _header(state, record.space)
    made = state.put(record)
    return made, _set_header(state, record.space, replace(header, next_rid=record.rid + 1))


def _swap(state: State, space: str, rid: int, /, **fields: Any) -> Changes:
    """Replace fields of a record that no index knows: neither name nor parent nor extent."""
    records = state.spaces[space].records
    before = records[rid]
    after = replace(before, **fields)
    records[rid] = after
    return (((space, rid), before, after),)


def _cluster_created(state: State, e: ev.ClusterCreated) -> Changes:
    return (
        state.put(
            Cluster(NODE_SPACE, HEADER_RID, name=e.name, cluster_id=e.cluster_id, nodes=e.nodes)
        ),
    )


def _node_created(state: State, e: ev.NodeCreated) -> Changes:
    return (state.put(Node(NODE_SPACE, HEADER_RID, name=e.name, cluster_id=e.cluster_id)),)


def _nothing(_state: State, _e: ev.Event) -> Changes:
    return ()


def _device_added(state: State, e: ev.DeviceAdded) -> Changes:
    device = Device(
        NODE_SPACE, e.rid, name=e.name, identity=e.identity, size=e.size, failing=e.failing
    )
    return _create(state, device)


def _device_removed(state: State, e: ev.DeviceRemoved) -> Changes:
    """Forget the device, unless it was initialised: then its ID must be found again."""
    key = (NODE_SPACE, e.rid)
    before = cast("Device", state.spaces[NODE_SPACE].records[e.rid])
    if before.disk_id:
        return (state.put(replace(before, present=False)),)
    return (state.drop(key),)


def _device_changed(state: State, e: ev.DeviceChanged) -> Changes:
    before = cast("Device", state.spaces[NODE_SPACE].records[e.rid])
    after = replace(before, name=e.name, size=e.size, failing=e.failing, present=True)
    return (state.put(after),)


def _device_resized(state: State, e: ev.DeviceResized) -> Changes:
    return _swap(state, NODE_SPACE, e.rid, size=e.size)


def _disk_initialized(state: State, e: ev.DiskInitialized) -> Changes:
    return _swap(
        state,
        NODE_SPACE,
        e.rid,
        disk_id=e.disk_id,
        private_len=e.private_len,
        public_len=e.public_len,
    )


def _disk_added(state: State, e: ev.DiskAdded) -> Changes:
    disk = Disk(
        e.dgid,
        e.rid,
        name=e.name,
        device=e.device,
        device_name=e.device_name,
        disk_id=e.disk_id,
        private_len=e.private_len,
        public_len=e.public_len,
    )
    return _create(state, disk)


def _removed(state: State, e: ev.OfGroup) -> Changes:
    return (state.drop((e.dgid, e.rid)),)


def _disk_state_set(state: State, e: ev.DiskStateSet) -> Changes:
    return _swap(state, e.dgid, e.rid, state=e.state, device_name=e.device_name)


def _volume_created(state: State, e: ev.VolumeCreated) -> Changes:
    return _create(state, Volume(e.dgid, e.rid, name=e.name, length=e.length, utype=e.utype))


def _resized(state: State, e: ev.VolumeResized | ev.PlexResized) -> Changes:
    return _swap(state, e.dgid, e.rid, length=e.length)


def _volume_state_set(state: State, e: ev.VolumeStateSet) -> Changes:
    before = cast("Volume", state.spaces[e.dgid].records[e.rid])
    return (state.put(replace(before, kstate=e.kstate, state=e.state)),)


def _plex_state_set(state: State, e: ev.PlexStateSet) -> Changes:
    return _swap(state, e.dgid, e.rid, kstate=e.kstate, state=e.state)


def _plex_created(state: State, e: ev.PlexCreated) -> Changes:
    plex = Plex(
        e.dgid,
        e.rid,
        name=e.name,
        volume=e.volume,
        length=e.length,
        kstate=e.kstate,
        state=e.state,
        layout=e.layout,
        mode=e.mode,
        columns=e.columns,
        stripe=e.stripe,
    )
    return _create(state, plex)


def _plex_attached(state: State, e: ev.PlexAttached) -> Changes:
    before = cast("Plex", state.spaces[e.dgid].records[e.rid])
    return (state.put(replace(before, volume=e.volume, kstate=e.kstate, state=e.state)),)


def _plex_dissociated(state: State, e: ev.PlexDissociated) -> Changes:
    before = cast("Plex", state.spaces[e.dgid].records[e.rid])
    return (state.put(replace(before, volume=0, kstate="DISABLED", state="")),)


def _subdisk_created(state: State, e: ev.SubdiskCreated) -> Changes:
    subdisk = Subdisk(
        e.dgid,
        e.rid,
        name=e.name,
        plex=e.plex,
        disk=e.disk,
        disk_offset=e.disk_offset,
        length=e.length,
        plex_offset=e.plex_offset,
        column=e.column,
        mode=e.mode,
    )
    return _create(state, subdisk)


def _volume_taken_over(state: State, e: ev.VolumeTakenOver) -> Changes:
    volume = Volume(
        e.dgid,
        e.rid,
        name=e.name,
        length=e.length,
        kstate=e.kstate,
        state=e.state,
        utype=e.utype,
        readpol=e.readpol,
        rvg=e.rvg,
        prefplex=e.prefplex,
    )
    return _create(state, volume)


def _disk_taken_over(state: State, e: ev.DiskTakenOver) -> Changes:
    disk = Disk(
        e.dgid,
        e.rid,
        name=e.name,
        device=0,
        device_name=e.device_name,
        disk_id="",
        private_len=e.private_len,
        public_len=e.public_len,
        state=e.state,
        device_type=e.device_type,
    )
    return _create(state, disk)


def _foreign_taken_over(state: State, e: ev.ForeignTakenOver) -> Changes:
    foreign = Foreign(e.dgid, e.rid, kind=e.kind, name=e.name, parent=e.parent, cells=e.cells)
    return _create(state, foreign)


def _disk_renamed(state: State, e: ev.DiskRenamed) -> Changes:
    before = cast("Disk", state.spaces[e.dgid].records[e.rid])
    return (state.put(replace(before, name=e.name)),)


def _device_offline_set(state: State, e: ev.DeviceOfflineSet) -> Changes:
    return _swap(state, NODE_SPACE, e.rid, offline=e.offline)


def _device_forgotten(state: State, e: ev.DeviceForgotten) -> Changes:
    return (state.drop((NODE_SPACE, e.rid)),)


def _subdisk_resized(state: State, e: ev.SubdiskResized) -> Changes:
    space = state.spaces[e.dgid]
    after = replace(cast("Subdisk", space.records[e.rid]), length=e.length)
    return (((e.dgid, e.rid), space.stretch(after), after),)


HANDLERS: dict[type, Callable[[State, Any], Changes]] = {
    ev.ClusterCreated: _cluster_created,
    ev.NodeCreated: _node_created,
    ev.DaemonStarted: node_life.start,
    ev.DaemonStopped: node_life.stop,
    ev.IntervalUnknown: _nothing,
    ev.RequestRejected: _nothing,
    ev.DeviceAdded: _device_added,
    ev.DeviceRemoved: _device_removed,
    ev.DeviceChanged: _device_changed,
    ev.DeviceResized: _device_resized,
    ev.NoticeIgnored: _nothing,
    ev.LogQuarantined: _nothing,
    ev.LogSetAside: _nothing,
    ev.DiskInitialized: _disk_initialized,
    ev.DiskAdded: _disk_added,
    ev.DiskRemoved: _removed,
    ev.DiskStateSet: _disk_state_set,
    ev.VolumeCreated: _volume_created,
    ev.VolumeResized: _resized,
    ev.VolumeStateSet: _volume_state_set,
    ev.VolumeRemoved: _removed,
    ev.PlexCreated: _plex_created,
    ev.PlexResized: _resized,
    ev.PlexStateSet: _plex_state_set,
    ev.PlexRemoved: _removed,
    ev.SubdiskCreated: _subdisk_created,
    ev.SubdiskResized: _subdisk_resized,
    ev.SubdiskRemoved: _removed,
    ev.PlexAttached: _plex_attached,
    ev.PlexDissociated: _plex_dissociated,
    ev.VolumeTakenOver: _volume_taken_over,
    ev.DiskTakenOver: _disk_taken_over,
    ev.ForeignTakenOver: _foreign_taken_over,
    ev.ForeignRemoved: _removed,
    ev.DiskRenamed: _disk_renamed,
    ev.DeviceOfflineSet: _device_offline_set,
    ev.DeviceForgotten: _device_forgotten,
    ev.RequestsFailed: _nothing,
    **cl.HANDLERS,
    **group_life.HANDLERS,
    ev.LabelsSet: edits.set_labels,
    ev.RecordRenamed: edits.rename,
    ev.ReadPolicySet: edits.set_read_policy,
    ev.DiskGroupUpgraded: edits.upgrade,
    ev.DeviceCloneSet: edits.mark_clone,
    ev.ActivationSet: activation.set_mode,
    ev.AutoImportSet: edits.set_autoimport,
    ev.DaemonModeSet: node_life.set_mode,
    ev.DevicesScanned: _nothing,
    **dict.fromkeys((ev.ContextRedacted, ev.RetentionSet), _nothing),
    ev.ImportLockSet: node_life.set_lock,
    **tags.HANDLERS,
    **wayback.HANDLERS,
}

assert set(HANDLERS) == set(get_args(ev.AnyEvent)), "every event needs a handler, and one only"


def _lifted(state: State, event: ev.Event) -> Changes:
    """Apply an event of an older version, lifted to the present one."""
    present = lift(event)
    return HANDLERS[type(present)](state, present)


STORED_HANDLERS: dict[type, Callable[[State, Any], Changes]] = {
    **HANDLERS,
    **dict.fromkeys(OLD_EVENTS, _lifted),
}
"""The same, for events in the versions in which they were stored: what a replay goes by."""
