"""Activating a shared disk group on a node, and what an active one allows (F1).

`off` stands in nobody's way. From one mode to another a node passes through it, so that nothing
that runs on the node finds its mode changed.
"""

from __future__ import annotations

from msgspec.structs import replace

from eventstore.errors import Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.activation import MODES, OFF, conflicts, mode_of
from eventstore.model.cluster import header, joined_nodes
from eventstore.model.decide import moving
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.names import need_group
from eventstore.model.objects import HEADER_RID, Activation, DiskGroup, rid_text
from eventstore.model.state import State

ATTRIBUTE = "activation"


def set_attributes(state: State, command: cmd.SetDiskGroup, moment: Moment) -> list[ev.AnyEvent]:
    """Set attributes of a group, its activation on the asking node among them; all or none."""
    group = need_group(state, command.group)
    values = dict(command.values)
    wanted = values.pop(ATTRIBUTE, None)
    if wanted is None:
        return moving.set_attributes(state, command)
    events = [_activation(state, group, wanted, moment.node)]
    return events + (
        moving.set_attributes(state, replace(command, values=values)) if values else []
    )


def _activation(state: State, group: DiskGroup, wanted: str, node: str) -> ev.AnyEvent:
    if header(state) is None:
        raise _not_shared(group)
    mode = MODES.get(wanted)
    if mode is None:
        raise _no_mode(wanted)
    if node not in joined_nodes(state):
        raise _not_joined(group, node)
    before = mode_of(group, node)
    if mode == before:
        raise _is_so_already(group, node, mode)
    if OFF not in (mode, before):
        raise _through_off(group, before, mode)
    against = conflicts(group, node, mode)
    if against:
        raise _conflict(group, mode, against)
    return ev.ActivationSet(group.space, node, mode)


def put_away(state: State, name: str, node: str) -> list[ev.AnyEvent]:
    """Return the events that give up the asking node's activation of a group that goes.

    Raises:
        Rejected: another node has activated it.
    """
    group = need_group(state, name)
    others = [held for held in group.activations if held.node != node]
    if others:
        raise _in_use(group, others)
    return [ev.ActivationSet(group.space, held.node, OFF) for held in group.activations]


def words(held: list[Activation]) -> str:
    """Return modes in the original's form, ``node0=ew node1=off``."""
    return " ".join(f"{one.node}={one.mode}" for one in held)


def _not_shared(group: DiskGroup) -> Rejected:
    return Rejected(
        "V-5-1-7990",
        f"Disk group {group.name} is not shared",
        cause="only a shared disk group is activated on a node; a private one is its host's",
        fix="make a shared one with 'vxdg -s init'",
        rule="F1",
    )


def _no_mode(wanted: str) -> Rejected:
    return Rejected(
        "V-5-1-7991",
        f"activation={wanted} is no activation mode",
        cause="known are exclusivewrite (ew), readonly (ro), sharedread (sr), sharedwrite (sw), "
        "off",
        fix="name one of them",
        rule="F1",
    )


def _not_joined(group: DiskGroup, node: str) -> Rejected:
    return Rejected(
        "V-5-1-7992",
        f"Disk group {group.name}: node {node} has not joined the cluster",
        cause="a shared disk group is activated by nodes of the cluster",
        fix="ask again once the node has joined: 'vx status' shows it",
        rule="F1",
    )


def _is_so_already(group: DiskGroup, node: str, mode: str) -> Rejected:
    return Rejected(
        "V-5-1-7993",
        f"Disk group {group.name}: activation on {node} is {mode} already",
        fix=f"'vxdg list {group.name}' shows the modes",
        rule="F1",
    )


def _through_off(group: DiskGroup, before: str, mode: str) -> Rejected:
    return Rejected(
        "V-5-1-7994",
        f"Disk group {group.name}: activation cannot change from {before} to {mode}",
        cause="a change from one mode to another passes through off",
        fix=f"first 'vxdg -g {group.name} set activation=off'",
        rule="F1",
    )


def _conflict(group: DiskGroup, mode: str, against: list[Activation]) -> Rejected:
    return Rejected(
        "V-5-1-7995",
        f"Disk group {group.name}: activation={mode} conflicts with other nodes",
        cause=f"it is active there: {words(against)}",
        fix="take another mode, or turn the others off there",
        rule="F1",
        node=against[0].node,
        about=rid_text((group.space, HEADER_RID)),
    )


def _in_use(group: DiskGroup, others: list[Activation]) -> Rejected:
    return Rejected(
        "V-5-1-7996",
        f"Disk group {group.name} is in use on other nodes",
        cause=f"it is active there: {words(others)}",
        fix=f"turn it off there: 'vxdg -g {group.name} set activation=off'",
        rule="F1",
        node=others[0].node,
    )
