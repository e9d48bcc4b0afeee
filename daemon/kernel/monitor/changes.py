"""What can happen to the membership: state and request give the state after, and whom to tell.

Pure. A request that cannot be raises and changes nothing. What a daemon asks of its kernel is
taken once: directives are numbered within a run of it, and one that was taken is not taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from daemon.core.ready import Directive, Held
from daemon.kernel.monitor import directed, members as mb
from daemon.kernel.monitor.members import Faults, InFlight, Load, Members, Step
from eventstore.errors import Rejected
from eventstore.model.objects import Key

STOPPED = "user initiated stop"
ABORTED = "user initiated abort"

MAX_DELAY_MS = 60_000
"""A fault that lasts longer than a minute is another fault."""


class Attach(Struct, frozen=True):
    """A daemon is there; `run` is what this run of it calls itself."""

    node: str
    run: str
    address: str = ""
    cluster_id: str = ""


class Detach(Struct, frozen=True):
    """The run `daemon` of a node's daemon is found to be gone."""

    node: str
    daemon: int


class Join(Struct, frozen=True):
    """A node is to join, at once or as soon as its daemon is there."""

    node: str


class Leave(Struct, frozen=True):
    """A node leaves cleanly: none of its volumes is in use (B8)."""

    node: str


class Abort(Struct, frozen=True):
    """A node crashes; when it comes back it is another boot."""

    node: str
    boot_id: str


class SetMaster(Struct, frozen=True):
    """Another node is to be master."""

    node: str


class Cut(Struct, frozen=True):
    """These nodes are cut off from the others; it is not found out yet."""

    nodes: tuple[str, ...]


class Heal(Struct, frozen=True):
    """Every node reaches every other again; it is not found out yet."""


class Detect(Struct, frozen=True):
    """It is found out who reaches whom."""


class Directed(Struct, frozen=True):
    """The run `run` of a node's daemon gives its kernel its directive of this number."""

    node: str
    run: str
    number: int
    directive: Directive


class Traffic(Struct, frozen=True):
    """I/O begins (`load`) or ends (None) on a node: on a volume, or on whatever is asked about."""

    node: str
    load: Load | None
    volume: Key | None = None


class Misbehave(Struct, frozen=True):
    """From now on the monitor tells and finds out in this way."""

    faults: Faults


class Restart(Struct, frozen=True):
    """From now on a daemon that is found dead is started by this command; empty: by none (E6)."""

    command: tuple[str, ...] = ()


class Boot(Struct, frozen=True):
    """All nodes start anew, whatever they were: no daemon runs yet, nothing is cut or held."""

    boot_ids: dict[str, str]


class Add(Struct, frozen=True):
    """A node more is one of the configured ones; it joins when it is told to (B11)."""

    node: str
    boot_id: str


class Remove(Struct, frozen=True):
    """A node that is out is none of the configured ones any more (B11)."""

    node: str


Request = (
    Attach | Detach | Join | Leave | Abort | SetMaster | Cut | Heal | Detect | Directed | Traffic
    | Misbehave | Restart | Boot | Add | Remove
)  # fmt: skip


class Outcome(NamedTuple):
    """The membership after a request.

    `told`: nodes that see a new view. `held`: what kernels answer about a hold, by node. `note`
    says what was left undone, and why.
    """

    members: Members
    told: frozenset[str] = frozenset()
    held: Mapping[str, Held] = {}
    note: str = ""


def apply(members: Members, request: Request) -> Outcome:
    """Let something happen to the membership.

    Raises:
        NotFound: an unknown node.
        Rejected: it cannot be.

    """
    step = _CHANGES[type(request)](members, request)
    changed, told = mb.numbered(members, step.members)
    return Outcome(changed, told, step.held, step.note)


def _attach(members: Members, asked: Attach) -> Step:
    state = members.node(asked.node)
    theirs, ours = asked.cluster_id, members.cluster_id
    if theirs and ours and theirs != ours:
        raise Rejected(
            "V-5-1-9070",
            f"node {asked.node} belongs to another cluster",
            cause=f"its home is of cluster {theirs}, the monitor serves {ours}",
            fix="name the socket of its own monitor in config.toml",
        )
    again = state.run == asked.run
    number = state.runs if again else state.runs + 1
    changed = members.with_node(
        asked.node,
        run=asked.run,
        runs=number,
        daemon=number,
        address=asked.address,
        taken=state.taken if again else 0,
    )
    changed = msgspec.structs.replace(changed, cluster_id=ours or theirs)
    if state.wanted and members.partition_of(asked.node) is None:
        changed = mb.entered(changed, asked.node)
    return Step(changed)


def _detach(members: Members, said: Detach) -> Step:
    if members.node(said.node).daemon != said.daemon:
        return Step(members)
    return Step(members.with_node(said.node, daemon=0))


def _join(members: Members, asked: Join) -> Step:
    state = members.node(asked.node)
    if members.partition_of(asked.node) is not None:
        raise Rejected("V-5-1-9071", f"node {asked.node} is in the cluster already")
    if state.daemon:
        return Step(mb.entered(members, asked.node))
    return Step(members.with_node(asked.node, wanted=True))


def _leave(members: Members, asked: Leave) -> Step:
    check_inside(members, asked.node)
    return Step(mb.left(members, asked.node, STOPPED))


def _abort(members: Members, asked: Abort) -> Step:
    check_inside(members, asked.node)
    gone = mb.left(members, asked.node, ABORTED)
    changes: dict[str, Any] = {"boot_id": asked.boot_id, "daemon": 0, "run": ""}
    return Step(gone.with_node(asked.node, holding=None, in_flight=(), **changes))


