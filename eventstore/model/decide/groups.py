"""Disk groups, and the disks in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.disks import check_not_owned, need_device
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.moving import check_group_free
from eventstore.model.decide.names import check_free, counted, need, need_group
from eventstore.model.decide.volumes import plex_removal, removal
from eventstore.model.objects import Device, Disk, DiskGroup
from eventstore.model.state import State

MINORS_PER_GROUP = 1000
FIRST_MINOR = 1000
"""Base minors are multiples of 1000 and do not overlap; those below are the boot group's."""


def create(state: State, command: cmd.CreateDiskGroup, moment: Moment) -> list[ev.AnyEvent]:
    """Make a disk group of at least one initialised disk."""
    check_group_free(state, command.group)
    _check_some(command.group, command.disks)
    dgid = _new_dgid(state, moment)
    made: list[ev.AnyEvent] = [ev.DiskGroupCreated(dgid, command.group, _free_minor(state))]
    return made + _additions(state, dgid, command.group, 1, command.disks)


def add_disks(state: State, command: cmd.AddDisks) -> list[ev.AnyEvent]:
    """Add initialised disks to a group."""
    group = need_group(state, command.group)
    _check_some(group.name, command.disks)
    first_rid = state.next_rid(group.space)
    return _additions(state, group.space, group.name, first_rid, command.disks)


def remove_disks(state: State, command: cmd.RemoveDisks) -> list[ev.AnyEvent]:
    """Take disks out of a group; none may be in use, and one must stay."""
    group = need_group(state, command.group)
    _check_some(group.name, command.disks)
    names = tuple(dict.fromkeys(command.disks))
    gone: list[ev.AnyEvent] = []
    for name in names:
        disk = need(state, group, Disk, name)
        if state.extents(disk):
            raise _in_use(state, group, disk)
        gone.append(ev.DiskRemoved(disk.space, disk.rid))
    if len(gone) == len(state.disks(group)):
        raise Rejected(
            "V-5-1-10127",
            f"Disk group {group.name}: cannot remove its last disk",
            cause="a disk group has at least one disk",
            fix=f"end the group instead: 'vxdg destroy {group.name}'",
            rule="D2",
        )
    return gone


def destroy(state: State, command: cmd.DestroyDiskGroup) -> list[ev.AnyEvent]:
    """End a group and all that is in it, from the bottom up."""
    group = need_group(state, command.group)
    gone: list[ev.AnyEvent] = []
    gone += [ev.ForeignRemoved(row.space, row.rid) for row in state.foreign(group)]
    for volume in state.volumes(group):
        gone += removal(state, volume)
    for plex in state.loose_plexes(group):
        gone += plex_removal(state, plex)
    gone += [ev.DiskRemoved(disk.space, disk.rid) for disk in state.disks(group)]
    gone.append(ev.DiskGroupDestroyed(group.space))
    return gone


def _additions(
    state: State,
    dgid: str,
    group: str,
    first_rid: int,
    specs: Sequence[cmd.DiskSpec],
) -> list[ev.AnyEvent]:
    """Return the events that add disks; names and devices are checked against each other too."""
    added: list[ev.AnyEvent] = []
    names: set[str] = set()
    devices: set[int] = set()
    for number, (given, device_name) in enumerate(specs):
        device = need_device(state, device_name)
        check_not_owned(state, device)
        _check_initialised(device)
        name = given or _default_name(state, dgid, group, names)
        check_free(state, dgid, group, "Disk", name)
        if name in names or device.rid in devices:
            raise Rejected(
                "V-5-1-121",
                f"Disk {name} on device {device_name} is named twice",
                fix="name each disk and each device once",
                rule="D2",
            )
        names.add(name)
        devices.add(device.rid)
        added.append(
            ev.DiskAdded(
                dgid,
                first_rid + number,
                name=name,
                device=device.rid,
                device_name=device.name,
                disk_id=device.disk_id,
                private_len=device.private_len,
                public_len=device.public_len,
            )
        )
    return added


def _check_some(group: str, disks: Sequence[object]) -> None:
    if not disks:
        raise Rejected(
            "V-5-1-2201",
            f"Disk group {group}: no disk is named",
            cause="the command is about at least one disk",
            fix="name one; 'vxdisk list' shows the devices, and which disks they are",
            rule="D2",
        )


def _check_initialised(device: Device) -> None:
    if not device.disk_id:
        raise Rejected(
            "V-5-1-2108",
            f"Device {device.name} is not initialized",
            cause="it has no private region",
            fix=f"initialise it first: 'vxdisk init {device.name}'",
            rule="D2",
        )


def _default_name(state: State, dgid: str, group: str, taken: set[str]) -> str:
    """Return the first free ``GROUPnn``."""
    space = state.spaces.get(dgid)
    names = taken if space is None else taken | set(space.names)
    return next(name for name in (counted(group, n) for n in count(1)) if name not in names)


def _new_dgid(state: State, moment: Moment) -> str:
    """Return an ID that no group has or had, also not one that ended within the same second."""
    number = moment.wall_us % 1_000_000
    while (dgid := moment.identifier(number)) in state.spaces:
        number += 1
    return dgid


def _free_minor(state: State) -> int:
    taken = {group.base_minor for group in state.groups()}
    minor = FIRST_MINOR
    while minor in taken:
        minor += MINORS_PER_GROUP
    return minor


def _in_use(state: State, group: DiskGroup, disk: Disk) -> Rejected:
    subdisks = [subdisk.name for subdisk in state.subdisks(disk)]
    return Rejected(
        "V-5-1-552",
        f"Disk {disk.name} is used by one or more subdisks",
        cause=f"{len(subdisks)} of them, {subdisks[0]} first",
        fix=f"remove or move the volumes on it: 'vxprint -g {group.name} -ht' names them",
        rule="D2",
    )
