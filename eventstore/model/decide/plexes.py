"""Plexes as copies of a volume: adding, attaching, taking away."""

from __future__ import annotations

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.allocation import Pool
from eventstore.model.decide.layout import creation, layout_of, plan
from eventstore.model.decide.names import free_name, need, need_group
from eventstore.model.decide.volumes import PLEXES_MAX, check_usable, plex_removal
from eventstore.model.objects import Disk, Plex, Volume
from eventstore.model.state import State


def mirror(state: State, command: cmd.MirrorVolume) -> list[ev.AnyEvent]:
    """Add a plex, laid out like the first, on disks that the others are not on."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    check_usable(state, group, volume)
    plexes = state.copies(volume)
    check_count(volume, len(state.plexes(volume)))
    used = {subdisk.disk for plex in plexes for subdisk in state.subdisks(plex)}
    pool = Pool(state, group, command.disks)
    planned = plan(pool, layout_of(plexes[0]), volume.length, used)
    taken: set[str] = set()
    name = free_name(state, group.space, volume.name, 1, taken)
    fields: dict[str, object] = {"name": name, "volume": volume.rid}
    return creation(state, group, state.next_rid(group.space), planned, fields, taken)


def attach(state: State, command: cmd.AttachPlex) -> list[ev.AnyEvent]:
    """Make a plex a copy of a volume: up to date if the volume runs, STALE if it does not."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.volume)
    plex = need(state, group, Plex, command.plex)
    if plex.volume not in (0, volume.rid):
        raise not_attachable(plex, "it is a copy of another volume")
    if plex.volume == volume.rid and plex.kstate == "ENABLED":
        raise not_attachable(plex, "it is attached already")
    if plex.length < volume.length:
        raise not_attachable(plex, f"it has {plex.length} sectors, the volume {volume.length}")
    if lost := lost_disks(state, plex):
        raise not_attachable(plex, f"disk {lost[0]} has no device")
    if plex.volume == 0:
        check_count(volume, len(state.plexes(volume)))
    runs = volume.kstate == "ENABLED"
    kstate, plex_state = ("ENABLED", "ACTIVE") if runs else ("DISABLED", "STALE")
    return [ev.PlexAttached(plex.space, plex.rid, volume.rid, kstate, plex_state)]


def dissociate(state: State, command: cmd.DissociatePlex) -> list[ev.AnyEvent]:
    """Take a plex from its volume; a volume that runs keeps one that does."""
    group = need_group(state, command.group)
    plex = need(state, group, Plex, command.plex)
    events: list[ev.AnyEvent] = []
    if plex.volume:
        check_not_last(state, plex)
        events.append(ev.PlexDissociated(plex.space, plex.rid))
    elif not command.remove:
        raise Rejected(
            "V-5-1-1279",
            f"Plex {plex.name} is dissociated already",
            fix=f"end it with 'vxplex -g {group.name} -o rm dis {plex.name}'",
            rule="D2",
        )
    return events + (plex_removal(state, plex) if command.remove else [])


def lost_disks(state: State, plex: Plex) -> list[str]:
    """Return the disks below a plex that have no device, by name."""
    found = (state.get((plex.space, subdisk.disk)) for subdisk in state.subdisks(plex))
    return sorted({disk.name for disk in found if isinstance(disk, Disk) and disk.state})


def check_count(volume: Volume, count: int) -> None:
    """Refuse another plex where there are as many as there may be.

    Raises:
        Rejected: there are.
    """
    if count >= PLEXES_MAX:
        raise Rejected(
            "V-5-1-15317",
            f"Volume {volume.name} has {count} plexes",
            cause=f"a volume has at most {PLEXES_MAX}",
            rule="D2",
        )


def check_not_last(state: State, plex: Plex) -> None:
    """Refuse to take the last complete copy from a volume, or the last that runs.

    Raises:
        Rejected: it is that.
    """
    volume = state.get((plex.space, plex.volume))
    assert isinstance(volume, Volume)
    others = [other for other in state.plexes(volume) if other.rid != plex.rid]
    complete = [other for other in others if other.length >= volume.length]
    if volume.kstate == "ENABLED":
        complete = [other for other in complete if other.kstate == "ENABLED"]
    if not complete:
        raise Rejected(
            "V-5-1-1280",
            f"Plex {plex.name} is the last complete copy of volume {volume.name}",
            cause="a volume has at least one plex that is as long as it is, and runs if it does",
            fix="add another first ('vxassist mirror'), or remove the volume",
            rule="D2",
        )


def not_attachable(plex: Plex, why: str) -> Rejected:
    """Return the refusal to make a plex a copy of a volume."""
    return Rejected(
        "V-5-1-1281",
        f"Plex {plex.name} cannot be attached",
        cause=why,
        fix="'vxprint -ht' shows plexes and volumes",
        rule="D2",
    )
