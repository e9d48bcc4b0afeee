"""Where on the disks of a group new space comes from.

First fit, on disks in order of their names: one region on one disk if any is long enough,
otherwise regions one after another until the length is reached. Disks without a device, and
failing or offline ones, give nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.model.decide.names import need
from eventstore.model.objects import NODE_SPACE, Device, Disk, DiskGroup
from eventstore.model.state import State

COLUMNS_MIN = 2
COLUMNS_MAX = 8
"""Columns of a stripe when nobody says how many: one a disk, but not more than this."""


class Region(Struct, frozen=True):
    """Sectors of one disk."""

    disk: Disk
    offset: int
    length: int


def free_regions(state: State, disk: Disk) -> Iterator[Region]:
    """Yield what is free on a disk, by offset."""
    end = 0
    for offset, length, _rid in state.extents(disk):
        if offset > end:
            yield Region(disk, end, offset - end)
        end = offset + length
    if disk.public_len > end:
        yield Region(disk, end, disk.public_len - end)


def usable_disks(state: State, group: DiskGroup, names: Sequence[str] = ()) -> list[Disk]:
    """Return the disks that may give space: the named ones, or all of the group, by name.

    Raises:
        NotFound: a named disk is not in the group.
    """
    if names:
        disks = [need(state, group, Disk, name) for name in dict.fromkeys(names)]
    else:
        disks = state.disks(group)
    return [disk for disk in disks if not disk.state and _is_sound(state, disk)]


def _is_sound(state: State, disk: Disk) -> bool:
    device = state.get((NODE_SPACE, disk.device))
    return isinstance(device, Device) and not device.failing and not device.offline


class Pool:
    """Free space that one decision hands out; what it gave is not given again."""

    def __init__(self, state: State, group: DiskGroup, names: Sequence[str] = ()) -> None:
        self._group = group
        self._disks = usable_disks(state, group, names)
        self._free = {disk.rid: list(free_regions(state, disk)) for disk in self._disks}
        self._given = 0

    def behind(self, disk: int, offset: int, wanted: int) -> int:
        """Take up to `wanted` sectors that begin exactly at an offset; return how many."""
        for region in self._free.get(disk, ()):
            if region.offset == offset:
                length = min(region.length, wanted)
                self._take(Region(region.disk, offset, length))
                return length
        return 0

    def concat(self, length: int, without: Collection[int] = ()) -> list[Region]:
        """Take regions that together have a length, on disks that are not excluded by ID.

        Raises:
            Rejected: there is not that much free.
        """
        disks = [disk for disk in self._disks if disk.rid not in without]
        free = [region for disk in disks for region in self._free[disk.rid]]
        for region in free:
            if region.length >= length:
                return [self._take(Region(region.disk, region.offset, length))]
        if sum(region.length for region in free) < length:
            raise self._no_space(length, sum(region.length for region in free))
        chosen: list[Region] = []
        for region in free:
            take = min(length, region.length)
            if take:
                chosen.append(self._take(Region(region.disk, region.offset, take)))
                length -= take
        return chosen

    def columns(
        self, count: int, length: int, without: Collection[int] = ()
    ) -> list[list[Region]]:
        """Take `count` columns of a length, each on a disk of its own.

        Raises:
            Rejected: fewer disks have that much free.
        """
        disks = [disk for disk in self._disks if disk.rid not in without]
        fit = [disk for disk in disks if self._room(disk) >= length]
        if len(fit) < count:
            raise Rejected(
                "V-5-1-15809",
                f"No free space remaining in diskgroup {self._group.name} with given constraints",
                cause=f"{count} columns need as many disks with {length} "
                f"sectors free; {len(fit)} have that",
                fix="ask for fewer columns or less space, or add a disk",
                rule="D2",
            )
        return [self._take_on(disk, length) for disk in fit[:count]]

    def disks_with(self, length: int, without: Collection[int] = ()) -> int:
        """Return how many disks have a length free."""
        disks = (disk for disk in self._disks if disk.rid not in without)
        return sum(self._room(disk) >= length for disk in disks)

    def _room(self, disk: Disk) -> int:
        return sum(region.length for region in self._free[disk.rid])

    def _take_on(self, disk: Disk, length: int) -> list[Region]:
        chosen: list[Region] = []
        for region in tuple(self._free[disk.rid]):
            take = min(length, region.length)
            if take:
                chosen.append(self._take(Region(disk, region.offset, take)))
                length -= take
        return chosen

    def _take(self, taken: Region) -> Region:
        """Mark the beginning of a free region as given."""
        free = self._free[taken.disk.rid]
        at = next(i for i, region in enumerate(free) if region.offset == taken.offset)
        rest = free[at].length - taken.length
        free[at : at + 1] = [Region(taken.disk, taken.offset + taken.length, rest)] if rest else []
        self._given += taken.length
        return taken

    def _no_space(self, length: int, free: int) -> Rejected:
        """Return the refusal; what was given before is part of what is asked for, and was free."""
        wanted, found = self._given + length, self._given + free
        return Rejected(
            "V-5-1-15809",
            f"No free space remaining in diskgroup {self._group.name} with given constraints",
            cause=f"{wanted} sectors are asked for, {found} are free on the disks that may be "
            "used",
            fix=f"add a disk ('vxdg -g {self._group.name} adddisk NAME=DEVICE'), or ask for at "
            f"most {found}s",
            rule="D2",
        )
