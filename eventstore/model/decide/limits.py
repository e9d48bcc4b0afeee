"""What a shared disk group cannot be, or have (F3), and how it differs from a private one."""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd
from eventstore.model.cluster import header
from eventstore.model.state import State

BOOT_GROUPS = frozenset({"bootdg", "rootdg"})
"""Names of the group that a host starts from: that is never the cluster's."""

RAID_LAYOUTS = frozenset({"raid5", "raid"})


def check_shared(command: cmd.AnyCommand) -> None:
    """Refuse a command that would make of a shared group what it cannot be.

    Raises:
        Rejected: it would.
    """
    name = command.group if isinstance(command, cmd.CreateDiskGroup) else None
    if isinstance(command, (cmd.RenameDiskGroup, cmd.ImportDiskGroup)):
        name = command.new_name
    if name in BOOT_GROUPS:
        raise _boot_group(str(name))
    if isinstance(command, cmd.MakeVolume) and command.layout in RAID_LAYOUTS:
        raise _no_raid(command.group)
    if isinstance(command, cmd.ImportDiskGroup) and not command.shared:
        raise _is_shared(command.group)


def check_shared_import(shared: State, own: State, command: cmd.AnyCommand) -> None:
    """Refuse to import as shared what a node has in its own log.

    Raises:
        Rejected: it is asked for.
    """
    if not isinstance(command, cmd.ImportDiskGroup) or not command.shared:
        return
    if not is_deported(shared, command.group) and is_deported(own, command.group):
        raise _is_private(command.group)


def is_deported(state: State, name: str) -> bool:
    """Whether a log has a deported group of a name or ID."""
    return any(name in (group.name, group.space) for group in state.deported())


def check_private_import(state: State, command: cmd.ImportDiskGroup) -> None:
    """Refuse for a private group what only a shared one can have.

    Raises:
        Rejected: it is asked for.
    """
    if command.temporary and header(state) is None:
        raise Rejected(
            "V-5-1-9101",
            f"Disk group {command.group} cannot be imported for a time only",
            cause="it is private; only the start of a cluster leaves groups out",
            fix="leave out -t",
            rule="B1",
        )


def _boot_group(name: str) -> Rejected:
    return Rejected(
        "V-5-1-7997",
        f"Disk group {name} cannot be shared",
        cause="it is the group that a host starts from, and that is each host's own",
        fix="choose another name",
        rule="F3",
    )


def _no_raid(group: str) -> Rejected:
    return Rejected(
        "V-5-1-7998",
        f"Disk group {group} is shared: it cannot have RAID-5 volumes",
        fix="take layout=mirror or layout=stripe, or a private disk group",
        rule="F3",
    )


def _is_shared(group: str) -> Rejected:
    return Rejected(
        "V-5-1-7999",
        f"Disk group {group} is a shared one",
        cause="every node of the cluster imports it, or none does",
        fix=f"'vxdg -s import {group}'",
        rule="B1",
    )


def _is_private(group: str) -> Rejected:
    return Rejected(
        "V-5-1-9100",
        f"Disk group {group} is private to this node",
        cause="it is in the node's own log, which other nodes do not have",
        fix=f"'vxdg import {group}'; what it has can be made again in a group of 'vxdg -s init'",
        rule="B1",
    )
