"""What a node's daemon asks of its kernel: holds, and what only a master may say of others.

Pure. The answers that kernels owe are in the step; what is not for the asker to say is left
undone, with a note.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from daemon.core.ready import (
    Directive,
    Held,
    Hold,
    JoinComplete,
    PutOut,
    ReadyForSlaves,
    Release,
)
from daemon.kernel.monitor import members as mb
from daemon.kernel.monitor.members import Holding, Members, Step


def take(members: Members, name: str, directive: Directive) -> Step:
    """Carry out a directive of a node's daemon."""
    return _DIRECTIVES[type(directive)](members, name, directive)


def _hold(members: Members, name: str, asked: Hold) -> Step:
    return held(members, name, Holding(asked.number, asked.volumes))


def held(members: Members, name: str, holding: Holding) -> Step:
    """Hold if no I/O is in flight on the volumes, or wait, or say that it does not end (D4)."""
    flying = members.nodes[name].in_flight
    about = [one for one in flying if one.volume is None or one.volume in holding.volumes]
    if any(one.load == "stuck" for one in about):
        refused = Held(holding.number, "I/O in flight does not end")
        return Step(members.with_node(name, holding=None), {name: refused})
    if about:
        return Step(members.with_node(name, holding=holding))
    now = msgspec.structs.replace(holding, held=True)
    return Step(members.with_node(name, holding=now), {name: Held(holding.number)})


def _release(members: Members, name: str, _asked: Release) -> Step:
    return Step(members.with_node(name, holding=None))


def _ready(members: Members, name: str, said: ReadyForSlaves) -> Step:
    """Those to whom the master's first commit applies take part."""
    if not _is_master(members, name):
        return Step(members, note=f"{name} is ready for slaves, but not master -> ignored")
    return Step(_joined(members, name, said.members))


def _join_complete(members: Members, name: str, said: JoinComplete) -> Step:
    if not _is_master(members, name):
        return Step(members, note=f"{name} says who joined, but is not master -> ignored")
    return Step(_joined(members, name, (said.node,)))


def _joined(members: Members, master: str, names: tuple[str, ...]) -> Members:
    partition = members.partition_of(master)
    inside = () if partition is None else partition.succession
    for name in names:
        if name in inside:
            members = members.with_node(name, joined=True)
    return members


def _put_out(members: Members, name: str, asked: PutOut) -> Step:
    """Leave a node out, if it is the master of that very node who asks (B3 to B5).

    A master whose own log is another one asks that of itself, and the next in succession leads;
    one that is alone stays.
    """
    partition = members.partition_of(name)
    if not _is_master(members, name) or partition is None or partition.succession == (asked.node,):
        return Step(members, note=f"{name} asks to put {asked.node} out -> ignored: no master")
    if asked.node not in partition.succession:
        return Step(members, note=f"{name} asks to put {asked.node} out -> ignored: not there")
    return Step(mb.left(members, asked.node, asked.reason))


def _is_master(members: Members, name: str) -> bool:
    partition = members.partition_of(name)
    return partition is not None and partition.master == name


_DIRECTIVES: Final[dict[type, Callable[[Members, str, Any], Step]]] = {
    Hold: _hold,
    Release: _release,
    ReadyForSlaves: _ready,
    JoinComplete: _join_complete,
    PutOut: _put_out,
}
