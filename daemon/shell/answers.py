"""Answers to questions: about the present from the live state, about the past from the reader."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from typing import Any

import msgspec

from daemon.core.node import Node
from daemon.shell.requests import Query
from daemon.shell.service import Service
from eventstore.codec import Head
from eventstore.errors import StoreError
from eventstore.model import digest
from eventstore.model.objects import Device, Volume
from eventstore.model.state import State
from eventstore.questions import STATE_QUESTIONS, answer_now
from eventstore.standing import Log, Standing
from eventstore.text import iso

Answer = dict[str, Any]


def pong(service: Service) -> Answer:
    """Return whether the daemon serves."""
    state = "serving" if service.serving else "recovering" if service.problem else "starting"
    return {"ok": True, "data": {"state": state, "pid": os.getpid(), **service.facts()}}


def answer_query(service: Service, query: Query) -> Answer | Awaitable[Answer]:
    """Answer at once, or return what will.

    Raises:
        StoreError: it cannot be answered.
    """
    if query.current:
        return _current(service, query)
    if query.question == "status":
        return status(service)
    if query.at is None and query.question in STATE_QUESTIONS:
        node = service.driver().node
        found = answer_now(standing_of(node), query.question, query.args)
        return _marked(service, _now(node, *found))
    return _past(service, query)


async def _current(service: Service, query: Query) -> Answer:
    """Answer from a state that is not older than the question (G6)."""
    confirmed: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    service.driver().read_current(
        lambda told: None if confirmed.done() else confirmed.set_result(told)
    )
    told = await confirmed
    if not told["ok"]:
        return told
    answer = answer_query(service, msgspec.structs.replace(query, current=False))
    return answer if isinstance(answer, dict) else await answer


async def _past(service: Service, query: Query) -> Answer:
    request = {"question": query.question, "args": query.args, "at": query.at}
    answer = await service.past.ask(request, query.timeout_ms / 1000)
    if answer.pop("passed_over", False) and service.background is not None:
        service.background.again()
    return _marked(service, answer)


def _marked(service: Service, answer: Answer) -> Answer:
    """Say with an answer that a log is damaged."""
    if service.damage and answer.get("ok"):
        notes = [f"damaged: {damage.message}" for damage in service.damage.values()]
        answer["notes"] = [*answer.get("notes", []), *notes]
    return answer


def standing_of(node: Node) -> Standing:
    """Return the two states of a node as they are now."""
    states: dict[Log, State] = {"shared": node.shared.state, "node": node.own.state}
    return Standing(_default(node), states.__getitem__)


def _default(node: Node) -> Log:
    return "shared" if len(node.shared.configured) > 1 else "node"


def _now(node: Node, data: Any, log: Log | None) -> Answer:
    """Put data into the map that every answer is; None: it is from both logs."""
    shown = node.shared if (log or _default(node)) == "shared" else node.own
    own_name = f"node/{node.name}"
    answer = {
        "ok": True,
        "cluster": node.cluster,
        "log": "shared" if shown is node.shared else own_name,
        "position": shown.head.position,
        "at_us": shown.head.time_us,
        "resolved": None,
        "notes": [],
        "data": data,
    }
    if log is None:
        positions = {"shared": node.shared.head.position, own_name: node.own.head.position}
        answer["positions"] = positions
    return answer


def status(service: Service) -> Answer:
    """Return one screen about this node, also while it recovers."""
    name, problem = service.settings.node.name, service.problem
    daemon = {"pid": os.getpid(), "since": iso(service.started_us), **service.facts()}
    data: Answer = {
        "node": name,
        "cluster": service.settings.cluster.name,
        "role": "unknown",
        "term": None,
        "state": "serving" if service.serving else "recovering",
        "daemon": daemon,
        "logs": [],
        "nodes": [],
        "inflight": 0,
        "in_doubt": 0,
        "problems": [] if problem is None else [_problem(problem)],
        "unknown_intervals": [],
    }
    if not service.serving:
        return {"ok": True, "log": None, "position": 0, "at": None, "notes": [], "data": data}
    node = service.driver().node
    found = _of_node(node)
    found["problems"] = [*map(_problem, service.damage.values()), *found["problems"]]
    verified = {} if service.background is None else service.background.verified
    for log, row in zip(("shared", "node"), found["logs"], strict=True):
        row["verified"] = verified.get(log)
    return _now(node, {**data, **found}, "node")


def _of_node(node: Node) -> Answer:
    state, head = node.own.state, node.own.head
    troubled = [state.get(key) for key in sorted(state.troubled)]
    lost = [record for record in troubled if isinstance(record, Device)]
    bad = [record for record in troubled if isinstance(record, Volume)]
    return {
        "role": "master",
        "term": node.hard_state.term,
        "logs": [
            _log_row("shared", node.shared.head, node.shared.digest),
            _log_row(f"node/{node.name}", head, node.own.digest),
        ],
        "nodes": [{"node": node.name, "role": "master", "position": head.position, "lag": 0}],
        "problems": [*map(_disabled, bad), *map(_missing, lost)],
        "unknown_intervals": [
            {
                "since": iso(interval.since_us),
                "until": iso(interval.until_us),
                "reason": interval.reason,
                "position": position,
            }
            for position, interval in node.private.intervals
        ],
        "devices": state.counts.get(Device, 0) - len(lost),
        "groups": len(state.group_names),
        "volumes": state.counts.get(Volume, 0),
    }


def _log_row(name: str, head: Head, log_digest: int) -> Answer:
    return {
        "log": name,
        "position": head.position,
        "time": iso(head.time_us),
        "hash": head.hash.hex(),
        "digest": digest.stored(log_digest).hex(),
    }


def _problem(error: StoreError) -> Answer:
    text = error.message if error.cause is None else f"{error.message}: {error.cause}"
    return {"severity": "error", "text": text, "fix": error.fix}


def _disabled(volume: Volume) -> Answer:
    return {
        "severity": "error",
        "text": f"volume {volume.name} is {volume.kstate}",
        "fix": "bring its disks back: 'vxdisk list' shows which are missing",
    }


def _missing(device: Device) -> Answer:
    return {
        "severity": "warning",
        "text": f"disk {device.name} ({device.disk_id}) is gone",
        "fix": "attach it again, or take it out of its group",
    }
