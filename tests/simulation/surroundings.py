"""What nodes find around them, and may object to: disks out of reach, volumes in use.

The core asks `LocalFacts`; here its answers come from the run: a node to which a group's disks
are out of reach refuses changes of that group (D3), and cannot join (B4); a group that is in use
has its I/O held first (D4).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from daemon.core.node import Node
from eventstore.codec import Commit, decode_events
from eventstore.errors import StoreError
from eventstore.model.event import OfGroup
from eventstore.model.events import AnyEvent
from eventstore.model.objects import Key


class Surroundings:
    """The facts of one run. All nodes see every disk until a nemesis says otherwise."""

    def __init__(self, seed: int) -> None:
        random = Random(f"{seed}/surroundings")
        self.in_use = random.choice(("", "", "2", "0"))
        """The number of the group whose volumes are in use, none if empty."""
        self.holds: dict[str, tuple[int, str | None]] = {}
        """Node -> how long a hold takes its kernel, and why it fails, where a case says so."""
        self._random = Random(f"{seed}/holds")
        self.out_of_reach: set[tuple[str, str]] = set()
        """(node, group's number) whose disks the node does not find."""

    def hold(self, node: str) -> tuple[int, str | None]:
        """Return how long a node's kernel takes to hold I/O, and why it cannot (D4)."""
        if node in self.holds:
            return self.holds[node]
        problem = "a path is stuck" if self._random.random() < 0.05 else None
        return self._random.randint(0, 20), problem

    def put_around(self, core: Node) -> None:
        """Let a core ask this run what it asks of its surroundings."""
        name, local = core.name, core.local
        answers: dict[str, Any] = {
            "objection_to": lambda events: self._objection(name, events),
            "objection": lambda commit: self._objection(name, _events(commit)),
            "join_objection": lambda: self._join_objection(name),
            "in_use": self._held,
        }
        for method, answer in answers.items():
            setattr(local, method, answer)

    def _objection(self, node: str, events: Sequence[AnyEvent]) -> StoreError | None:
        if not self.out_of_reach:
            return None
        for event in events:
            if isinstance(event, OfGroup) and (node, _number(event.dgid)) in self.out_of_reach:
                return _out_of_reach(node, event.dgid, "D3")
        return None

    def _join_objection(self, node: str) -> StoreError | None:
        missing = sorted(number for name, number in self.out_of_reach if name == node)
        return _out_of_reach(node, missing[0], "B4") if missing else None

    def _held(self, events: Sequence[AnyEvent]) -> tuple[Key, ...]:
        if not self.in_use:
            return ()
        groups = {e.dgid for e in events if isinstance(e, OfGroup)}
        return tuple((dgid, 2) for dgid in sorted(groups) if _number(dgid) == self.in_use)


def _events(commit: Commit) -> list[AnyEvent]:
    return decode_events(commit.payload, commit.position)


def _number(dgid: str) -> str:
    """Return which of the groups of the founding an ID is."""
    return dgid.split(".")[1]


def _out_of_reach(node: str, group: str, rule: str) -> StoreError:
    return StoreError(
        "V-5-1-7960",
        f"a disk of {group} cannot be found",
        cause=f"{node} has no path to it",
        rule=rule,
        node=node,
    )
