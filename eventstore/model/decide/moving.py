"""Disk groups as a whole: deporting, importing, renaming, setting attributes."""

from __future__ import annotations

from collections.abc import Mapping

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.limits import check_private_import
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.names import check_free, check_name, need, need_group
from eventstore.model.decide.starting import stopping
from eventstore.model.objects import NODE_SPACE, Device, Disk, DiskGroup, rid_text
from eventstore.model.state import State

ATTRIBUTES = {
    "diskdetpolicy": ("detach_policy", ("global", "local")),
    "dgfailpolicy": ("fail_policy", ("dgdisable", "leave")),
}
"""What ``vxdg set`` knows -> (field, values)."""


def deport(state: State, command: cmd.DeportDiskGroup, moment: Moment) -> list[ev.AnyEvent]:
    """Stop the volumes of a group, and put it away; for this host is for any that is here."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for volume in state.volumes(group):
        events += stopping(state, volume)
    events.append(ev.DiskGroupDeported(group.space))
    if command.host is not None:
        check_name("Host", command.host)
        if command.host != moment.node:
            events += [ev.ImportLockSet(on.rid, command.host) for on in _devices(state, group)]
    return events


def bring_in(state: State, command: cmd.ImportDiskGroup, moment: Moment) -> list[ev.AnyEvent]:
    """Bring a deported group back; its disks must be here and not another host's."""
    check_private_import(state, command)
    group = _deported(state, command.group)
    locked = [on for on in _devices(state, group) if on.import_lock]
    others = [on for on in locked if on.import_lock != moment.node]
    if others and not command.clear:
        raise Rejected(
            "V-5-1-587",
            f"Disk group {group.name}: import failed: Disk is in use by another host",
            cause=f"disk {others[0].name} is kept for host {others[0].import_lock}",
            fix=f"if that host is not to have it: 'vxdg -C import {group.name}', or 'vxdisk "
            f"clearimport {others[0].name}'",
            rule="D2",
        )
    name = command.new_name or group.name
    check_group_free(state, name)
    lost = [disk.name for disk in state.disks(group) if disk.state]
    if lost and not command.force:
        raise Rejected(
            "V-5-1-587",
            f"Disk group {group.name}: import failed: Disk for disk group not found",
            cause=f"disk {', '.join(lost)} has no device",
            fix=f"bring the disk back, or force it: 'vxdg -f import {group.name}'",
            rule="D2",
        )
    cleared: list[ev.AnyEvent] = [ev.ImportLockSet(on.rid, "") for on in locked]
    return [*cleared, ev.DiskGroupImported(group.space, name)]


def _devices(state: State, group: DiskGroup) -> list[Device]:
    """Return the devices below a group that are known here, in order of its disks."""
    found = (state.get((NODE_SPACE, disk.device)) for disk in state.disks(group))
    return [device for device in found if isinstance(device, Device)]


def rename(state: State, command: cmd.RenameDiskGroup) -> list[ev.AnyEvent]:
    """Give a group another name."""
    group = need_group(state, command.group)
    check_group_free(state, command.new_name)
    return [ev.DiskGroupRenamed(group.space, command.new_name)]


def set_attributes(state: State, command: cmd.SetDiskGroup) -> list[ev.AnyEvent]:
    """Set attributes of a group, all that are named or none."""
    group = need_group(state, command.group)
    fields = {"detach_policy": group.detach_policy, "fail_policy": group.fail_policy}
    if not command.values:
        raise _bad_attribute("", command.values)
    for attribute, value in command.values.items():
        field, values = ATTRIBUTES.get(attribute, ("", ()))
        if value not in values:
            raise _bad_attribute(attribute, command.values)
        fields[field] = value
    return [ev.DiskGroupSet(group.space, fields["detach_policy"], fields["fail_policy"])]


def rename_disk(state: State, command: cmd.RenameDisk) -> list[ev.AnyEvent]:
    """Give a disk of a group another name."""
    group = need_group(state, command.group)
    disk = need(state, group, Disk, command.disk)
    check_free(state, group.space, group.name, "Disk", command.new_name)
    return [ev.DiskRenamed(disk.space, disk.rid, command.new_name)]


VERSIONS = (20, 30, 40, 50, 60, 70, 80, 90, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 310)
"""The versions of disk groups that the original has had; the last is the newest."""


def upgrade(state: State, command: cmd.UpgradeDiskGroup) -> list[ev.AnyEvent]:
    """Give a disk group a later version; there is no way back."""
    group = need_group(state, command.group)
    wanted = VERSIONS[-1] if command.version is None else command.version
    if wanted not in VERSIONS or wanted <= group.version:
        raise Rejected(
            "V-5-1-590",
            f"Disk group {group.name} cannot be upgraded to version {wanted}",
            cause=f"it has version {group.version}; the newest is {VERSIONS[-1]}",
            fix="an upgrade goes to a later version only",
            rule="D2",
        )
    return [ev.DiskGroupUpgraded(group.space, wanted)]


def check_group_free(state: State, name: str) -> None:
    """Refuse a name that is none, or that an imported group bears.

    Raises:
        Rejected: it is, or one does.
    """
    check_name("Disk group", name)
    taken = state.group(name)
    if taken is not None:
        raise Rejected(
            "V-5-1-585",
            f"Disk group {name}: cannot create: Disk group exists",
            cause=f"its ID is {taken.space}",
            fix=f"choose another name, or see 'vx blame {name}'",
            rule="D2",
            about=rid_text((taken.space, taken.rid)),
        )


def _deported(state: State, name: str) -> DiskGroup:
    found = [group for group in state.deported() if name in (group.name, group.space)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Rejected(
            "V-5-1-588",
            f"Disk group {name}: {len(found)} deported disk groups have that name",
            cause=f"their IDs are {', '.join(group.space for group in found)}",
            fix="name one by its ID",
            rule="D2",
        )
    imported = state.group(name)
    raise NotFound(
        "V-5-1-582",
        f"Disk group {name}: No such disk group" + (" is deported" if imported else ""),
        cause="it is imported already" if imported else None,
        fix="'vxdisk -o alldgs list' shows deported groups in parentheses",
        rule="D2",
    )


def _bad_attribute(attribute: str, values: Mapping[str, str]) -> Rejected:
    known = "activation=MODE; " + "; ".join(
        f"{name}={'|'.join(options)}" for name, (_, options) in ATTRIBUTES.items()
    )
    return Rejected(
        "V-5-1-589",
        f"{attribute}={values.get(attribute, '')} cannot be set",
        cause=f"known are {known}",
        rule="D2",
    )
