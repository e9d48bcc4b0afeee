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
from daemon.shell.status import cluster_rows, screen
from eventstore.model.state import State
from eventstore.questions import STATE_QUESTIONS, answer_now
from eventstore.standing import Log, Standing

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
        return _status(service)
    if query.question == "cluster":
        node = service.driver().node
        return now(node, cluster_rows(node, service.positions()), "node")
    if query.at is None and query.question in STATE_QUESTIONS:
        node = service.driver().node
        found = answer_now(standing_of(node), query.question, query.args)
        return _marked(service, now(node, *found))
    if query.question == "outcome":
        return _outcome(service, query)
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


async def _outcome(service: Service, query: Query) -> Answer:
    """Return what became of a request; one that is still under way here is pending (D13)."""
    request = str(query.args.get("id"))
    under_way = service.serving and service.driver().is_under_way(request)
    answer = await _past(service, query)
    if under_way and answer["ok"] and answer["data"]["outcome"] == "unknown":
        answer["data"]["outcome"] = "pending"
    return answer


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


def now(node: Node, data: Any, log: Log | None) -> Answer:
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


def _status(service: Service) -> Answer:
    data = screen(service)
    if not service.serving:
        return {"ok": True, "log": None, "position": 0, "at": None, "notes": [], "data": data}
    return now(service.driver().node, data, "node")
