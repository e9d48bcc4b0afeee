"""What can be asked of a configuration: frozen typed commands, in the imperative.

The tag is the verb that a utility sends. Bounds here only keep nonsense out of memory; whether a
name or a size is good is for `decide` to say, so that the answer names the rule and is recorded.
"""

from __future__ import annotations

from typing import Annotated, Union

from msgspec import Meta

from eventstore.model.cluster_commands import AddNode as AddNode, RemoveNode as RemoveNode
from eventstore.model.command import MAX_LIST, Command, Sectors, Text
from eventstore.model.edit_commands import (
    AddLog as AddLog,
    CopyToPlex as CopyToPlex,
    DetachPlex as DetachPlex,
    EditRecords as EditRecords,
    MaintainVolumes as MaintainVolumes,
    MovePlex as MovePlex,
    MoveVolume as MoveVolume,
    RecoverDiskGroup as RecoverDiskGroup,
    RemoveLog as RemoveLog,
    RemoveRecords as RemoveRecords,
    RenameRecord as RenameRecord,
    ResyncVolumes as ResyncVolumes,
    SetDevice as SetDevice,
    SetReadPolicy as SetReadPolicy,
    SetVolume as SetVolume,
    UpgradeDiskGroup as UpgradeDiskGroup,
)
from eventstore.model.keeping_commands import (
    RedactContext as RedactContext,
    SetRetention as SetRetention,
)
from eventstore.model.node_commands import (
    ClearImport as ClearImport,
    DisableDaemon as DisableDaemon,
    EnableDaemon as EnableDaemon,
    ScanDevices as ScanDevices,
)
from eventstore.model.tags import AnyTagCommand
from eventstore.model.takeover_commands import (
    AnyRow as AnyRow,
    DiskRow as DiskRow,
    ForeignRow as ForeignRow,
    GroupRow as GroupRow,
    PlexRow as PlexRow,
    SubdiskRow as SubdiskRow,
    TakenRow as TakenRow,
    TakeOverDiskGroup as TakeOverDiskGroup,
    VolumeRow as VolumeRow,
    WordsRow as WordsRow,
)
from eventstore.model.wayback_commands import (
    ConfirmChange as ConfirmChange,
    RestoreRecords as RestoreRecords,
    Step as Step,
    TakeBack as TakeBack,
)

DiskSpec = tuple[Text | None, Text]
"""(name in the group, or None for the default; device)."""


class InitDisk(Command, frozen=True, tag="disk.init"):
    """Give a disk an ID and a private region of `private_sectors` (None: the default)."""

    device: Text
    private_sectors: Sectors | None = None


class CreateDiskGroup(Command, frozen=True, tag="dg.init"):
    """Make a disk group of initialised disks; a shared one is the whole cluster's."""

    group: Text
    disks: Annotated[tuple[DiskSpec, ...], Meta(max_length=MAX_LIST)]
    shared: bool = False


class AddDisks(Command, frozen=True, tag="dg.adddisk"):
    """Add initialised disks to a group."""

    group: Text
    disks: Annotated[tuple[DiskSpec, ...], Meta(max_length=MAX_LIST)]


class RemoveDisks(Command, frozen=True, tag="dg.rmdisk"):
    """Take unused disks out of a group."""

    group: Text
    disks: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)]


class DestroyDiskGroup(Command, frozen=True, tag="dg.destroy"):
    """End a disk group and all that is in it."""

    group: Text


class MakeVolume(Command, frozen=True, tag="volume.make"):
    """Make a volume of one concatenated plex, on the named disks or on any."""

    group: Text
    name: Text
    length_sectors: Sectors
    disks: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)] = ()
    layout: Text = "concat"
    mirrors: int | None = None
    columns: int | None = None
    stripe: Sectors = 128
    start: bool = True


class _Resize(Command, frozen=True):
    """A volume, and by or to what length."""

    group: Text
    name: Text
    length_sectors: Sectors


class GrowVolume(_Resize, frozen=True, tag="volume.growby"):
    """Make a volume longer, by a length."""


class GrowVolumeTo(_Resize, frozen=True, tag="volume.growto"):
    """Make a volume longer, to a length."""


class ShrinkVolume(_Resize, frozen=True, tag="volume.shrinkby"):
    """Make a volume shorter, by a length."""


class ShrinkVolumeTo(_Resize, frozen=True, tag="volume.shrinkto"):
    """Make a volume shorter, to a length."""


class MirrorVolume(Command, frozen=True, tag="volume.mirror"):
    """Add a plex to a volume, on the named disks or on any that has none of its others."""

    group: Text
    name: Text
    disks: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)] = ()


