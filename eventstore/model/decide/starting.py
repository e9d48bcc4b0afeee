"""Starting and stopping volumes: the states of volume and plexes, as tables.

A cycle: made EMPTY/DISABLED -> init -> CLEAN/DISABLED -> start -> ACTIVE/ENABLED -> stop ->
CLEAN/DISABLED. ``vxassist make`` goes through it at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.logs import following
from eventstore.model.decide.names import need, need_group
from eventstore.model.decide.plexes import lost_disks
from eventstore.model.objects import NODEVICE, DiskGroup, Plex, Volume
from eventstore.model.state import State

AT_START = {
    "ACTIVE": ("ENABLED", "ACTIVE"),
    "CLEAN": ("ENABLED", "ACTIVE"),
}
"""State of a plex whose disks are there -> its states once the volume runs."""

AT_START_FROM_A_GOOD_ONE = {
    "STALE": ("ENABLED", "ACTIVE"),
}
"""The same for plexes that are brought up to date from one of the above."""

AT_STOP = {
    "ACTIVE": ("DISABLED", "CLEAN"),
}
"""State of an ENABLED plex -> its states once the volume is stopped."""

UNSYNCED = ("NEEDSYNC", "SYNC")
"""States of a volume whose plexes may differ: it needs recovery, which a start brings."""

AT_INIT = {
    "clean": (("DISABLED", "CLEAN"), ("DISABLED", "CLEAN")),
    "active": (("ENABLED", "ACTIVE"), ("ENABLED", "ACTIVE")),
    "enable": (("ENABLED", "ACTIVE"), ("ENABLED", "EMPTY")),
    "zero": (("ENABLED", "ACTIVE"), ("ENABLED", "ACTIVE")),
}
"""``vxvol init HOW`` -> (states of each plex, states of the volume)."""


def start(state: State, command: cmd.StartVolumes) -> list[ev.AnyEvent]:
    """Make volumes available; those that run already are left alone."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for volume in _chosen(state, group, command.names):
        if volume.kstate != "ENABLED":
            events += _start(state, group, volume, named=bool(command.names))
        elif volume.state in UNSYNCED:
            events.append(ev.VolumeStateSet(volume.space, volume.rid, "ENABLED", "ACTIVE"))
    return _something(events, group, "runs already")


def _start(state: State, group: DiskGroup, volume: Volume, *, named: bool) -> list[ev.AnyEvent]:
    whole = [plex for plex in state.copies(volume) if not lost_disks(state, plex)]
    good = [plex for plex in whole if plex.state in AT_START]
    if not good:
        if not named:
            return []
        raise _no_good_plex(state, group, volume)
    table = {**AT_START, **AT_START_FROM_A_GOOD_ONE}
    events = _set_plexes([(plex, table.get(plex.state)) for plex in whole])
    events += following(state, volume, runs=True)
    return [*events, ev.VolumeStateSet(volume.space, volume.rid, "ENABLED", "ACTIVE")]


def stop(state: State, command: cmd.StopVolumes) -> list[ev.AnyEvent]:
    """Make volumes unavailable; those that do not run are left alone."""
    group = need_group(state, command.group)
    events: list[ev.AnyEvent] = []
    for volume in _chosen(state, group, command.names):
        events += stopping(state, volume)
    return _something(events, group, "does not run")


def stopping(state: State, volume: Volume, *, clean: bool = True) -> list[ev.AnyEvent]:
    """Return the events that stop a volume; none if it does not run.

    One whose plexes may differ does not become CLEAN: the next start makes them the same.
    """
    if volume.kstate != "ENABLED":
        return []
    running = [plex for plex in state.copies(volume) if plex.kstate == "ENABLED"]
    logs = following(state, volume, runs=False)
    if clean and volume.state not in UNSYNCED:
        events = _set_plexes([(plex, AT_STOP.get(plex.state)) for plex in running])
        stopped = ev.VolumeStateSet(volume.space, volume.rid, "DISABLED", "CLEAN")
        return [*events, *logs, stopped]
    events = _set_plexes([(plex, ("DISABLED", plex.state)) for plex in running])
    return [*events, *logs, ev.VolumeStateSet(volume.space, volume.rid, "DISABLED", "NEEDSYNC")]


def init(state: State, command: cmd.InitVolume) -> list[ev.AnyEvent]:
    """Give an EMPTY volume its first state."""
    group = need_group(state, command.group)
    volume = need(state, group, Volume, command.name)
    states = AT_INIT.get(command.how)
    if states is None:
        raise Rejected(
            "V-5-1-1210",
            f"vxvol init {command.how} is not known",
            cause=f"known are {', '.join(AT_INIT)}",
            rule="D2",
        )
    if volume.state != "EMPTY":
        raise Rejected(
            "V-5-1-1211",
            f"Volume {volume.name} is {volume.state}: it can be initialised only while EMPTY",
            fix=f"make a volume with init=none, or start this one: 'vxvol -g {group.name} start "
            f"{volume.name}'",
            rule="D2",
        )
    of_plex, of_volume = states
    plexes = state.copies(volume)
    whole = [plex for plex in plexes if not lost_disks(state, plex)]
    if not whole:
        raise _no_good_plex(state, group, volume)
    # A plex whose disk is missing does not get the first contents: it comes back STALE.
    events = _set_plexes(
        [(plex, of_plex if plex in whole else ("DETACHED", NODEVICE)) for plex in plexes]
    )
    events += following(state, volume, runs=of_volume[0] == "ENABLED")
    return [*events, ev.VolumeStateSet(volume.space, volume.rid, *of_volume)]


def _chosen(state: State, group: DiskGroup, names: Sequence[str]) -> list[Volume]:
    if not names:
        return state.volumes(group)
    return [need(state, group, Volume, name) for name in dict.fromkeys(names)]


def _set_plexes(wanted: list[tuple[Plex, tuple[str, str] | None]]) -> list[ev.AnyEvent]:
    return [
        ev.PlexStateSet(plex.space, plex.rid, *states)
        for plex, states in wanted
        if states is not None and states != (plex.kstate, plex.state)
    ]


def _something(events: list[ev.AnyEvent], group: DiskGroup, otherwise: str) -> list[ev.AnyEvent]:
    """Refuse what would change nothing: a commit says that something did.

    Raises:
        Rejected: there is nothing to do.
    """
    if events:
        return events
    raise Rejected(
        "V-5-1-1212",
        f"Disk group {group.name}: nothing to do",
        cause=f"every volume that is meant {otherwise}, or cannot",
        fix=f"'vxprint -g {group.name} -v' shows the states",
        rule="D2",
    )


def _no_good_plex(state: State, group: DiskGroup, volume: Volume) -> Rejected:
    plexes = state.copies(volume)
    lost = sorted({name for plex in plexes for name in lost_disks(state, plex)})
    told = [f"disk {', '.join(lost)} has no device"] if lost else []
    told += [f"plex {plex.name} is {plex.state or '-'}" for plex in plexes]
    empty = f"initialise it: 'vxvol -g {group.name} init active {volume.name}'"
    return Rejected(
        "V-5-1-1199",
        f"Volume {volume.name} has no CLEAN or ACTIVE plex to start from",
        cause="; ".join(told),
        fix=empty if volume.state == "EMPTY" else "bring its disks back first",
        rule="D2",
    )
