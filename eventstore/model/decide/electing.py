"""What an election takes with it: what nodes that are gone left behind (B1, B7, F1).

All of it is in one commit with `MasterElected`: what was activated is known only before it, and
must not be forgotten between it and a commit of its own.
"""

from __future__ import annotations

from eventstore.model import events as ev
from eventstore.model.activation import ACCESS, activated, held_by
from eventstore.model.cluster import came_anew, joined_nodes, seat
from eventstore.model.decide.starting import stopping
from eventstore.model.objects import DiskGroup
from eventstore.model.state import State

NEEDSYNC = "NEEDSYNC"
"""State of a volume whose copies may differ: a node went while it could write to them."""


def election(state: State, elected: ev.MasterElected) -> tuple[ev.AnyEvent, ...]:
    """Return an election's events: itself, who left, what has to be recovered or put away."""
    gone = [name for name in joined_nodes(state) if name not in elected.nodes]
    events: list[ev.AnyEvent] = [elected]
    events += [ev.NodeLeft(name, clean=not held_by(state, name)) for name in gone]
    lost = came_anew(state, elected)
    for group in activated(state):
        if any(held.node in lost and ACCESS[held.mode] == "write" for held in group.activations):
            events += _needing_recovery(state, group)
    if _is_start(state, elected):
        for group in state.groups():
            events += _not_imported(state, group) if group.noautoimport else []
    return tuple(events)


def _needing_recovery(state: State, group: DiskGroup) -> list[ev.AnyEvent]:
    """Mark the started volumes of a group that a node wrote to when it went (B7)."""
    return [
        ev.VolumeStateSet(volume.space, volume.rid, volume.kstate, NEEDSYNC)
        for volume in state.volumes(group)
        if volume.kstate == "ENABLED" and volume.state == "ACTIVE"
    ]


def _is_start(state: State, elected: ev.MasterElected) -> bool:
    """Whether no node is in the cluster since before: its groups are imported anew (B1)."""
    seats = (seat(state, name) for name in elected.nodes)
    before = {found.name: found.boot_id for found in seats if found is not None}
    here = zip(elected.nodes, elected.boot_ids, strict=True)
    return all(before.get(name, "") != boot_id for name, boot_id in here)


def _not_imported(state: State, group: DiskGroup) -> list[ev.AnyEvent]:
    """Put away a group that the start of the cluster does not import (B1).

    What a node wrote to when it went keeps the state that says so, for the next start.
    """
    stopped: list[ev.AnyEvent] = []
    written = any(ACCESS[held.mode] == "write" for held in group.activations)
    for volume in state.volumes(group):
        stopped += stopping(state, volume, clean=not written)
    return [*stopped, ev.DiskGroupDeported(group.space)]
