"""Where on the disks of a group new space comes from.

First fit, on disks in order of their names: one region on one disk if any is long enough,
otherwise regions one after another until the length is reached. Disks without a device, and
failing or offline ones, give nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.model.decide.names import need
from eventstore.model.objects import NODE_SPACE, Device, Disk, DiskGroup, Subdisk
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
    return [disk for disk in disks if _gives_space(state, disk)]


def _gives_space(state: State, disk: Disk) -> bool:
    device = state.get((NODE_SPACE, disk.device))
    sound = isinstance(device, Device) and not device.failing and not device.offline
    return sound and not disk.state


def region_behind(state: State, subdisk: Subdisk) -> Region | None:
    """Return the free region directly behind a subdisk, if its disk may give space."""
    disk = state.get((subdisk.space, subdisk.disk))
    if not isinstance(disk, Disk) or not _gives_space(state, disk):
        return None
    extents = state.extents(disk)
    after = bisect_right(extents, (subdisk.disk_offset, subdisk.length, subdisk.rid))
    end = subdisk.disk_offset + subdisk.length
    limit = extents[after][0] if after < len(extents) else disk.public_len
    return Region(disk, end, limit - end) if limit > end else None


class Pool:
    """Free space that one decision hands out; what it gave is not given again.

    The disks of the group are looked at only once something has to be found on them: to grow
    into what lies behind a subdisk costs nothing of that.
    """

    def __init__(self, state: State, group: DiskGroup, names: Sequence[str] = ()) -> None:
        self._state = state
        self._group = group
        self._names = names
        self._free: dict[int, list[Region]] = {}
        self._behind: list[Region] = []
        self._given = 0

    @cached_property
    def _disks(self) -> list[Disk]:
        """The disks that may give space, now with what is free on each."""
        disks = usable_disks(self._state, self._group, self._names)
        for disk in disks:
            self._free[disk.rid] = list(free_regions(self._state, disk))
        for region in self._behind:
            if region.disk.rid in self._free:
                self._take(region)
        return disks

    def behind(self, subdisk: Subdisk, wanted: int) -> int:
        """Take up to `wanted` sectors directly behind a subdisk; return how many.

        Each subdisk is asked about once, before anything else is taken.
        """
        region = region_behind(self._state, subdisk)
        if region is None:
            return 0
        taken = Region(region.disk, region.offset, min(region.length, wanted))
        self._behind.append(taken)
        self._given += taken.length
        return taken.length

    def concat(self, length: int, without: Collection[int] = ()) -> list[Region]:
        """Take regions that together have a length, on disks that are not excluded by ID.

        Raises:
            Rejected: there is not that much free.
        """
        disks = [disk for disk in self._disks if disk.rid not in without]
        free = [region for disk in disks for region in self._free[disk.rid]]
        for region in free:
            if region.length >= length:
                return [self._give(Region(region.disk, region.offset, length))]
        if sum(region.length for region in free) < length:
            raise self._no_space(length, sum(region.length for region in free))
        chosen: list[Region] = []
        for region in free:
            take = min(length, region.length)
            if take:
                chosen.append(self._give(Region(region.disk, region.offset, take)))
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
                chosen.append(self._give(Region(disk, region.offset, take)))
                length -= take
        return chosen

    def _give(self, region: Region) -> Region:
        self._given += region.length
        return self._take(region)

    def _take(self, taken: Region) -> Region:
        """Mark the beginning of a free region as given."""
        free = self._free[taken.disk.rid]
        at = next(i for i, region in enumerate(free) if region.offset == taken.offset)
        rest = free[at].length - taken.length
        free[at : at + 1] = [Region(taken.disk, taken.offset + taken.length, rest)] if rest else []
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
