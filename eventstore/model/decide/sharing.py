"""Shared disk groups: commands on them, and what a node's own disks have to do with them.

A shared group lives in the shared log, and its disks are known there by their identity, since
names and record IDs of devices are each node's own. A device is introduced into the shared log by
the commit that first uses it, with the facts of the node that decides; from then on only commands
change it: what one node sees of a disk is that node's business, and in its own log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from eventstore.errors import NotFound, Rejected, StoreError, Unavailable
from eventstore.model import commands as cmd, events as ev
from eventstore.model.cluster import configured
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.event import OfGroup
from eventstore.model.evolve import apply
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    Device,
    Disk,
    DiskGroup,
    Key,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import State

FIRST_SHARED_RID = 1 << 32
"""Record IDs of devices in the shared log begin here, so that none is a node's own too."""

_TOUCHES_DATA = (
    ev.VolumeResized,
    ev.VolumeStateSet,
    ev.VolumeRemoved,
    ev.PlexCreated,
    ev.PlexResized,
    ev.PlexStateSet,
    ev.PlexRemoved,
    ev.PlexAttached,
    ev.PlexDissociated,
    ev.SubdiskCreated,
    ev.SubdiskResized,
    ev.SubdiskRemoved,
)
"""Events after which the data of a volume lies elsewhere, or is reached otherwise."""


def home_of(shared: State, own: State, command: cmd.AnyCommand) -> Literal["shared", "node"]:
    """Return the log to which a command belongs: that of the disk group that it names.

    A group that this node does not know may be one of the cluster's, of which it has not heard.
    """
    if isinstance(command, cmd.CreateDiskGroup):
        return "shared" if command.shared else "node"
    name = getattr(command, "group", None)
    if name is None or own.group(name) is not None:
        return "node"
    if isinstance(command, cmd.ImportDiskGroup):
        deported = [group.name for group in shared.deported()]
        ids = [group.space for group in shared.deported()]
        return "shared" if name in deported or name in ids else "node"
    alone = len(configured(shared)) == 1
    return "node" if alone and shared.group(name) is None else "shared"


def decide_shared(
    shared: State, own: State, command: cmd.AnyCommand, moment: Moment
) -> tuple[ev.AnyEvent, ...]:
    """Return the events by which a command on a shared group takes effect; `own` has the disks.

    Raises:
        Rejected, NotFound: as `decide`.
    """
    named = _named_devices(own, command)
    introduced = _introductions(shared, named)
    changes = apply(shared, introduced)
    try:
        # The log knows a device by its identity; the command by its name on the deciding node.
        for device in named:
            known = shared.spaces[NODE_SPACE].records[shared.identities[device.identity]]
            changes.append(shared.put(replace(known, name=device.name)))
        return (*introduced, *decide(shared, command, moment))
    finally:
        shared.restore(changes)


def _named_devices(own: State, command: cmd.AnyCommand) -> list[Device]:
    """Return the devices that a command brings into a shared group, each once."""
    if not isinstance(command, (cmd.CreateDiskGroup, cmd.AddDisks)):
        return []
    found: dict[int, Device] = {}
    for _name, device_name in command.disks:
        device = own.named(NODE_SPACE, device_name)
        if not isinstance(device, Device):
            raise _no_device(device_name)
        found[device.rid] = device
    return list(found.values())


def _introductions(shared: State, named: Sequence[Device]) -> list[ev.AnyEvent]:
    """Return the events that make devices known; their names differ from node to node."""
    made: list[ev.AnyEvent] = []
    rid = max(FIRST_SHARED_RID, shared.next_rid(NODE_SPACE))
    for device in named:
        if device.identity not in shared.identities:
            notice = ev.Notice("share")
            made.append(ev.DeviceAdded(rid, device.identity, device.identity, device.size, notice))
            made.append(
                ev.DiskInitialized(rid, device.disk_id, device.private_len, device.public_len)
            )
            rid += 1
    return made


def local_check(own: State, shared: State, events: Sequence[ev.AnyEvent]) -> StoreError | None:
    """Return what a node has against events of the shared log: a name, or a disk (D3)."""
    introduced = {e.rid: e.identity for e in events if isinstance(e, ev.DeviceAdded)}
    for event in events:
        name = _group_name(event)
        if name is not None and name in own.group_names:
            return _private_group(name)
        if isinstance(event, ev.DiskAdded):
            problem = _disk_problem(own, introduced.get(event.device) or _identity(shared, event))
        elif isinstance(event, ev.SubdiskCreated):
            disk = shared.get((event.dgid, event.disk))
            problem = _disk_problem(own, _identity(shared, disk)) if disk is not None else None
        else:
            problem = None
        if problem is not None:
            return problem
    return None


def _group_name(event: ev.AnyEvent) -> str | None:
    kinds = (ev.DiskGroupCreated, ev.DiskGroupImported, ev.DiskGroupRenamed, ev.DiskGroupTakenOver)
    return event.name if isinstance(event, kinds) else None


def _identity(shared: State, disk: object) -> str:
    """Return the identity of the device of a disk, "" where it has none here."""
    rid = getattr(disk, "device", 0)
    device = shared.get((NODE_SPACE, rid))
    return device.identity if isinstance(device, Device) else ""


