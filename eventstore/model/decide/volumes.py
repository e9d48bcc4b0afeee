"""Volumes of one concatenated plex."""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd
from eventstore.model import events as ev
from eventstore.model.decide.allocation import Region, allocate, region_behind
from eventstore.model.decide.names import check_free, free_name, need, need_group
from eventstore.model.objects import Disk, DiskGroup, Plex, Volume
from eventstore.model.state import State


def make(state: State, command: cmd.MakeVolume) -> list[ev.AnyEvent]:
    """Make a volume with its plex and as many subdisks as it takes."""
    group = need_group(state, command.group)
    check_free(state, group.space, group.name, "Volume", command.name)
    _check_length(command.length_sectors)
    regions = allocate(state, group, command.length_sectors, command.disks)
    volume = state.next_rid(group.space)
    taken = {command.name}
    plex_name = free_name(state, group.space, command.name, 1, taken)
    dgid, length = group.space, command.length_sectors
    made: list[ev.AnyEvent] = [
        ev.VolumeCreated(dgid, volume, name=command.name, length=length),
        ev.PlexCreated(dgid, volume + 1, name=plex_name, volume=volume, length=length),
    ]
    return made + _subdisks(state, group, volume + 1, 0, regions, volume + 2, taken)


def grow(state: State, command: cmd.GrowVolume) -> list[ev.AnyEvent]:
    """Make a volume longer: its last subdisk first, if the disk is free behind it."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    _check_length(command.length_sectors)
    (plex,) = state.plexes(volume)
    _check_usable(state, group, volume, plex)
    more = command.length_sectors
    last = max(state.subdisks(plex), key=lambda subdisk: subdisk.plex_offset)
    behind = region_behind(state, last)
    extra = min(behind.length, more) if behind else 0
    grown: list[ev.AnyEvent] = []
    if extra:
        grown.append(ev.SubdiskResized(last.space, last.rid, length=last.length + extra))
    if more > extra:
        regions = allocate(state, group, more - extra, besides=behind)
        start, first_rid = plex.length + extra, state.next_rid(group.space)
        grown += _subdisks(state, group, plex.rid, start, regions, first_rid, set())
    length = volume.length + more
    return [
        *grown,
        ev.PlexResized(plex.space, plex.rid, length=plex.length + more),
        ev.VolumeResized(volume.space, volume.rid, length=length),
    ]


def remove(state: State, command: cmd.RemoveVolume) -> list[ev.AnyEvent]:
    """End a volume and what is below it."""
    group = need_group(state, command.group)
    return removal(state, need(state, group, Volume, command.name))


def removal(state: State, volume: Volume) -> list[ev.AnyEvent]:
    """Return the events that end a volume, from the bottom up."""
    gone: list[ev.AnyEvent] = []
    for plex in state.plexes(volume):
        gone += [ev.SubdiskRemoved(sd.space, sd.rid) for sd in state.subdisks(plex)]
        gone.append(ev.PlexRemoved(plex.space, plex.rid))
    gone.append(ev.VolumeRemoved(volume.space, volume.rid))
    return gone


def _subdisks(
    state: State,
    group: DiskGroup,
    plex: int,
    start: int,
    regions: list[Region],
    first_rid: int,
    taken: set[str],
) -> list[ev.AnyEvent]:
    """Return the events that give regions to a plex, one after another from `start` on."""
    made: list[ev.AnyEvent] = []
    for number, region in enumerate(regions):
        disk = region.disk
        first = len(state.extents(disk)) + 1
        made.append(
            ev.SubdiskCreated(
                group.space,
                first_rid + number,
                name=free_name(state, group.space, disk.name, first, taken),
                plex=plex,
                disk=disk.rid,
                disk_offset=region.offset,
                length=region.length,
                plex_offset=start,
            )
        )
        start += region.length
    return made


def _check_length(length: int) -> None:
    if length <= 0:
        raise Rejected(
            "V-5-1-762",
            f"Length {length} is not a size",
            cause="a length is at least one sector",
            fix="give a size such as 10g, 512m or 2048s",
            rule="D2",
        )


def _check_usable(state: State, group: DiskGroup, volume: Volume, plex: Plex) -> None:
    if volume.kstate == "ENABLED":
        return
    lost = [
        disk.name
        for subdisk in state.subdisks(plex)
        if isinstance(disk := state.get((group.space, subdisk.disk)), Disk) and disk.state
    ]
    raise Rejected(
        "V-5-1-1198",
        f"Volume {volume.name} in disk group {group.name} is {volume.kstate}",
        cause=f"disk {', '.join(dict.fromkeys(lost))} has no device" if lost else None,
        fix="bring the disk back first; 'vxdisk list' shows what is missing",
        rule="D2",
    )
