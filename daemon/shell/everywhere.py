"""Questions to all nodes: the daemon asks its peers, and weaves one answer from theirs.

They travel as other questions between daemons do: nothing is decided by them, and a node that is
out of reach is named, not waited for.
"""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.shell.outside import INQUIRY_S
from daemon.shell.requests import Query
from daemon.shell.service import Service
from eventstore.errors import NotFound, StoreError
from eventstore.past import weaving
from eventstore.past.weaving import Asked

Answer = dict[str, Any]


async def answer_everywhere(service: Service, query: Query) -> Answer:
    """Return what all configured nodes say, of those that can be reached.

    Raises:
        NotFound: the question is not one about all nodes.
    """
    here = service.settings.node.name
    configured = service.driver().node.shared.configured
    nodes = [here, *(node for node in configured if node != here)]
    conversation = weaving.everywhere(query.question, query.args, query.at, nodes)
    try:
        batch = next(conversation)
        while True:
            answers = await asyncio.gather(*(_ask(service, query, asked) for asked in batch))
            batch = conversation.send(list(answers))
    except StopIteration as end:
        answer: Answer = end.value
        return answer


def elsewhere(service: Service, query: Query) -> str | None:
    """Return the node whose own log a question names, if it is another one than this.

    Raises:
        NotFound: it is no node of the cluster.
    """
    node = _node_named(query)
    if node is None or node == service.settings.node.name or service.surroundings is None:
        return None
    if node not in service.driver().node.shared.configured:
        raise unknown(node)
    return node


def unknown(node: str) -> NotFound:
    """Return the error for a node that the cluster does not have."""
    return NotFound(
        "V-5-1-9013",
        f"unknown node: {node}",
        fix="'vx status' names the nodes of the cluster",
    )


def _node_named(query: Query) -> str | None:
    whens = (query.at, *(value for value in query.args.values() if isinstance(value, dict)))
    logs = [query.args.get("which"), *(when.get("log") for when in whens if when is not None)]
    for log in logs:
        if isinstance(log, str) and log.startswith("node/"):
            return log.removeprefix("node/")
    return None


async def _ask(service: Service, query: Query, asked: Asked) -> Answer:
    """Ask one node, this one's reader or a peer; an error is an answer too."""
    try:
        if asked.node == service.settings.node.name:
            request = {"question": asked.question, "args": asked.args, "at": asked.at}
            return (await service.past.ask(request, query.timeout_ms / 1000)).message()
        around = service.surroundings
        if around is None or asked.node not in service.driver().node.shared.configured:
            raise unknown(asked.node)
        async with asyncio.timeout(min(INQUIRY_S, query.timeout_ms / 1000)):
            return await around.ask(asked.node, asked.question, asked.args, asked.at)
    except TimeoutError:
        late = NotFound("V-5-1-9137", f"node {asked.node} is out of reach", node=asked.node)
        return {"ok": False, "error": late.to_map()}
    except StoreError as error:
        return {"ok": False, "error": error.to_map()}