def _disk_problem(own: State, identity: str) -> StoreError | None:
    """Return why a node cannot reach a disk, or must not share it."""
    if not identity:
        return None
    device = own.get((NODE_SPACE, own.identities.get(identity, -1)))
    if not isinstance(device, Device) or not device.present or device.failing:
        return _unreachable(identity)
    owner = own.device_disks.get(device.rid)
    if owner is not None:
        group = own.get((owner[0], HEADER_RID))
        return _private_disk(device.name, group.name if isinstance(group, DiskGroup) else "?")
    return None


def join_check(own: State, shared: State) -> StoreError | None:
    """Return why a node cannot join: a disk that it cannot reach, or a name of its own (B4)."""
    for group in shared.groups():
        if group.name in own.group_names:
            return _private_group(group.name)
        for disk in shared.disks(group):
            identity = _identity(shared, disk)
            if identity and _disk_problem(own, identity) is not None:
                return _cannot_find(disk.name, group.name)
    return None


def in_use(shared: State, events: Sequence[ev.AnyEvent]) -> tuple[Key, ...]:
    """Return the started volumes whose I/O has to be held while events take effect (D4)."""
    found: dict[Key, None] = {}
    for event in events:
        if isinstance(event, _TOUCHES_DATA):
            volume = _volume_of(shared, event)
            if volume is not None and volume.kstate == "ENABLED":
                found[volume.space, volume.rid] = None
    return tuple(found)


def _volume_of(shared: State, event: OfGroup) -> Volume | None:
    """Return the volume, as it is before the events, to which an event's record belongs."""
    space = event.dgid
    record = shared.get((space, event.rid))
    if record is None:
        parent = getattr(event, "plex", 0) or getattr(event, "volume", 0)
        record = shared.get((space, parent))
    if isinstance(record, Subdisk):
        record = shared.get((space, record.plex))
    if isinstance(record, Plex):
        record = shared.get((space, record.volume))
    return record if isinstance(record, Volume) else None


def shared_disk(shared: State, identity: str) -> Disk | None:
    """Return the disk of a shared group that a device with this identity is, None if none."""
    rid = shared.identities.get(identity)
    key = None if rid is None else shared.device_disks.get(rid)
    found = None if key is None else shared.get(key)
    return found if isinstance(found, Disk) else None


def private_check(
    shared: State, own: State, events: Sequence[ev.AnyEvent], coming: Sequence[ev.AnyEvent] = ()
) -> StoreError | None:
    """Return what stands against events of a node's own log: a shared name or disk (D3).

    `coming` are events of the shared log whose outcome is not known yet.
    """
    names = {name for event in coming if (name := _group_name(event)) is not None}
    identities = _identities(shared, coming)
    for event in events:
        name = _group_name(event)
        if name is not None and (name in shared.group_names or name in names):
            return _shared_group(name)
        if isinstance(event, (ev.DiskAdded, ev.DiskInitialized)):
            rid = event.device if isinstance(event, ev.DiskAdded) else event.rid
            device = own.get((NODE_SPACE, rid))
            if not isinstance(device, Device):
                continue
            if device.identity in identities or shared_disk(shared, device.identity) is not None:
                return _shared_disk(device.name)
    return None


def _identities(shared: State, coming: Sequence[ev.AnyEvent]) -> set[str]:
    """Return the identities of the devices that events bring into a shared group."""
    introduced = {e.rid: e.identity for e in coming if isinstance(e, ev.DeviceAdded)}
    added = (event for event in coming if isinstance(event, ev.DiskAdded))
    return {introduced.get(e.device) or _identity(shared, e) for e in added} - {""}


def _no_device(name: str) -> NotFound:
    return NotFound(
        "V-5-1-523",
        f"Device {name}: no such device",
        cause="the kernel does not offer a disk of that name",
        fix="'vxdisk list' names the devices",
        rule="D2",
    )


def _private_group(name: str) -> Rejected:
    return Rejected(
        "V-5-1-7917",
        f"Disk group {name}: a private disk group has that name here",
        cause="a shared disk group has the same name on every node",
        fix="choose another name, or rename the private group",
        rule="D3",
    )


def _shared_group(name: str) -> Rejected:
    return Rejected(
        "V-5-1-7918",
        f"Disk group {name}: a shared disk group has that name",
        fix="choose another name",
        rule="D3",
    )


def _shared_disk(name: str) -> Rejected:
    return Rejected(
        "V-5-1-7919",
        f"Device {name} is in a shared disk group",
        cause="a disk is in one group only",
        fix="'vxdisk list' shows in which",
        rule="D3",
    )


def _private_disk(name: str, group: str) -> Rejected:
    return Rejected(
        "V-5-1-7920",
        f"Device {name} is in the private disk group {group} here",
        cause="a disk of a shared group is in no private one",
        fix=f"take it out first: 'vxdg -g {group} rmdisk NAME'",
        rule="D3",
    )


def _unreachable(identity: str) -> Unavailable:
    return Unavailable(
        "V-5-1-7921",
        f"the disk with identity {identity} cannot be reached here",
        cause="every node has to reach every disk of a shared group",
        fix="'vxdisk list' shows what this node sees",
        rule="D3",
    )


def _cannot_find(disk: str, group: str) -> Unavailable:
    return Unavailable(
        "V-5-1-7922",
        "cannot find disk on slave node",
        cause=f"disk {disk} of shared disk group {group}",
        fix="connect the disk to this node, then let it join again",
        rule="B4",
    )
