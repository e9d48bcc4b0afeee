"""Answers to questions: about the present from the live state, all else from readers beside it.

What looks at more than a thousand records holds the loop for milliseconds, and every change with
it (I14): then a large question about the present goes to a reader too, which answers from the log
as of its head. All that was acknowledged before the question is in there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from typing import Any

import msgspec

from daemon.core.node import Node
from daemon.shell.everywhere import answer_everywhere, elsewhere, unknown
from daemon.shell.heads import QUESTIONS as ABOUT_HEADS
from daemon.shell.past import ReaderEnded
from daemon.shell.relay import Relayed, Told
from daemon.shell.requests import Command, Query
from daemon.shell.service import FOR_PEERS, Service
from daemon.shell.status import cluster_rows, quarantine_rows, screen
from eventstore.asking.questions import STATE_QUESTIONS, answer_now
from eventstore.errors import StoreError, Unavailable
from eventstore.model.state import State
from eventstore.present.standing import Log, Standing, weight

Answer = dict[str, Any]

LARGE = 1024
"""Records that the loop looks at for one question; about five microseconds each."""


def pong(service: Service) -> Answer:
    """Return whether the daemon serves."""
    state = "serving" if service.serving else "recovering" if service.problem else "starting"
    return {"ok": True, "data": {"state": state, "pid": os.getpid(), **service.facts()}}


def answer_query(
    service: Service, query: Query, told: Told
) -> Answer | Awaitable[Answer | Relayed]:
    """Answer at once, or return what will; `told` gets how far that is, if the query asks for it.

    Raises:
        StoreError: it cannot be answered.
    """
    if query.all_nodes:
        return answer_everywhere(service, query)
    if query.current:
        return _current(service, query, told)
    if query.question == "status":
        return _status(service)
    if query.question == "quarantine.list":
        node = service.driver().node
        return now(node, quarantine_rows(service.home, node), "node")
    if query.question == "cluster":
        node = service.driver().node
        return now(node, cluster_rows(node, service.positions()), "node")
    if query.at is None and query.question in STATE_QUESTIONS:
        standing = standing_of(service.driver().node)
        # On a damaged log nothing is changed, so nothing waits, and a reader could not replay it.
        if weight(standing, query.question, query.args) > LARGE and not service.damage:
            return _beside(service, query, told)
        return _live(service, query)
    return _of_history(service, query, told)


def _of_history(service: Service, query: Query, told: Told) -> Awaitable[Answer | Relayed]:
    if query.question == "outcome":
        return _outcome(service, query, told)
    if query.question in ABOUT_HEADS:
        return _heads(service, query)
    if query.question in ("knew", "hashes"):
        return _knew(service, query, told)
    return _of_log(service, query, told)


async def archive(service: Service, request: Command) -> Answer:
    """Move old commits into segments, or say what would be moved.

    Raises:
        StoreError: it cannot be done.
    """
    data = await service.archivist.archive(request.args, dry_run=request.dry_run)
    return now(service.driver().node, data, None)


def _live(service: Service, query: Query) -> Answer:
    node = service.driver().node
    found = answer_now(standing_of(node), query.question, query.args)
    return {**now(node, *found), "notes": _notes_now(service)}


async def _beside(service: Service, query: Query, told: Told) -> Answer | Relayed:
    """Have a large question about the present answered; where the reader cannot, answer here."""
    request = {
        "question": query.question,
        "args": query.args,
        "at": None,
        "default": _default(service.driver().node),
        "enabled": standing_of(service.driver().node).enabled,
        "notes": _notes_now(service),
    }
    try:
        answer = await service.present.ask(
            request, query.timeout_ms / 1000, told if query.progress else None
        )
    except ReaderEnded:
        return _live(service, query)
    _look_again(service, answer)
    return _live(service, query) if answer.damaged else answer


async def _current(service: Service, query: Query, told: Told) -> Answer | Relayed:
    """Answer from a state that is not older than the question (G6)."""
    confirmed: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    service.driver().read_current(
        lambda said: None if confirmed.done() else confirmed.set_result(said)
    )
    position = await confirmed
    if not position["ok"]:
        return position
    answer = answer_query(service, msgspec.structs.replace(query, current=False), told)
    return answer if isinstance(answer, dict) else await answer


async def _outcome(service: Service, query: Query, told: Told) -> Answer:
    """Return what became of a request; one that is still under way here is pending (D13)."""
    request = str(query.args.get("id"))
    under_way = service.serving and service.driver().is_under_way(request)
    answer = (await _past(service, query, told)).message()
    if under_way and answer["ok"] and answer["data"]["outcome"] == "unknown":
        answer["data"]["outcome"] = "pending"
    return answer


async def _heads(service: Service, query: Query) -> Answer:
    """Return heads: this node's, another's, or with ``all`` those of every node in reach.

    Raises:
        NotFound: there is no such node.
        Unavailable: it is out of reach.
    """
    node, signer = service.driver().node, service.heads
    if signer is None or query.question == "head.witness":
        raise Unavailable("V-5-1-7880", "the daemon is not ready", fix="ask again")
    asked = query.args.get("node")
    if isinstance(asked, str) and asked != node.name:
        return {**now(node, None, "node"), **await _of_a_peer(service, asked, query)}
    found: Answer = now(node, (await signer.answer(query.question, query.args))["data"], None)
    if query.args.get("all"):
        for other in node.shared.configured:
            if other != node.name:
                await _add_heads(service, other, query, found)
    return found


async def _add_heads(service: Service, other: str, query: Query, found: Answer) -> None:
    """Add the heads of another node, or that it is out of reach."""
    try:
        answer = await _of_a_peer(service, other, query)
        found["data"]["heads"] += answer["data"]["heads"]
    except (StoreError, KeyError, TypeError):
        found["notes"].append(f"node {other} is out of reach: its heads are not here")


async def _of_a_peer(service: Service, other: str, query: Query) -> Answer:
    around = service.surroundings
    if around is None or other not in service.driver().node.shared.configured:
        raise unknown(other)
    args = {key: value for key, value in query.args.items() if key not in ("node", "all")}
    return await around.ask(other, query.question, args, None)


async def _knew(service: Service, query: Query, told: Told) -> Answer | Relayed:
    """Return what a node had applied; another node is asked itself."""
    node, around = query.args.get("node"), service.surroundings
    here = service.settings.node.name
    if not isinstance(node, str) or node == here or around is None:
        return await _past(service, query, told)
    if node not in service.driver().node.shared.configured:
        raise unknown(node)
    return await around.ask(node, query.question, query.args, query.at)


def _of_log(service: Service, query: Query, told: Told) -> Awaitable[Answer | Relayed]:
    """Have a log asked: this node's, or that of the other node that the question names."""
    node, around = elsewhere(service, query), service.surroundings
    if node is None or around is None or query.question not in FOR_PEERS:
        return _past(service, query, told)
    return around.ask(node, query.question, query.args, query.at)


