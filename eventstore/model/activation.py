"""Activation modes of shared disk groups: what each node may do, and which modes go together (F1).

The state keeps them with the disk group, a node at a time; a node that is not named is off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from msgspec.structs import replace

from eventstore.model.group_events import ActivationSet
from eventstore.model.objects import HEADER_RID, Activation, Change, DiskGroup
from eventstore.model.state import State

Changes = tuple[Change, ...]
Access = Literal["none", "read", "write"]

OFF = "off"

MODES: dict[str, str] = {
    "ew": "ew",
    "exclusivewrite": "ew",
    "exclusive-write": "ew",
    "ro": "ro",
    "readonly": "ro",
    "read-only": "ro",
    "sr": "sr",
    "sharedread": "sr",
    "shared-read": "sr",
    "sw": "sw",
    "sharedwrite": "sw",
    "shared-write": "sw",
    "off": OFF,
}
"""What a utility may say -> the mode."""

ACCESS: dict[str, Access] = {
    "ew": "write",
    "sw": "write",
    "ro": "read",
    "sr": "read",
    OFF: "none",
}
"""Mode -> what the node may do with the volumes of the group."""

TOGETHER: dict[tuple[str, str], bool] = {
    ("ew", "ew"): False,
    ("ew", "ro"): False,
    ("ew", "sr"): True,
    ("ew", "sw"): False,
    ("ro", "ew"): False,
    ("ro", "ro"): True,
    ("ro", "sr"): True,
    ("ro", "sw"): False,
    ("sr", "ew"): True,
    ("sr", "ro"): True,
    ("sr", "sr"): True,
    ("sr", "sw"): True,
    ("sw", "ew"): False,
    ("sw", "ro"): False,
    ("sw", "sr"): True,
    ("sw", "sw"): True,
}
"""(held by one node, asked for by another) -> whether both can be; `off` is in nobody's way."""


def mode_of(group: DiskGroup, node: str) -> str:
    """Return a node's activation mode of a group."""
    return next((held.mode for held in group.activations if held.node == node), OFF)


def access(group: DiskGroup, node: str) -> Access:
    """Return what a node may do with the volumes of a shared group that are started."""
    return ACCESS[mode_of(group, node)]


def conflicts(group: DiskGroup, node: str, mode: str) -> list[Activation]:
    """Return what other nodes hold that stands against a mode."""
    others = [held for held in group.activations if held.node != node]
    return [held for held in others if mode != OFF and not TOGETHER[held.mode, mode]]


def activated(state: State) -> list[DiskGroup]:
    """Return the groups that some node has activated, by ID."""
    headers = (state.get((space, HEADER_RID)) for space in sorted(state.spaces))
    return [group for group in headers if isinstance(group, DiskGroup) and group.activations]


def held_by(state: State, node: str) -> list[tuple[DiskGroup, str]]:
    """Return the groups that a node has activated, each with its mode."""
    found = ((group, mode_of(group, node)) for group in activated(state))
    return [(group, mode) for group, mode in found if mode != OFF]


def activates(events: Iterable[object], node: str) -> bool:
    """Whether events give a node an activation."""
    found = (event for event in events if isinstance(event, ActivationSet))
    return any(event.node == node and event.mode != OFF for event in found)


def set_mode(state: State, e: ActivationSet) -> Changes:
    """Set a node's mode of a group."""
    group = cast("DiskGroup", state.spaces[e.dgid].records[HEADER_RID])
    held = [one for one in group.activations if one.node != e.node]
    if e.mode != OFF:
        held.append(Activation(e.node, e.mode))
    return _keep(state, group, held)


def give_up(state: State, nodes: set[str]) -> Changes:
    """Turn off everything that some nodes had activated."""
    changes: Changes = ()
    for group in activated(state):
        held = [one for one in group.activations if one.node not in nodes]
        if len(held) < len(group.activations):
            changes += _keep(state, group, held)
    return changes


def _keep(state: State, group: DiskGroup, held: list[Activation]) -> Changes:
    kept = tuple(sorted(held, key=lambda one: one.node))
    after = replace(group, activations=kept)
    state.spaces[group.space].records[HEADER_RID] = after
    return (((group.space, HEADER_RID), group, after),)
