"""Making volumes longer and shorter, all plexes alike."""

from __future__ import annotations

from typing import NamedTuple

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.allocation import Pool, Region
from eventstore.model.decide.layout import columns_of, layout_of, regions_given
from eventstore.model.decide.names import need, need_group
from eventstore.model.decide.volumes import check_length, check_usable
from eventstore.model.objects import DiskGroup, Plex, Subdisk, Volume
from eventstore.model.state import State

Resize = cmd.GrowVolume | cmd.GrowVolumeTo | cmd.ShrinkVolume | cmd.ShrinkVolumeTo


def resize(state: State, command: Resize) -> list[ev.AnyEvent]:
    """Change the length of a volume, by or to a length."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    length = _new_length(volume, command)
    check_usable(state, group, volume)
    grows = isinstance(command, (cmd.GrowVolume, cmd.GrowVolumeTo))
    events = _grow(state, group, volume, length) if grows else _shrink(state, volume, length)
    return [*events, ev.VolumeResized(volume.space, volume.rid, length=length)]


def _new_length(volume: Volume, command: Resize) -> int:
    """Return the length that is asked for.

    Raises:
        Rejected: it is none, or lies on the wrong side of the present one.
    """
    asked, now = command.length_sectors, volume.length
    check_length(asked)
    if isinstance(command, cmd.GrowVolume):
        return now + asked
    if isinstance(command, cmd.ShrinkVolume):
        check_length(now - asked)
        return now - asked
    longer = isinstance(command, cmd.GrowVolumeTo)
    wrong, word = (asked <= now, "longer") if longer else (asked >= now, "shorter")
    if wrong:
        raise Rejected(
            "V-5-1-763",
            f"Volume {volume.name} has {volume.length} sectors: {asked} would not make it {word}",
            fix=f"give a length that is {word}, or see 'vxassist' growto, growby, shrinkto, "
            "shrinkby",
            rule="D2",
        )
    return asked


def _grow(state: State, group: DiskGroup, volume: Volume, length: int) -> list[ev.AnyEvent]:
    """Return the events that make each plex at least so long."""
    pool = Pool(state, group)
    plexes = state.copies(volume)
    used = {plex.rid: {sd.disk for sd in state.subdisks(plex)} for plex in plexes}
    events: list[ev.AnyEvent] = []
    taken: set[str] = set()
    next_rid = state.next_rid(group.space)
    behind = {rid: extra for plex in plexes for rid, extra in _behind(state, plex, length, pool)}
    for plex in plexes:
        others = {disk for rid, disks in used.items() if rid != plex.rid for disk in disks}
        means = _Means(pool, behind, others, next_rid, taken)
        grown = _grow_plex(state, group, plex, length, means)
        used[plex.rid] |= {event.disk for event in grown if isinstance(event, ev.SubdiskCreated)}
        next_rid += sum(isinstance(event, ev.SubdiskCreated) for event in grown)
        events += grown
    return events


class _Means(NamedTuple):
    """What a plex may grow with.

    A pool, what it gave behind each column's last subdisk, the disks of the sibling plexes, the
    next record ID, and the names that are taken.
    """

    pool: Pool
    behind: dict[int, int]
    others: set[int]
    next_rid: int
    taken: set[str]


def _behind(state: State, plex: Plex, length: int, pool: Pool) -> list[tuple[int, int]]:
    """Take what is free behind the last subdisk of each column, as far as it is needed."""
    columns = columns_of(state, plex)
    missing = layout_of(plex).column_length(length, len(columns)) - plex.length // len(columns)
    if missing <= 0:
        return []
    return [(column[-1].rid, pool.behind(column[-1], missing)) for column in columns]


def _grow_plex(
    state: State, group: DiskGroup, plex: Plex, length: int, means: _Means
) -> list[ev.AnyEvent]:
    """Lengthen each column: behind its last subdisk first, then wherever there is room."""
    layout, columns = layout_of(plex), columns_of(state, plex)
    each = layout.column_length(length, len(columns))
    now = plex.length // len(columns)
    if each <= now:
        return []
    events: list[ev.AnyEvent] = []
    regions: list[tuple[Region, ...]] = []
    starts: list[int] = []
    for column in columns:
        last = column[-1]
        extra = means.behind[last.rid]
        if extra:
            events.append(ev.SubdiskResized(last.space, last.rid, length=last.length + extra))
        starts.append(now + extra)
        regions.append(_more(means, columns, column, each - now - extra))
    events += regions_given(
        state, group, plex.rid, tuple(regions), means.next_rid, means.taken, tuple(starts)
    )
    events.append(ev.PlexResized(plex.space, plex.rid, length=each * len(columns)))
    return events


def _more(
    means: _Means, columns: list[list[Subdisk]], column: list[Subdisk], missing: int
) -> tuple[Region, ...]:
    """Take what a column still lacks, not on the disks of other columns or plexes."""
    if not missing:
        return ()
    siblings = {sd.disk for other in columns if other is not column for sd in other}
    return tuple(means.pool.concat(missing, means.others | siblings))


def _shrink(state: State, volume: Volume, length: int) -> list[ev.AnyEvent]:
    """Return the events that cut each plex to what the volume needs."""
    events: list[ev.AnyEvent] = []
    for plex in state.copies(volume):
        columns = columns_of(state, plex)
        each = layout_of(plex).column_length(length, len(columns))
        if each * len(columns) >= plex.length:
            continue
        for subdisk in (sd for column in columns for sd in column):
            events += _cut(subdisk, each)
        events.append(ev.PlexResized(plex.space, plex.rid, length=each * len(columns)))
    return events


def _cut(subdisk: Subdisk, end: int) -> list[ev.AnyEvent]:
    """Return what makes a subdisk end where its column does."""
    if subdisk.plex_offset >= end:
        return [ev.SubdiskRemoved(subdisk.space, subdisk.rid)]
    if subdisk.plex_offset + subdisk.length > end:
        length = end - subdisk.plex_offset
        return [ev.SubdiskResized(subdisk.space, subdisk.rid, length=length)]
    return []
