"""Shared disk groups: commands on them, and what a node's own disks have to do with them.

A shared group lives in the shared log, and its disks are known there by their identity, since
names and record IDs of devices are each node's own. A device is introduced into the shared log by
the commit that first uses it, with the facts of the node that asks; from then on only commands
change it: what one node sees of a disk is that node's business, and in its own log.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from eventstore.errors import Rejected, StoreError, Unavailable
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide import together
from eventstore.model.decide.activation import put_away
from eventstore.model.decide.disks import need_device
from eventstore.model.decide.limits import check_shared, check_shared_import
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.event import OfGroup
from eventstore.model.evolve import apply
from eventstore.model.objects import (
    FIRST_SHARED_RID,
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
from eventstore.model.wayback import spread


class DiskFact(Struct, frozen=True, array_like=True):
    """A device as one node knows it: it travels with a request to the node that decides (D3)."""

    name: str
    identity: str
    size: int
    disk_id: str
    private_len: int
    public_len: int


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


def decide_shared(
    shared: State,
    command: cmd.AnyCommand,
    moment: Moment,
    disks: Sequence[DiskFact] = (),
) -> tuple[ev.AnyEvent, ...]:
    """Return the events by which a command on a shared group takes effect.

    `disks` are the devices that the command names, as the asking node knows them.

    Raises:
        Rejected, NotFound: as `decide`.
    """
    if isinstance(command, cmd.Transaction):
        return together.together(
            shared,
            command,
            moment,
            lambda one: decide_shared(shared, one, moment, _named_by(one, disks)),
        )
    check_shared(command)
    introduced = _introductions(shared, disks)
    changes = apply(shared, introduced)
    try:
        # The log knows a device by its identity; the command by its name on the asking node.
        for disk in disks:
            known = shared.spaces[NODE_SPACE].records[shared.identities[disk.identity]]
            changes.append(shared.put(replace(known, name=disk.name)))
        given_up = _given_up(shared, command, moment)
        decided = decide(shared, command, moment)
        return (*introduced, *given_up, *decided, *_autoimport(shared, command, decided))
    finally:
        shared.restore(changes)


def _given_up(shared: State, command: cmd.AnyCommand, moment: Moment) -> list[ev.AnyEvent]:
    """Return what a group that goes is given up by: nobody else may have it activated (F1)."""
    if isinstance(command, (cmd.DestroyDiskGroup, cmd.DeportDiskGroup)):
        return put_away(shared, command.group, moment.node)
    return []


def _autoimport(
    shared: State, command: cmd.AnyCommand, decided: Sequence[ev.AnyEvent]
) -> list[ev.AnyEvent]:
    """Return the event that says whether the cluster's next start imports a group (B1)."""
    imported = [event for event in decided if isinstance(event, ev.DiskGroupImported)]
    if not isinstance(command, cmd.ImportDiskGroup) or not imported:
        return []
    group = shared.get((imported[0].dgid, HEADER_RID))
    assert isinstance(group, DiskGroup)
    if group.noautoimport == command.temporary:
        return []
    return [ev.AutoImportSet(group.space, automatic=not command.temporary)]


def named_disks(shared: State, own: State, command: cmd.AnyCommand) -> tuple[DiskFact, ...]:
    """Return the devices that a command brings into a shared group, each once, as a node has them.

    They travel with the request: names, and what was initialised where, are each node's own.

    Raises:
        NotFound: the node has no device of a name.
        Rejected: the command is about a group that is the node's own.
    """
    if isinstance(command, cmd.Transaction):
        facts = (fact for one in command.commands for fact in named_disks(shared, own, one))
        return tuple(dict.fromkeys(facts))
    check_shared_import(shared, own, command)
    if not isinstance(command, (cmd.CreateDiskGroup, cmd.AddDisks)):
        return ()
    found: dict[int, DiskFact] = {}
    for _name, device_name in command.disks:
        found_here = need_device(own, device_name)
        found[found_here.rid] = _fact(found_here)
    return tuple(found.values())


def _named_by(command: cmd.AnyCommand, disks: Sequence[DiskFact]) -> tuple[DiskFact, ...]:
    """Return those devices that a command names."""
    names = {device for _name, device in getattr(command, "disks", ()) if device}
    return tuple(disk for disk in disks if disk.name in names)


def completed(own: State, disks: Sequence[DiskFact]) -> tuple[DiskFact, ...]:
    """Return disks, with what the deciding node knows of those that are initialised here only."""
    return tuple(disk if disk.disk_id else _as_here(own, disk) for disk in disks)


def _as_here(own: State, disk: DiskFact) -> DiskFact:
    device = own.get((NODE_SPACE, own.identities.get(disk.identity, -1)))
    if not isinstance(device, Device) or not device.disk_id:
        return disk
    return replace(_fact(device), name=disk.name)


def _fact(device: Device) -> DiskFact:
    return DiskFact(
        device.name,
        device.identity,
        device.size,
        device.disk_id,
        device.private_len,
        device.public_len,
    )


def _introductions(shared: State, disks: Sequence[DiskFact]) -> list[ev.AnyEvent]:
    """Return the events that make devices known, or initialised anew; names differ by node."""
    made: list[ev.AnyEvent] = []
    next_rid = max(FIRST_SHARED_RID, shared.next_rid(NODE_SPACE))
    for disk in disks:
        rid = shared.identities.get(disk.identity)
        known = None if rid is None else shared.get((NODE_SPACE, rid))
        notice = ev.Notice("share")
        if not isinstance(known, Device):
            rid, next_rid = next_rid, next_rid + 1
            made.append(ev.DeviceAdded(rid, disk.identity, disk.identity, disk.size, notice))
        elif known.rid in shared.device_disks or disk.disk_id in ("", known.disk_id):
            continue
        elif known.size != disk.size:
            made.append(ev.DeviceResized(known.rid, disk.size, notice))
        if disk.disk_id:
            made.append(_initialised(rid or 0, disk))
    return made


def _initialised(rid: int, disk: DiskFact) -> ev.AnyEvent:
    return ev.DiskInitialized(rid, disk.disk_id, disk.private_len, disk.public_len)


def local_check(own: State, shared: State, events: Sequence[ev.AnyEvent]) -> StoreError | None:
    """Return what a node has against events of the shared log: a name, or a disk (D3)."""
    introduced = {e.rid: e.identity for e in events if isinstance(e, ev.DeviceAdded)}
    for event in spread(shared, events):
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
    for event in spread(shared, events):
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


def _takes_a_disk(event: ev.AnyEvent) -> bool:
    """Whether an event of a node's own log does what a device of a shared group must not have."""
    kinds = (ev.DiskAdded, ev.DiskInitialized, ev.DeviceForgotten)
    return isinstance(event, kinds) or (isinstance(event, ev.DeviceOfflineSet) and event.offline)


def private_check(
    shared: State, own: State, events: Sequence[ev.AnyEvent], coming: Sequence[ev.AnyEvent] = ()
) -> StoreError | None:
    """Return what stands against events of a node's own log: a shared name or disk (D3).

    `coming` are events of the shared log whose outcome is not known yet.
    """
    coming = spread(shared, coming)
    names = {name for event in coming if (name := _group_name(event)) is not None}
    identities = _identities(shared, coming)
    for event in spread(own, events):
        name = _group_name(event)
        if name is not None and (name in shared.group_names or name in names):
            return _shared_group(name)
        if _takes_a_disk(event):
            rid = event.device if isinstance(event, ev.DiskAdded) else getattr(event, "rid", 0)
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
