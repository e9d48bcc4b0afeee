"""Making and ending volumes."""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.allocation import Pool
from eventstore.model.decide.layout import Layout, check_layout, creation, plan
from eventstore.model.decide.names import check_free, free_name, need, need_group
from eventstore.model.objects import Disk, DiskGroup, Plex, Volume
from eventstore.model.state import State

PLEXES_MAX = 32
"""Plexes of a volume: the original's limit."""

KINDS = {
    "concat": ("CONCAT", 1),
    "mirror": ("CONCAT", 2),
    "stripe": ("STRIPE", 1),
    "mirror-stripe": ("STRIPE", 2),
}
"""``layout=`` -> (layout of each plex, plexes when nobody says how many)."""


def make(state: State, command: cmd.MakeVolume) -> list[ev.AnyEvent]:
    """Make a volume with its plexes, each on disks of its own, and their subdisks."""
    group = need_group(state, command.group)
    check_free(state, group.space, group.name, "Volume", command.name)
    check_length(command.length_sectors)
    layout, mirrors = _layout(command)
    pool = Pool(state, group, command.disks)
    rid, dgid = state.next_rid(group.space), group.space
    made: list[ev.AnyEvent] = [
        ev.VolumeCreated(dgid, rid, name=command.name, length=command.length_sectors)
    ]
    next_rid = rid + 1
    used: set[int] = set()
    taken = {command.name}
    for number in range(1, mirrors + 1):
        name = free_name(state, dgid, command.name, number, taken)
        planned = plan(pool, layout, command.length_sectors, used)
        used |= planned.disks
        events = creation(state, group, next_rid, planned, _plex_fields(name, rid, command), taken)
        next_rid += len(events)
        made += events
    if not command.start:
        made.append(ev.VolumeStateSet(dgid, rid, kstate="DISABLED", state="EMPTY"))
    return made


def _plex_fields(name: str, volume: int, command: cmd.MakeVolume) -> dict[str, object]:
    if command.start:
        return {"name": name, "volume": volume}
    return {"name": name, "volume": volume, "kstate": "DISABLED", "state": "EMPTY"}


def _layout(command: cmd.MakeVolume) -> tuple[Layout, int]:
    """Return the layout of each plex, and how many there are.

    Raises:
        Rejected: there is no such layout, or it cannot be so.
    """
    known = KINDS.get(command.layout)
    if known is None:
        raise Rejected(
            "V-5-1-15315",
            f"Layout {command.layout} is not known",
            cause=f"known are {', '.join(KINDS)}",
            fix="choose one of these",
            rule="D2",
        )
    kind, mirrors = known
    mirrors = mirrors if command.mirrors is None else command.mirrors
    if not 1 <= mirrors <= PLEXES_MAX:
        raise Rejected(
            "V-5-1-15317",
            f"A volume of {mirrors} plexes is not possible",
            cause=f"a volume has 1 to {PLEXES_MAX}",
            fix="give another nmirror",
            rule="D2",
        )
    layout = Layout(kind) if kind == "CONCAT" else Layout(kind, command.columns, command.stripe)
    check_layout(layout)
    return layout, mirrors


def remove(state: State, command: cmd.RemoveVolume) -> list[ev.AnyEvent]:
    """End a volume and what is below it."""
    group = need_group(state, command.group)
    return removal(state, need(state, group, Volume, command.name))


def removal(state: State, volume: Volume) -> list[ev.AnyEvent]:
    """Return the events that end a volume, from the bottom up."""
    gone: list[ev.AnyEvent] = []
    gone += [ev.ForeignRemoved(row.space, row.rid) for row in state.foreign(volume)]
    for plex in state.plexes(volume):
        gone += plex_removal(state, plex)
    gone.append(ev.VolumeRemoved(volume.space, volume.rid))
    return gone


def plex_removal(state: State, plex: Plex) -> list[ev.AnyEvent]:
    """Return the events that end a plex, from the bottom up."""
    gone: list[ev.AnyEvent] = []
    gone += [ev.ForeignRemoved(row.space, row.rid) for row in state.foreign(plex)]
    gone += [ev.SubdiskRemoved(sd.space, sd.rid) for sd in state.subdisks(plex)]
    gone.append(ev.PlexRemoved(plex.space, plex.rid))
    return gone


def check_length(length: int) -> None:
    """Refuse a length that is none.

    Raises:
        Rejected: it is less than a sector.
    """
    if length <= 0:
        raise Rejected(
            "V-5-1-762",
            f"Length {length} is not a size",
            cause="a length is at least one sector",
            fix="give a size such as 10g, 512m or 2048s",
            rule="D2",
        )


def check_usable(state: State, group: DiskGroup, volume: Volume) -> None:
    """Refuse to change a volume that is down, or has a plex that is.

    Raises:
        Rejected: it is, or has; what is missing is named.
    """
    down = [plex for plex in state.copies(volume) if plex.kstate != "ENABLED"]
    if volume.kstate == "ENABLED" and not down:
        return
    lost = [
        disk.name
        for plex in down
        for subdisk in state.subdisks(plex)
        if isinstance(disk := state.get((group.space, subdisk.disk)), Disk) and disk.state
    ]
    what = f"plex {down[0].name}" if down else f"volume {volume.name}"
    raise Rejected(
        "V-5-1-1198",
        f"Volume {volume.name} in disk group {group.name}: {what} is not ENABLED",
        cause=f"disk {', '.join(dict.fromkeys(lost))} has no device" if lost else None,
        fix="bring the disk back first; 'vxdisk list' shows what is missing"
        if lost
        else f"start the volume ('vxvol -g {group.name} start {volume.name}'), or attach the plex",
        rule="D2",
    )
