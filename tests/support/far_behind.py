"""A shared log that is much longer than another node's, made without asking for each change.

What a node lacks is put into the others' logs while their daemons are down, as they would have it:
made commit by commit it would take many minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from cli.lab_cluster import Lab
from daemon.client import Client
from daemon.wire import control
from eventstore.codec import (
    Actor,
    Context,
    Draft,
    Entry,
    Head,
    encode_context,
    encode_events,
    head_after,
    index_keys,
    seal,
)
from eventstore.model import digest
from eventstore.model.cluster import elected_term
from eventstore.model.edit_events import LabelsSet
from eventstore.model.evolve import apply
from eventstore.model.objects import Key, Volume
from eventstore.model.state import State
from eventstore.past.replay import replay
from eventstore.proofs.survey import Cut, Slice, carry_out, survey
from eventstore.storage.store import Store
from tests.support.waiting import wait_until

_BATCH = 5000
_DEADLINE_S = 600.0


def leave_behind(lab: Lab, commits: int) -> tuple[int, int]:
    """Let node3 leave, and lack so many commits; return where the log ended, and where it does."""
    lab.monitor.ask({"op": "abort", "node": "node3"})
    others = ("node1", "node2")
    wait_until(lambda: _are_alone(lab, others), _DEADLINE_S)
    for node in others:
        lab.kill(node)
    ends = extend_shared([lab.home(node) / "log.db" for node in others], commits)
    for node in others:
        lab.start(node)
    wait_until(lambda: all(lab.has_joined(node) for node in others), _DEADLINE_S)
    return ends


def _are_alone(lab: Lab, nodes: tuple[str, ...]) -> bool:
    """Whether nodes are equal, and their log says that no others are in the cluster."""
    with Client(str(lab.home(nodes[0]) / "vxconfigd.sock"), _DEADLINE_S) as client:
        found: Any = client.ask(control.query("cluster", {}))["data"]
    joined = {row["name"] for row in found["nodes"] if row["joined"]}
    return joined == set(nodes) and len({shared_head(lab, node) for node in nodes}) == 1


def shared_head(lab: Lab, node: str) -> int:
    for row in lab.status()["nodes"]:
        if row["node"] == node:
            return int(next(iter(row["positions"].values()), 0))
    return 0


def extend_shared(databases: list[Path], count: int) -> tuple[int, int]:
    """Put edits of a comment behind the shared logs; return where they ended, and end now."""
    with ExitStack() as stack:
        first, *others = [stack.enter_context(Store.open(path)) for path in databases]
        before = first.heads["shared"]
        made = _edits(replay(first.logs["shared"], before.position), before, count)
        while batch := list(islice(made, _BATCH)):
            for store in (first, *others):
                store.append(batch)
        for finding in survey(first.logs["shared"], whole=False):
            if isinstance(finding, (Slice, Cut)):
                carry_out(first, finding)
        return before.position, first.heads["shared"].position


def _edits(state: State, head: Head, count: int) -> Iterator[Entry]:
    """Yield commits as `vxedit set comment=...` makes them."""
    key = _volume(state)
    known, term = digest.of_state(state), elected_term(state)
    for number in range(count):
        events = (LabelsSet(*key, ("comment",), (f"c{number}",)),)
        known = digest.updated(known, apply(state, events))
        context = Context(Actor(0, "root", 4711, "vxedit"), "vxedit", clock_us=head.time_us + 1000)
        tx = f"bench-4711-{number}"
        draft = Draft(
            tx, "node1", encode_context(context), encode_events(events), digest.stored(known),
            context.clock_us, None, term,
        )  # fmt: skip
        commit = seal(head, draft, context.clock_us)
        head = head_after(head, commit)
        yield Entry("shared", commit, index_keys(tx, events))


def _volume(state: State) -> Key:
    return next((each.space, each.rid) for each in state.records() if isinstance(each, Volume))