def check_inside(members: Members, name: str) -> None:
    """Make sure that a node is in the cluster.

    Raises:
        NotFound: it is not one of ours.
        Rejected: it is out.

    """
    reason = members.node(name).reason
    if members.partition_of(name) is None:
        raise Rejected("V-5-1-9072", f"node {name} is out of the cluster", cause=reason)


def _set_master(members: Members, asked: SetMaster) -> Step:
    check_inside(members, asked.node)
    partition = members.partition_of(asked.node)
    assert partition is not None
    if partition.master == asked.node:
        raise Rejected("V-5-1-9073", f"node {asked.node} is master already")
    state = members.nodes[asked.node]
    if not (state.daemon and state.joined and members.is_quorate(partition)):
        raise Rejected(
            "V-5-1-9074",
            f"node {asked.node} cannot be master now",
            cause=_why_no_master(members, asked.node),
            fix="wait until it has joined, and is in quorum",
        )
    others = (p for p in members.partitions if p is not partition)
    mastered = msgspec.structs.replace(partition, master=asked.node)
    return Step(msgspec.structs.replace(members, partitions=(mastered, *others)))


def _why_no_master(members: Members, name: str) -> str:
    if not members.nodes[name].daemon:
        return "its daemon does not run"
    if not members.nodes[name].joined:
        return "its join is not complete"
    return "its side of the network is not in quorum"


def _cut(members: Members, asked: Cut) -> Step:
    for name in asked.nodes:
        members.node(name)
    if not asked.nodes or set(asked.nodes) == set(members.nodes):
        raise Rejected(
            "V-5-1-9075",
            "nothing to cut: name some of the nodes, and not all",
            cause=f"the nodes are {', '.join(members.nodes)}",
        )
    side = 1 + max(state.side for state in members.nodes.values())
    changed = members
    for name in asked.nodes:
        changed = changed.with_node(name, side=side)
    return Step(changed)


def _heal(members: Members, _asked: Heal) -> Step:
    changed = members
    for name in members.nodes:
        changed = changed.with_node(name, side=0)
    return Step(changed)


def _detect(members: Members, _asked: Detect) -> Step:
    return Step(mb.regrouped(members))


def _traffic(members: Members, asked: Traffic) -> Step:
    state = members.node(asked.node)
    kept = tuple(one for one in state.in_flight if one.volume != asked.volume)
    if asked.load is None and kept == state.in_flight:
        raise Rejected("V-5-1-9076", f"no such I/O is in flight on node {asked.node}")
    begun = () if asked.load is None else (InFlight(asked.load, asked.volume),)
    changed = members.with_node(asked.node, in_flight=kept + begun)
    holding = state.holding
    if holding is None or holding.held:
        return Step(changed)
    return directed.held(changed, asked.node, holding)


def _misbehave(members: Members, asked: Misbehave) -> Step:
    faults = asked.faults
    for name in faults.only:
        members.node(name)
    if not all(0 <= ms <= MAX_DELAY_MS for ms in (faults.late_ms, faults.detect_ms)):
        raise Rejected("V-5-1-9077", f"a delay is between 0 and {MAX_DELAY_MS} ms")
    return Step(msgspec.structs.replace(members, faults=faults))


def _restart(members: Members, asked: Restart) -> Step:
    return Step(msgspec.structs.replace(members, restart=asked.command))


def _boot(members: Members, asked: Boot) -> Step:
    booted = members
    for name, state in members.nodes.items():
        fresh = mb.NodeState(asked.boot_ids[name], runs=state.runs, number=state.number)
        booted = msgspec.structs.replace(booted, nodes={**booted.nodes, name: fresh})
    return Step(msgspec.structs.replace(booted, partitions=(), faults=Faults()))


def _add(members: Members, asked: Add) -> Step:
    if asked.node in members.nodes:
        raise Rejected("V-5-1-9141", f"node {asked.node} is one of the monitor's already")
    state = mb.NodeState(asked.boot_id, wanted=False)
    nodes = {**members.nodes, asked.node: state}
    return Step(msgspec.structs.replace(members, nodes=nodes))


def _remove(members: Members, asked: Remove) -> Step:
    members.node(asked.node)
    if members.partition_of(asked.node) is not None:
        raise Rejected(
            "V-5-1-9142",
            f"node {asked.node} is in the cluster",
            cause="it counts in the quorum, and has a say in every change",
            fix="let it leave first: 'vx lab leave'",
            rule="B11",
        )
    nodes = {name: state for name, state in members.nodes.items() if name != asked.node}
    return Step(msgspec.structs.replace(members, nodes=nodes))


def _directed(members: Members, said: Directed) -> Step:
    """Take a directive, unless it was taken, or comes of a run that has ended."""
    state = members.node(said.node)
    if said.run != state.run or said.number <= state.taken:
        return Step(members)
    taken = members.with_node(said.node, taken=said.number)
    return directed.take(taken, said.node, said.directive)


_CHANGES: Final[dict[type, Callable[[Members, Any], Step]]] = {
    Attach: _attach,
    Detach: _detach,
    Join: _join,
    Leave: _leave,
    Abort: _abort,
    SetMaster: _set_master,
    Cut: _cut,
    Heal: _heal,
    Detect: _detect,
    Directed: _directed,
    Traffic: _traffic,
    Misbehave: _misbehave,
    Restart: _restart,
    Boot: _boot,
    Add: _add,
    Remove: _remove,
}
