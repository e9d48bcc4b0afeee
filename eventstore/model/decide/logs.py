"""Logs of mirrored volumes: which regions of the copies may differ after a crash.

A log is a plex of length 0 with one subdisk that has no place in it. It is no copy: it runs while
its volume does and its disk is there, and nothing else rests on it.
"""

from __future__ import annotations

from collections.abc import Collection

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.allocation import Pool, Region
from eventstore.model.decide.names import free_name, need, need_group
from eventstore.model.decide.plexes import check_count, lost_disks
from eventstore.model.decide.volumes import check_length, check_usable, plex_removal
from eventstore.model.objects import LOG_OFFSET, NODEVICE, DiskGroup, Plex, Volume
from eventstore.model.state import State

LOG = "LOG"
MAPS = 33
"""A recovery map, and an active map for each of as many nodes as a cluster may have."""
MAP_ALIGNMENT = 16
SECTORS_PER_BLOCK = 1 << 22
"""A sector of a map is enough for 2 GiB of the volume."""


def add(state: State, command: cmd.AddLog) -> list[ev.AnyEvent]:
    """Add a log to a mirrored volume, where it can on a disk that has none of its copies."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    check_usable(state, group, volume)
    copies = state.copies(volume)
    if len(copies) == 1:
        raise Rejected(
            "V-5-1-7940",
            f"Volume {volume.name} is not mirrored: it takes no log",
            cause="a log tells which regions of several copies may differ",
            fix=f"add a copy first: 'vxassist -g {group.name} mirror {volume.name}'",
            rule="D2",
        )
    check_count(volume, len(state.plexes(volume)))
    length = default_length(volume) if command.length_sectors is None else command.length_sectors
    check_length(length)
    if length < MAPS:
        raise Rejected(
            "V-5-1-7941",
            f"A log of {length} sectors is too short",
            cause=f"it holds {MAPS} maps, of at least one sector each",
            fix=f"leave loglen out, or give {MAPS}s or more",
            rule="D2",
        )
    taken: set[str] = set()
    rid = state.next_rid(group.space)
    name = free_name(state, group.space, volume.name, len(state.plexes(volume)) + 1, taken)
    region = _place(state, group, volume, command, length)
    disk = region.disk
    subdisk = free_name(state, group.space, disk.name, len(state.extents(disk)) + 1, taken)
    return [
        ev.PlexCreated(group.space, rid, name, volume.rid, length=0, state=LOG),
        ev.SubdiskCreated(
            group.space, rid + 1, subdisk, rid, disk.rid, region.offset, length, LOG_OFFSET
        ),
    ]


def default_length(volume: Volume) -> int:
    """Return how long a volume's log is when nobody says."""
    blocks = -(-volume.length // SECTORS_PER_BLOCK)
    return MAPS * (-(-blocks // MAP_ALIGNMENT) * MAP_ALIGNMENT)


def _place(
    state: State, group: DiskGroup, volume: Volume, command: cmd.AddLog, length: int
) -> Region:
    """Return where a log goes: it is on no disk with another of the volume's logs.

    Raises:
        Rejected: there is no room in one piece.
    """
    logs = _disks(state, [plex for plex in state.plexes(volume) if not plex.length])
    try:
        apart = logs | _disks(state, state.copies(volume))
        return one_region(Pool(state, group, command.disks), length, apart)
    except Rejected:
        return one_region(Pool(state, group, command.disks), length, logs)


def one_region(pool: Pool, length: int, without: Collection[int]) -> Region:
    """Take a length in one piece: a log is not spread.

    Raises:
        Rejected: there is none so long.
    """
    first, *more = pool.concat(length, without)
    if more:
        raise Rejected(
            "V-5-1-15809",
            "No free space remaining with given constraints",
            cause=f"no disk that may be used has {length} sectors free in one piece for a log",
            fix="add a disk, or ask for a shorter log",
            rule="D2",
        )
    return first


def _disks(state: State, plexes: Collection[Plex]) -> set[int]:
    return {subdisk.disk for plex in plexes for subdisk in state.subdisks(plex)}


def remove(state: State, command: cmd.RemoveLog) -> list[ev.AnyEvent]:
    """End the log of a volume that was added last."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    logs = [plex for plex in state.plexes(volume) if not plex.length]
    if not logs:
        raise NotFound(
            "V-5-1-7942",
            f"Volume {volume.name} has no log",
            fix=f"'vxprint -g {group.name} -ht {volume.name}' shows its plexes",
            rule="D2",
        )
    return plex_removal(state, logs[-1])


def following(state: State, volume: Volume, *, runs: bool) -> list[ev.AnyEvent]:
    """Return what becomes of a volume's logs once it runs, or does not."""
    events: list[ev.AnyEvent] = []
    for plex in state.plexes(volume):
        if plex.length:
            continue
        there = ("ENABLED" if runs else "DISABLED", LOG)
        states = ("DETACHED", NODEVICE) if lost_disks(state, plex) else there
        if states != (plex.kstate, plex.state):
            events.append(ev.PlexStateSet(plex.space, plex.rid, *states))
    return events
