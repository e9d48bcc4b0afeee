"""What can be asked of a configuration: frozen typed commands, in the imperative.

The tag is the verb that a utility sends. Bounds here only keep nonsense out of memory; whether a
name or a size is good is for `decide` to say, so that the answer names the rule and is recorded.
"""

from __future__ import annotations

from typing import Annotated, Union

from msgspec import Meta, Struct

Text = Annotated[str, Meta(max_length=1024)]
Sectors = Annotated[int, Meta(ge=-(2**53), le=2**53)]
MAX_LIST = 4096
DiskSpec = tuple[Text | None, Text]
"""(name in the group, or None for the default; device)."""


class Command(Struct, frozen=True, tag_field="verb"):
    """What all commands share: nothing but being one."""


class InitDisk(Command, frozen=True, tag="disk.init"):
    """Give a disk an ID and a private region of `private_sectors` (None: the default)."""

    device: Text
    private_sectors: Sectors | None = None


class CreateDiskGroup(Command, frozen=True, tag="dg.init"):
    """Make a disk group of initialised disks."""

    group: Text
    disks: Annotated[tuple[DiskSpec, ...], Meta(max_length=MAX_LIST)]


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


class GrowVolume(Command, frozen=True, tag="volume.growby"):
    """Make a volume longer."""

    group: Text
    name: Text
    length_sectors: Sectors


class RemoveVolume(Command, frozen=True, tag="volume.remove"):
    """End a volume, its plexes and subdisks."""

    group: Text
    name: Text


AnyCommand = Union[  # noqa: UP007 one member a line reads better
    InitDisk,
    CreateDiskGroup,
    AddDisks,
    RemoveDisks,
    DestroyDiskGroup,
    MakeVolume,
    GrowVolume,
    RemoveVolume,
]
