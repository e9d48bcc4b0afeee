"""Who is in the cluster: the state of every node, and the views that follow from it.

Pure. Nodes that see each other make one partition; it has an order of succession and a master.
A partition is quorate if its nodes are more than half of the configured ones, so that at most one
is. A view is a partition as it is announced; its number is given to nothing else, ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from daemon.core.ready import Held
from daemon.core.view import View, ViewNode, is_majority
from eventstore.errors import NotFound
from eventstore.model.objects import Key

Load = Literal["busy", "stuck"]
"""What I/O in flight does to a hold: it waits until the I/O has ended, or it fails."""

NEVER_JOINED = "not joined yet"


class Holding(Struct, frozen=True):
    """I/O that a node's kernel was asked to hold; `held` once none is in flight (D4)."""

    number: int
    volumes: tuple[Key, ...]
    held: bool = False


class InFlight(Struct, frozen=True):
    """I/O in flight on a node: on one volume, or (None) on whatever is asked about."""

    load: Load
    volume: Key | None = None


class Faults(Struct, frozen=True):
    """How the monitor misbehaves, within what the protocol allows a kernel.

    `late_ms`: views are told so much later. `doubled`: each is told twice. `reordered`: each is
    followed by the one before it, and then by itself again. `detect_ms`: what happens to a node
    is found out so much later. `only`: the nodes that are told so; empty: all.
    """

    late_ms: int = 0
    doubled: bool = False
    reordered: bool = False
    detect_ms: int = 0
    only: tuple[str, ...] = ()


class NodeState(Struct, frozen=True):
    """One configured node.

    `wanted`: it joins as soon as its daemon is there. `reason`: why it is out. `run` is what the
    last run of its daemon calls itself, `runs` the number of that run, `daemon` the same number
    while it is attached, `taken` the last of its directives. `joined`: the master said so (B6).
    `side` is its part of the network. `number` is that of the view in which it learnt that it is
    out.
    """

    boot_id: str
    wanted: bool = True
    reason: str = NEVER_JOINED
    run: str = ""
    runs: int = 0
    daemon: int = 0
    address: str = ""
    taken: int = 0
    joined: bool = False
    side: int = 0
    number: int = 0
    holding: Holding | None = None
    in_flight: tuple[InFlight, ...] = ()


class Partition(Struct, frozen=True):
    """Nodes in the cluster that see each other, in succession order; `number` is of its view."""

    side: int
    succession: tuple[str, ...]
    master: str
    number: int = 0


class Members(Struct, frozen=True):
    """The membership; `number` is the last that a view was given.

    `restart` is the command that starts a daemon which was found dead (E6), with "{node}" for its
    node; empty: none is started.
    """

    nodes: dict[str, NodeState]
    partitions: tuple[Partition, ...] = ()
    cluster_id: str = ""
    number: int = 0
    faults: Faults = Faults()
    restart: tuple[str, ...] = ()

    def node(self, name: str) -> NodeState:
        """Return a configured node.

        Raises:
            NotFound: it is not one of ours.

        """
        if name not in self.nodes:
            raise NotFound(
                "V-5-1-9013",
                f"unknown node: {name}",
                cause=f"the monitor serves {', '.join(self.nodes)}",
            )
        return self.nodes[name]

    def partition_of(self, name: str) -> Partition | None:
        """Return the partition that a node is in; None if it is out of the cluster."""
        return next((p for p in self.partitions if name in p.succession), None)

    def is_quorate(self, partition: Partition) -> bool:
        """Whether a partition's nodes are more than half of the configured ones."""
        return is_majority(len(partition.succession), len(self.nodes))

    def view_of(self, name: str) -> View:
        """Return what a node's kernel says of the membership; a node that is out sees nobody."""
        partition = self.partition_of(name)
        if partition is None:
            number = self.nodes[name].number
            return View(self.cluster_id, (), "", quorate=False, number=number)
        states = ((other, self.nodes[other]) for other in partition.succession)
        nodes = tuple(ViewNode(n, s.boot_id, s.daemon, s.address) for n, s in states)
        quorate = self.is_quorate(partition)
        return View(self.cluster_id, nodes, partition.master, quorate, partition.number)

    def without_daemon(self) -> tuple[str, ...]:
        """Return the nodes that are in the cluster while their daemon is down (E6)."""
        inside = (name for p in self.partitions for name in p.succession)
        return tuple(name for name in inside if not self.nodes[name].daemon)

    def cut_pairs(self) -> list[tuple[str, str]]:
        """Return every two nodes that do not reach each other, also before it is found out."""
        names = list(self.nodes)
        return [
            (one, other)
            for at, one in enumerate(names)
            for other in names[at + 1 :]
            if self.nodes[one].side != self.nodes[other].side
        ]

    def with_node(self, name: str, **changes: Any) -> Members:
        """Return the membership with something else true of a node."""
        changed = msgspec.structs.replace(self.node(name), **changes)
        return msgspec.structs.replace(self, nodes={**self.nodes, name: changed})