async def _past(service: Service, query: Query, told: Told) -> Relayed:
    request = {
        "question": query.question,
        "args": query.args,
        "at": query.at,
        "notes": _notes(service),
    }
    answer = await service.past.ask(
        request, query.timeout_ms / 1000, told if query.progress else None
    )
    _look_again(service, answer)
    return answer


def _look_again(service: Service, answer: Relayed) -> None:
    if answer.passed_over and service.background is not None:
        service.background.again()


def _notes(service: Service) -> list[str]:
    """Return what is said with every answer of a daemon whose log is damaged."""
    return [f"damaged: {damage.message}" for damage in service.damage.values()]


def _notes_now(service: Service) -> list[str]:
    """Return what is said with an answer about the present: is it to be trusted? (E4)."""
    node = service.driver().node
    if len(node.shared.configured) <= 1 or node.standing.enabled:
        return _notes(service)
    return [*_notes(service), f"shared disk groups are disabled here: {node.standing.why}"]


def standing_of(node: Node) -> Standing:
    """Return the two states of a node as they are now."""
    states: dict[Log, State] = {"shared": node.shared.state, "node": node.own.state}
    enabled = len(node.shared.configured) <= 1 or node.standing.enabled
    return Standing(_default(node), states.__getitem__, enabled=enabled)


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
