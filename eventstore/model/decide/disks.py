"""Disks outside of groups: initialising them, taking them out of use."""

from __future__ import annotations

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.moment import Moment
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Device, DiskGroup
from eventstore.model.state import State

PRIVATE_OFFSET = 256
"""Sectors before the private region: the label, as on the original's CDS disks."""

PRIVATE_LEN = 65536
"""Sectors of the private region by default: 32 MiB, as in the original since 5.0."""

PRIVATE_LEN_MIN = 1024
ALIGNMENT = 16
"""The public region is a multiple of this: the original's 8 KiB for CDS disks."""


def need_device(state: State, name: str) -> Device:
    """Find a device that is present, by its name.

    Raises:
        NotFound: there is none.
    """
    record = state.named(NODE_SPACE, name)
    if not isinstance(record, Device):
        raise NotFound(
            "V-5-1-523",
            f"Device {name}: no such device",
            cause="the kernel does not offer a disk of that name",
            fix="'vxdisk list' names the devices",
            rule="D2",
        )
    return record


def owner(state: State, device: Device) -> DiskGroup | None:
    """Return the group in which a device is, imported or not, or None."""
    key = state.device_disks.get(device.rid)
    group = None if key is None else state.get((key[0], HEADER_RID))
    return group if isinstance(group, DiskGroup) else None


def init(state: State, command: cmd.InitDisk, moment: Moment) -> list[ev.AnyEvent]:
    """Give a disk an ID and a private region."""
    device = need_device(state, command.device)
    check_not_owned(state, device)
    if device.offline:
        raise Rejected(
            "V-5-1-8645",
            f"Device {device.name} is offline",
            fix=f"put it back into use: 'vxdisk online {device.name}'",
            rule="D2",
        )
    if device.failing:
        raise Rejected(
            "V-5-1-8643",
            f"Device {device.name} is failing",
            cause="the kernel reports errors on it",
            fix="replace the disk",
            rule="D2",
        )
    private = PRIVATE_LEN if command.private_sectors is None else command.private_sectors
    public = (device.size - PRIVATE_OFFSET - private) // ALIGNMENT * ALIGNMENT
    if private < PRIVATE_LEN_MIN or public <= 0:
        raise Rejected(
            "V-5-1-5433",
            f"Device {device.name}: a private region of {private} sectors is not possible",
            cause=f"the disk has {device.size} sectors, {PRIVATE_OFFSET} come before the private "
            f"region, and that has at least {PRIVATE_LEN_MIN}",
            fix="give another size with privlen=SECTORS, or take a larger disk",
            rule="D2",
        )
    disk_id = moment.identifier(device.rid)
    return [
        ev.DiskInitialized(device.rid, disk_id=disk_id, private_len=private, public_len=public)
    ]


def check_not_owned(state: State, device: Device) -> None:
    """Refuse a device that is in a group.

    Raises:
        Rejected: it is; the group is named.
    """
    group = owner(state, device)
    if group is not None:
        raise Rejected(
            "V-5-1-2349",
            f"Device {device.name} appears to be owned by disk group {group.name}.",
            fix=f"take it out first: 'vxdg -g {group.name} rmdisk NAME'",
            rule="D2",
        )


def offline(state: State, command: cmd.OfflineDisk) -> list[ev.AnyEvent]:
    """Take a device out of use; it may be in no imported group."""
    device = need_device(state, command.device)
    check_not_owned(state, device)
    if device.offline:
        raise _already(device, "offline")
    return [ev.DeviceOfflineSet(device.rid, offline=True)]


def online(state: State, command: cmd.OnlineDisk) -> list[ev.AnyEvent]:
    """Put a device back into use."""
    device = need_device(state, command.device)
    if not device.offline:
        raise _already(device, "online")
    return [ev.DeviceOfflineSet(device.rid, offline=False)]


def forget(state: State, command: cmd.ForgetDisk) -> list[ev.AnyEvent]:
    """Remove a device from the list; it may be in no group."""
    device = need_device(state, command.device)
    check_not_owned(state, device)
    return [ev.DeviceForgotten(device.rid)]


def mark(state: State, command: cmd.SetDevice) -> list[ev.AnyEvent]:
    """Mark a device as the copy of another, or take the mark away."""
    device = need_device(state, command.device)
    if device.clone == command.clone:
        raise _already(device, "marked as a clone" if device.clone else "not marked as a clone")
    return [ev.DeviceCloneSet(device.rid, clone=command.clone)]


def clear_import(state: State, command: cmd.ClearImport) -> list[ev.AnyEvent]:
    """Let the deported groups on devices be imported by any host; all devices, or none."""
    devices = [need_device(state, name) for name in dict.fromkeys(command.devices)]
    for device in devices:
        group = owner(state, device)
        if group is not None and group.imported:
            raise Rejected(
                "V-5-1-7938",
                f"Device {device.name} is in disk group {group.name}, which is imported",
                cause="an import lock is cleared on disks of deported groups only",
                fix=f"if it is to go to another host: 'vxdg deport {group.name}'",
                rule="D2",
            )
    locked = [device for device in devices if device.import_lock]
    if not locked:
        raise Rejected(
            "V-5-1-7939",
            f"Device {', '.join(device.name for device in devices)}: no import lock to clear",
            cause="any host may import what is on it",
            fix="'vxdisk list DEVICE' shows for which host a disk is kept",
            rule="D2",
        )
    return [ev.ImportLockSet(device.rid, "") for device in locked]


def _already(device: Device, what: str) -> Rejected:
    return Rejected(
        "V-5-1-8644",
        f"Device {device.name} is {what} already",
        fix="'vxdisk list' shows it",
        rule="D2",
    )
