"""The nodes that a cluster is configured with: one at a time is added or removed (B11)."""

from __future__ import annotations

from collections.abc import Sequence

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd, events as ev
from eventstore.model.cluster import header, joined_nodes
from eventstore.model.decide.names import check_name
from eventstore.model.objects import Cluster
from eventstore.model.state import State

NODES_MAX = 64
"""The original's limit on the nodes of a cluster."""


def add(state: State, command: cmd.AddNode) -> list[ev.AnyEvent]:
    """Add a node; it joins once it is started."""
    cluster = _cluster(state)
    check_name("Node", command.node)
    if command.node in cluster.nodes:
        raise Rejected(
            "V-5-1-9103",
            f"Node {command.node} is one of the configured nodes already",
            cause=f"they are {', '.join(cluster.nodes)}",
            fix="start it: it joins then",
            rule="B11",
        )
    if len(cluster.nodes) >= NODES_MAX:
        raise Rejected(
            "V-5-1-9104",
            f"Node {command.node} cannot be added: the cluster has {len(cluster.nodes)} nodes",
            cause=f"a cluster has at most {NODES_MAX}",
            fix="remove one that is gone for good: 'vx cluster remove NODE'",
            rule="B11",
        )
    return [ev.ConfiguredNodesChanged((*cluster.nodes, command.node))]


def remove(state: State, command: cmd.RemoveNode) -> list[ev.AnyEvent]:
    """Remove a node that has left the cluster; one at least stays."""
    cluster = _cluster(state)
    if command.node not in cluster.nodes:
        raise NotFound(
            "V-5-1-9105",
            f"Node {command.node} is none of the configured nodes",
            cause=f"they are {', '.join(cluster.nodes)}",
            fix="name one of them",
            rule="B11",
        )
    if command.node in joined_nodes(state):
        raise Rejected(
            "V-5-1-9106",
            f"Node {command.node} is in the cluster",
            cause="it counts, and has a say in every change",
            fix="let it leave first, and be noticed: 'vx status' shows who is in",
            rule="B11",
        )
    left = tuple(name for name in cluster.nodes if name != command.node)
    return [ev.ConfiguredNodesChanged(left)]


def majority_objection(events: Sequence[ev.AnyEvent], members: Sequence[str]) -> Rejected | None:
    """Return why members cannot change the nodes: they have to be a majority of the new ones too.

    That they are one of those before is what lets them change anything (C1).
    """
    for event in events:
        if not isinstance(event, ev.ConfiguredNodesChanged):
            continue
        here = [name for name in event.nodes if name in members]
        if 2 * len(here) <= len(event.nodes):
            return Rejected(
                "V-5-1-9107",
                "the nodes that are here are no majority of what the configured nodes would be",
                cause=f"{len(here)} of {len(event.nodes)} are: {', '.join(here) or 'none'}",
                fix="start more of the cluster's nodes first",
                rule="B11",
            )
    return None


def is_alone(events: Sequence[ev.AnyEvent]) -> bool:
    """Whether events are a reconfiguration of their own, with no other in the same proposal."""
    return any(isinstance(event, ev.ConfiguredNodesChanged) for event in events)


def _cluster(state: State) -> Cluster:
    found = header(state)
    if found is None:
        raise Rejected(
            "V-5-1-9108",
            "the nodes of the cluster are not in a node's own log",
            cause="they are in the shared log, which all nodes have",
            fix="ask the daemon of a node that is in the cluster",
            rule="B11",
        )
    return found
