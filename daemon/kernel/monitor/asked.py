"""What is asked of the monitor over its socket, and its answers: one function an operation."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import msgspec

from daemon.kernel.monitor import changes as ch, disks
from daemon.kernel.monitor.keeper import Keeper
from daemon.kernel.monitor.members import Faults
from eventstore.errors import Rejected, Unavailable

Asked = dict[str, Any]

LEAVE_WAIT_S = 5.0
MAX_LEAVE_WAIT_S = 600.0
LEAVE_PAUSE_S = 0.1
"""How often a node that leaves is asked whether its volumes are still in use (B8)."""

IN_USE_DEADLINE_S = 5.0


class Nodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request about several nodes."""

    nodes: tuple[str, ...] = ()


class OneNode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request about a node; `wait_s` is how long a clean leave may wait."""

    node: str
    wait_s: float = LEAVE_WAIT_S


async def answer(keeper: Keeper, request: Asked) -> dict[str, Any]:
    """Carry out a request, and return the data of its answer.

    Raises:
        StoreError: it cannot be; nothing has changed.

    """
    handler = _HANDLERS.get(str(request.get("op")))
    if handler is None:
        raise Rejected("V-5-1-9018", f"unknown request: {str(request.get('op'))[:40]!r}")
    asked = {key: value for key, value in request.items() if key != "op"}
    return await handler(keeper, asked)


async def _disk(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    if asked.get("action") == "pull":
        asked["action"] = "remove"
    told = keeper.disk(_converted(asked, disks.DiskRequest, "disk"))
    return {"seqnum": told.monitor.seqnum, "nodes": sorted(told.notifications)}


async def _status(keeper: Keeper, _asked: Asked) -> dict[str, Any]:
    return {**keeper.status(), "pid": os.getpid()}


async def _stop(_keeper: Keeper, _asked: Asked) -> dict[str, Any]:
    return {}


async def _join(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    return _done(keeper.change(_converted(asked, ch.Join, "join")))


async def _leave(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Let a node leave once none of its volumes is in use (B8)."""
    about = _converted(asked, OneNode, "leave")
    end = asyncio.get_running_loop().time() + min(about.wait_s, MAX_LEAVE_WAIT_S)
    while True:
        ch.check_inside(keeper.monitor.members, about.node)
        volumes = await _in_use(keeper, about.node)
        if not volumes:
            return _done(keeper.change(ch.Leave(about.node)))
        if asyncio.get_running_loop().time() >= end:
            attached = keeper.attached.get(about.node)
            if attached is not None:
                attached.put({"t": "staying"})
            raise Rejected(
                "V-5-1-9078",
                f"node {about.node} has volumes in use: {', '.join(volumes)}",
                cause=f"they were in use for the {about.wait_s:g} s that the leave waited",
                fix="close them, or let the node crash: 'vx lab abort'",
                rule="B8",
                node=about.node,
            )
        await asyncio.sleep(LEAVE_PAUSE_S)


async def _in_use(keeper: Keeper, node: str) -> list[str]:
    """Return what is in use on a node: I/O in flight, and what its daemon says.

    Raises:
        Unavailable: its daemon does not run, or not answer: nobody knows.

    """
    flying = keeper.monitor.members.nodes[node].in_flight
    if flying:
        return ["/".join(map(str, one.volume)) if one.volume else "any" for one in flying]
    attached = keeper.attached.get(node)
    if attached is not None:
        if attached.in_use is None or attached.in_use.done():
            attached.in_use = asyncio.get_running_loop().create_future()
            attached.put({"t": "leaving"})
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(IN_USE_DEADLINE_S):
                return await asyncio.shield(attached.in_use)
    raise Unavailable(
        "V-5-1-9079",
        f"node {node} cannot leave cleanly: nobody knows which of its volumes are in use",
        cause="its daemon does not " + ("run" if attached is None else "answer"),
        fix="start it, or let the node crash: 'vx lab abort'",
        rule="B8",
        node=node,
    )


async def _abort(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Let a node crash: its daemon is killed now, and the others find out."""
    about = _converted(asked, OneNode, "abort")
    ch.check_inside(keeper.monitor.members, about.node)
    attached = keeper.attached.get(about.node)
    if attached is not None:
        attached.kill()
    told = keeper.found_out((about.node,), ch.Abort(about.node, str(uuid.uuid4())))
    return {"number": keeper.monitor.members.number, "nodes": told}


async def _set_master(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    return _done(keeper.change(_converted(asked, ch.SetMaster, "setmaster")))


async def _cut(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    nodes = _converted(asked, Nodes, "cut").nodes
    keeper.change(ch.Cut(nodes))
    keeper.found_out(nodes, ch.Detect())
    return _network(keeper)


async def _heal(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    _converted(asked, Nodes, "heal")
    keeper.change(ch.Heal())
    keeper.found_out(keeper.monitor.nodes, ch.Detect())
    return _network(keeper)


async def _io(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    return _done(keeper.change(_converted(asked, ch.Traffic, "io")))


async def _fault(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    keeper.change(ch.Misbehave(_converted(asked, Faults, "fault")))
    faults: dict[str, Any] = msgspec.to_builtins(keeper.monitor.members.faults)
    return faults


async def _restart(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    keeper.change(_converted(asked, ch.Restart, "restart"))
    keeper.revive()
    return {"restart": bool(keeper.monitor.members.restart)}


async def _boot(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    """Let all nodes start anew, which can only be where none of them runs."""
    _converted(asked, Nodes, "boot")
    if keeper.attached:
        raise Rejected(
            "V-5-1-9081",
            "the nodes cannot start anew: daemons run",
            cause=f"attached are {', '.join(sorted(keeper.attached))}",
            fix="stop them first: 'vx lab down'",
        )
    boot_ids = {name: str(uuid.uuid4()) for name in keeper.monitor.nodes}
    return _done(keeper.change(ch.Boot(boot_ids)))


async def _add(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    about = _converted(asked, OneNode, "add")
    return _done(keeper.change(ch.Add(about.node, str(uuid.uuid4()))))


async def _remove(keeper: Keeper, asked: Asked) -> dict[str, Any]:
    return _done(keeper.change(_converted(asked, ch.Remove, "remove")))


def _done(outcome: ch.Outcome) -> dict[str, Any]:
    return {"number": outcome.members.number, "nodes": sorted(outcome.told)}


def _network(keeper: Keeper) -> dict[str, Any]:
    members = keeper.monitor.members
    return {"number": members.number, "cut": [list(pair) for pair in members.cut_pairs()]}


def _converted(asked: Asked, kind: type[Any], what: str) -> Any:
    try:
        return msgspec.convert(asked, kind)
    except msgspec.ValidationError as error:
        raise Rejected("V-5-1-9018", f"malformed {what} request", cause=str(error)) from error


_HANDLERS: Final[dict[str, Callable[[Keeper, Asked], Awaitable[dict[str, Any]]]]] = {
    "disk": _disk,
    "status": _status,
    "stop": _stop,
    "join": _join,
    "leave": _leave,
    "abort": _abort,
    "setmaster": _set_master,
    "cut": _cut,
    "heal": _heal,
    "io": _io,
    "fault": _fault,
    "restart": _restart,
    "boot": _boot,
    "add": _add,
    "remove": _remove,
}
