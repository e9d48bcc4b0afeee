"""The cluster as the shared log has it: who is configured, elected, a member, joined.

What the events of the cluster do to the header of the shared log's own space, and the questions
that the protocol asks of it. A log without a first commit is nobody's: all questions say so by
being empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from eventstore.model.activation import give_up
from eventstore.model.cluster_events import (
    ConfiguredNodesChanged,
    MasterElected,
    NodeJoined,
    NodeLeft,
    VersionRaised,
)
from eventstore.model.objects import OWN_HEADER, Change, Cluster, Seat
from eventstore.model.state import State

Changes = tuple[Change, ...]


def header(state: State) -> Cluster | None:
    """Return the cluster's record; None in a log that is blank."""
    found = state.get(OWN_HEADER)
    return found if isinstance(found, Cluster) else None


def is_shared(state: State) -> bool:
    """Whether a state is that of the shared log: its own record is the cluster's."""
    return header(state) is not None


def configured(state: State) -> tuple[str, ...]:
    """Return the nodes that the cluster was set up with."""
    cluster = header(state)
    return () if cluster is None else cluster.nodes


def elected_term(state: State) -> int:
    """Return the term of the last `MasterElected`, 0 before the first."""
    cluster = header(state)
    return 0 if cluster is None else cluster.term


def seat(state: State, node: str) -> Seat | None:
    """Return a node's place in the cluster, None if it never was in it."""
    cluster = header(state)
    seats = () if cluster is None else cluster.seats
    return next((found for found in seats if found.name == node), None)


def joined_nodes(state: State) -> tuple[str, ...]:
    """Return the nodes that have joined and not left."""
    cluster = header(state)
    return () if cluster is None else tuple(s.name for s in cluster.seats if s.joined)


def came_anew(state: State, e: MasterElected) -> set[str]:
    """Return the nodes of an earlier term that are gone, or that started anew since."""
    boots = dict(zip(e.nodes, e.boot_ids, strict=False))
    seats = _cluster(state).seats
    return {found.name for found in seats if boots.get(found.name) != found.boot_id}


def elect(state: State, e: MasterElected) -> Changes:
    """Begin a term: who is a member of it, and what those who are no longer had stored (C3).

    A node that is absent, or started anew, has nothing activated any more (F1).
    """
    given_up = give_up(state, came_anew(state, e))
    boots = dict(zip(e.nodes, e.boot_ids, strict=False))
    before = {found.name: found for found in _cluster(state).seats}
    seats = []
    for name in sorted({*before, *boots, *e.members}):
        known = before.get(name, Seat(name))
        boot_id = boots.get(name, known.boot_id)
        if name in e.members:
            seats.append(replace(known, boot_id=boot_id, member=True, stored_through=0))
        elif known.member:
            stored = e.first - 1
            seats.append(replace(known, boot_id=boot_id, member=False, stored_through=stored))
        else:
            seats.append(replace(known, boot_id=boot_id))
    seated = tuple(seats)
    began = _set(state, term=e.term, master=e.master, seats=seated, regular=e.first - 1)
    return (*given_up, *began)


def join(state: State, e: NodeJoined) -> Changes:
    """Let a node count from here on (B6)."""
    return _seat(state, e.node, joined=True)


def leave(state: State, e: NodeLeft) -> Changes:
    """Let a node count no longer (B7)."""
    return _seat(state, e.node, joined=False)


def raise_version(state: State, e: VersionRaised) -> Changes:
    """Speak a later version of the protocol (B5)."""
    return _set(state, protocol=e.protocol)


def configure(state: State, e: ConfiguredNodesChanged) -> Changes:
    """Set the configured nodes (B11)."""
    return _set(state, nodes=e.nodes)


def _cluster(state: State) -> Cluster:
    found = header(state)
    if found is None:
        raise KeyError("the log does not begin with a cluster")
    return found


def _set(state: State, **fields: object) -> Changes:
    before = _cluster(state)
    after = replace(before, **fields)
    state.spaces[OWN_HEADER[0]].records[OWN_HEADER[1]] = after
    return ((OWN_HEADER, before, after),)


def _seat(state: State, node: str, **fields: object) -> Changes:
    cluster = _cluster(state)
    seats = tuple(
        replace(found, **fields) if found.name == node else found for found in cluster.seats
    )
    return _set(state, seats=seats)


HANDLERS: dict[type, Callable[[State, Any], Changes]] = {
    MasterElected: elect,
    NodeJoined: join,
    NodeLeft: leave,
    VersionRaised: raise_version,
    ConfiguredNodesChanged: configure,
}
"""What each event of the cluster does."""