class Step(NamedTuple):
    """A membership whose views are not numbered yet; what kernels answer; what was not done."""

    members: Members
    held: Mapping[str, Held] = {}
    note: str = ""


def found(nodes: Iterable[str], boot_id: str, cluster_id: str = "") -> Members:
    """Make the membership of a cluster that no node has joined yet."""
    states = {name: NodeState(f"{boot_id}/{name}") for name in nodes}
    return Members(states, cluster_id=cluster_id)


def numbered(before: Members, after: Members) -> tuple[Members, frozenset[str]]:
    """Give each view that is a new one a number of its own; return who is to be told of one."""
    number, told, partitions = after.number, set[str](), []
    for partition in after.partitions:
        nodes = partition.succession
        if any(not _sees_the_same(before, after, name) for name in nodes):
            number += 1
            told.update(nodes)
            partition = msgspec.structs.replace(partition, number=number)  # noqa: PLW2901
        partitions.append(partition)
    states = dict(after.nodes)
    for name, state in after.nodes.items():
        if after.partition_of(name) is None and not _sees_the_same(before, after, name):
            number += 1
            told.add(name)
            states[name] = msgspec.structs.replace(state, number=number)
    changed = msgspec.structs.replace(
        after, nodes=states, partitions=tuple(partitions), number=number
    )
    return changed, frozenset(told)


def _sees_the_same(before: Members, after: Members, name: str) -> bool:
    if name not in before.nodes:
        return False
    return after.view_of(name).says_the_same(before.view_of(name))


def entered(members: Members, name: str) -> Members:
    """Let a node into the partition of its side, at the end of the succession."""
    side = members.nodes[name].side
    partitions = list(members.partitions)
    for at, partition in enumerate(partitions):
        if partition.side == side:
            longer = (*partition.succession, name)
            partitions[at] = msgspec.structs.replace(partition, succession=longer)
            break
    else:
        partitions.append(Partition(side, (name,), name))
    changed = members.with_node(name, wanted=True, reason="", joined=False)
    return msgspec.structs.replace(changed, partitions=tuple(partitions))


def left(members: Members, name: str, reason: str) -> Members:
    """Take a node out of the cluster; if it was master the next in succession is it now (B9)."""
    rest = (_without(partition, name) for partition in members.partitions)
    partitions = tuple(partition for partition in rest if partition.succession)
    changed = members.with_node(name, wanted=False, reason=reason, joined=False, holding=None)
    return msgspec.structs.replace(changed, partitions=partitions)


def _without(partition: Partition, name: str) -> Partition:
    succession = tuple(other for other in partition.succession if other != name)
    master = _kept(partition.master, succession)
    return msgspec.structs.replace(partition, succession=succession, master=master)


def _kept(master: str, succession: tuple[str, ...]) -> str:
    """Return the master while its node is there, else the next in succession (B9, E2)."""
    return master if master in succession or not succession else succession[0]


def regrouped(members: Members) -> Members:
    """Make the partitions anew from who reaches whom.

    Where several come together the quorate one stays as it is, otherwise the largest: its master
    stays, and the nodes of the others follow at the end of its succession.
    """
    strongest = sorted(
        members.partitions, key=lambda p: (not members.is_quorate(p), -len(p.succession))
    )
    pieces: dict[int, list[tuple[str, tuple[str, ...]]]] = {}
    for partition in strongest:
        sides = dict.fromkeys(members.nodes[name].side for name in partition.succession)
        for side in sides:
            names = tuple(n for n in partition.succession if members.nodes[n].side == side)
            pieces.setdefault(side, []).append((partition.master, names))
    partitions = tuple(_together(members, side, parts) for side, parts in pieces.items())
    return msgspec.structs.replace(members, partitions=partitions)


def _together(members: Members, side: int, pieces: list[tuple[str, tuple[str, ...]]]) -> Partition:
    succession = tuple(name for _master, names in pieces for name in names)
    before = members.partition_of(succession[0])
    number = 0 if before is None else before.number
    # The first piece's master, if it is here, else the first of that piece.
    return Partition(side, succession, _kept(pieces[0][0], succession), number)