class _Volumes(Command, frozen=True):
    """Some volumes of a group; all of them, if none is named."""

    group: Text
    names: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)] = ()


class StartVolumes(_Volumes, frozen=True, tag="volume.start"):
    """Make volumes available."""


class StopVolumes(_Volumes, frozen=True, tag="volume.stop"):
    """Make volumes unavailable, in an orderly way."""


class InitVolume(Command, frozen=True, tag="volume.init"):
    """Give an EMPTY volume its first state: ``clean`` or ``active`` (or enable, zero)."""

    group: Text
    name: Text
    how: Text


class AttachPlex(Command, frozen=True, tag="plex.att"):
    """Make a dissociated or detached plex a copy of a volume."""

    group: Text
    volume: Text
    plex: Text


class DissociatePlex(Command, frozen=True, tag="plex.dis"):
    """Take a plex from its volume; with `remove`, end it and give its space back."""

    group: Text
    plex: Text
    remove: bool = False


class DeportDiskGroup(Command, frozen=True, tag="dg.deport"):
    """Put a disk group away, for a host or for any."""

    group: Text
    host: Text | None = None


class ImportDiskGroup(Command, frozen=True, tag="dg.import"):
    """Bring a deported disk group back, by name or ID, perhaps under another name.

    A shared one that is `temporary` is not imported by the cluster's next start.
    With `clear` also one that is kept for another host.
    """

    group: Text
    new_name: Text | None = None
    force: bool = False
    shared: bool = False
    temporary: bool = False
    clear: bool = False


class RenameDiskGroup(Command, frozen=True, tag="dg.rename"):
    """Give a disk group another name."""

    group: Text
    new_name: Text


class SetDiskGroup(Command, frozen=True, tag="dg.set"):
    """Set attributes of a disk group: ``diskdetpolicy``, ``dgfailpolicy``."""

    group: Text
    values: dict[Text, Text]


class RenameDisk(Command, frozen=True, tag="disk.rename"):
    """Give a disk of a group another name."""

    group: Text
    disk: Text
    new_name: Text


class OfflineDisk(Command, frozen=True, tag="disk.offline"):
    """Take a device out of use."""

    device: Text


class OnlineDisk(Command, frozen=True, tag="disk.online"):
    """Put a device back into use."""

    device: Text


class ForgetDisk(Command, frozen=True, tag="disk.rm"):
    """Remove a device from the list."""

    device: Text


class RemoveVolume(Command, frozen=True, tag="volume.remove"):
    """End a volume, its plexes and subdisks."""

    group: Text
    name: Text


class Transaction(Command, frozen=True, tag="transaction"):
    """Do all of `commands`, one after the other, in one commit, or none of them.

    `lines` are where they stand in what was read. With `confirm_s` the change is undone after so
    many seconds unless it is confirmed, under the identifier of the `request`.
    """

    commands: Annotated[tuple[AnyCommand, ...], Meta(min_length=1, max_length=MAX_LIST)]
    lines: tuple[int, ...] = ()
    confirm_s: int | None = None
    request: Text = ""


AnyCommand = Union[  # noqa: UP007 one member a line reads better
    InitDisk,
    CreateDiskGroup,
    AddDisks,
    RemoveDisks,
    DestroyDiskGroup,
    MakeVolume,
    GrowVolume,
    GrowVolumeTo,
    ShrinkVolume,
    ShrinkVolumeTo,
    MirrorVolume,
    RemoveVolume,
    StartVolumes,
    StopVolumes,
    InitVolume,
    AttachPlex,
    DissociatePlex,
    DeportDiskGroup,
    ImportDiskGroup,
    RenameDiskGroup,
    SetDiskGroup,
    RenameDisk,
    TakeOverDiskGroup,
    OfflineDisk,
    OnlineDisk,
    ForgetDisk,
    EditRecords,
    RenameRecord,
    RemoveRecords,
    SetVolume,
    SetReadPolicy,
    MaintainVolumes,
    ResyncVolumes,
    DetachPlex,
    CopyToPlex,
    MovePlex,
    MoveVolume,
    UpgradeDiskGroup,
    SetDevice,
    AddNode,
    RemoveNode,
    RecoverDiskGroup,
    AddLog,
    RemoveLog,
    EnableDaemon,
    DisableDaemon,
    ScanDevices,
    ClearImport,
    AnyTagCommand,
    RestoreRecords,
    Transaction,
    ConfirmChange,
    TakeBack,
    RedactContext,
    SetRetention,
]
