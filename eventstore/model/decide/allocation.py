"""Where on the disks of a group new space comes from.

First fit, on disks in order of their names: one region on one disk if any is long enough,
otherwise regions one after another until the length is reached. Disks without a device, and
failing ones, give nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct

from eventstore.errors import Rejected
from eventstore.model.decide.names import need
from eventstore.model.objects import NODE_SPACE, Device, Disk, DiskGroup, Subdisk
from eventstore.model.state import State


class Region(Struct, frozen=True):
    """Free sectors of one disk."""

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


def usable_disks(state: State, group: DiskGroup, names: Sequence[str]) -> list[Disk]:
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
    return not disk.state and not (isinstance(device, Device) and device.failing)


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


def allocate(
    state: State,
    group: DiskGroup,
    length: int,
    names: Sequence[str] = (),
    *,
    besides: Region | None = None,
) -> list[Region]:
    """Choose regions that together have `length` sectors, `besides` one that is spoken for.

    Raises:
        Rejected: there is not that much free.
        NotFound: a named disk is not in the group.
    """
    disks = usable_disks(state, group, names)
    free = [region for disk in disks for region in free_regions(state, disk)]
    if besides is not None:
        free = [region for region in free if region != besides]
    for region in free:
        if region.length >= length:
            return [Region(region.disk, region.offset, length)]
    chosen: list[Region] = []
    missing = length
    for region in free:
        take = min(missing, region.length)
        if take:
            chosen.append(Region(region.disk, region.offset, take))
            missing -= take
    if missing:
        spoken_for = besides.length if besides else 0
        raise _no_space(group, length + spoken_for, length + spoken_for - missing)
    return chosen


def _no_space(group: DiskGroup, wanted: int, found: int) -> Rejected:
    """Return the refusal that says how much there is."""
    return Rejected(
        "V-5-1-15809",
        f"No free space remaining in diskgroup {group.name} with given constraints",
        cause=f"{wanted} sectors are asked for, {found} are free on the disks that may be used",
        fix=f"add a disk ('vxdg -g {group.name} adddisk NAME=DEVICE'), or ask for at most "
        f"{found}s",
        rule="D2",
    )
