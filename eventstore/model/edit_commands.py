"""Commands on single records: words and names, the parts of volumes, and what a device is."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from eventstore.model.command import MAX_LIST, Command, Sectors, Text

Names = Annotated[tuple[Text, ...], Meta(min_length=1, max_length=MAX_LIST)]


class EditRecords(Command, frozen=True, tag="edit.set"):
    """Set words at records: ``comment``, ``tutil0``..., and what a volume's or disk's are."""

    group: Text
    names: Names
    values: dict[Text, Text]


class RenameRecord(Command, frozen=True, tag="edit.rename"):
    """Give a volume, plex, subdisk or disk another name."""

    group: Text
    name: Text
    new_name: Text


class RemoveRecords(Command, frozen=True, tag="edit.rm"):
    """End records; with `recursive` what is below them too, with `force` volumes that run."""

    group: Text
    names: Names
    recursive: bool = False
    force: bool = False


class SetVolume(Command, frozen=True, tag="volume.set"):
    """Set attributes of volumes: ``len``."""

    group: Text
    names: Names
    length_sectors: Sectors


class SetReadPolicy(Command, frozen=True, tag="volume.rdpol"):
    """Say how the plexes of a volume share its reads."""

    group: Text
    policy: Text
    name: Text
    plex: Text | None = None


class MaintainVolumes(Command, frozen=True, tag="volume.maint"):
    """Put volumes into maintenance: they take no I/O until they are started."""

    group: Text
    names: Names


class ResyncVolumes(Command, frozen=True, tag="volume.resync"):
    """Make all plexes of volumes that need it the same again."""

    group: Text
    names: Names


class DetachPlex(Command, frozen=True, tag="plex.det"):
    """Let a plex take no part in its volume's I/O; it stays with it, and goes stale."""

    group: Text
    plex: Text


class CopyToPlex(Command, frozen=True, tag="plex.cp"):
    """Copy a volume onto a dissociated plex, which stays dissociated."""

    group: Text
    volume: Text
    plex: Text


class MovePlex(Command, frozen=True, tag="plex.mv"):
    """Put a dissociated plex in the place of one of a volume."""

    group: Text
    old: Text
    new: Text
    remove: bool = False


class MoveVolume(Command, frozen=True, tag="volume.move"):
    """Move what a volume has on some disks to other ones."""

    group: Text
    name: Text
    off: Names
    disks: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)] = ()


class AddLog(Command, frozen=True, tag="volume.addlog"):
    """Add a log to a mirrored volume, on the named disks or on any."""

    group: Text
    name: Text
    length_sectors: Sectors | None = None
    disks: Annotated[tuple[Text, ...], Meta(max_length=MAX_LIST)] = ()


class RemoveLog(Command, frozen=True, tag="volume.remove.log"):
    """End a log of a volume."""

    group: Text
    name: Text


class UpgradeDiskGroup(Command, frozen=True, tag="dg.upgrade"):
    """Give a disk group a later version, the newest if none is named."""

    group: Text
    version: int | None = None


class RecoverDiskGroup(Command, frozen=True, tag="dg.recover"):
    """End what a move left unfinished: ``clean`` its marks, or ``remove`` what is marked."""

    group: Text
    how: Text = ""


class SetDevice(Command, frozen=True, tag="disk.set"):
    """Mark a device as the copy of another, or take the mark away."""

    device: Text
    clone: bool
