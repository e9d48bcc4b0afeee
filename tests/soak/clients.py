"""Clients of a soak: on every node, at volumes of their own and at such that all want."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control
from tests.soak.history import Act, Heard

GROUP = "shdg"
COMMON = ("common1", "common2", "common3")
OWN = 2
"""Volumes of its own that a client has."""
PATIENCE_S = 4.0
ATTEMPTS = 3
BACKOFF_S = 0.2
LENGTH_MAX = 512
"""Sectors: small, and seldom the same twice."""
REFUSALS = {"V-5-1-120": "is there", "V-5-1-607": "is not there"}
NO_SUCH = "V-5-1-7842"
VERBS = {
    "make": "volume.make",
    "grow": "volume.growby",
    "remove": "volume.remove",
    "switch": "dg.set",
}
PENDING, CIRCUMSTANCES = 5, (69, 75)
CHANGES = ("make", "grow", "grow", "remove")
READS = ("current", "current", "read")
SWITCHES = 0.02
"""How often a client lets its node have the group active, or not: then changes are held first."""


class Worker:
    """One client: it asks its own node, and others when that one does not answer."""

    def __init__(self, number: int, sockets: Mapping[str, Path], node: str, seed: int) -> None:
        self.acts: list[Act] = []
        self.conversations: list[list[Act]] = []
        """Of each connection, what plain and current reads of it saw."""
        self.errors: Counter[str] = Counter()
        self.name = f"w{number}"
        self._sockets = sockets
        self._node = node
        self._choice = random.Random(f"{seed}/{self.name}")
        self._own = [f"{self.name}{letter}" for letter in "abcdef"[:OWN]]
        self._asked = 0
        self._clients: dict[str, Client] = {}
        self._spoken: dict[str, list[Act]] = {}

    def work(self, stop: threading.Event) -> None:
        """Ask for one thing after the other until told to stop."""
        try:
            while not stop.is_set():
                name = self._choice.choice((*self._own, *COMMON))
                if self._choice.random() < SWITCHES:
                    self._change("switch", f"activation@{self._node}", stop)
                elif self._choice.random() < 0.4:
                    self._read(self._choice.choice(READS), name, stop)
                else:
                    self._change(self._choice.choice(CHANGES), name, stop)
        finally:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _ask(self, node: str, request: dict[str, object]) -> Any:
        """Ask on a connection that lasts until something goes wrong with it."""
        if node not in self._clients:
            self._clients[node] = Client(str(self._sockets[node]), PATIENCE_S)
            self._spoken[node] = []
            self.conversations.append(self._spoken[node])
        try:
            return self._clients[node].ask(request)
        except RequestFailed as error:
            self.errors[error.id] += 1
            if type(error) is not RequestFailed:
                self._clients.pop(node).close()
            raise

    def _read(self, kind: str, name: str, stop: threading.Event) -> None:
        node = self._node if self._choice.random() < 0.8 else self._choice.choice([*self._sockets])
        request = control.query("get", {"object": f"{GROUP}/{name}"}, current=kind == "current")
        began = time.monotonic()
        try:
            answer = self._ask(node, request)
        except RequestFailed as error:
            if error.id != NO_SUCH:
                stop.wait(self._choice.uniform(0, BACKOFF_S))
                return
            answer = {"data": {"length_sectors": 0}, "position": 0}
        length, position = answer["data"]["length_sectors"], answer["position"]
        act = Act(
            kind,
            name,
            began,
            time.monotonic(),
            "seen",
            length,
            position,
            who=f"{self.name}@{node}",
        )
        self.acts.append(act)
        if position:
            self._spoken[node].append(act)

    def _change(self, kind: str, name: str, stop: threading.Event) -> None:
        """Ask for a change; what is not known is asked for again, the same, perhaps elsewhere."""
        self._asked += 1
        request_id = f"{self.name}-{self._asked}"
        amount = self._choice.randint(1, LENGTH_MAX)
        request = _request(kind, name, amount, request_id)
        began, unknown, node = time.monotonic(), False, self._node
        act = Act(kind, name, began, None, "unknown", amount, 0, request_id, self.name)
        for _attempt in range(ATTEMPTS):
            asked = time.monotonic()
            try:
                answer = self._ask(node, request)
            except RequestFailed as error:
                heard = _heard(error)
                now = time.monotonic()
                if heard == "refused":
                    seen = act._replace(invoked=asked, returned=now, heard=heard)
                    self.acts.append(seen)
                if heard == "failed" or (heard != "unknown" and not unknown):
                    act = act._replace(returned=now, heard=heard)
                else:
                    unknown, act = True, act._replace(returned=None, heard="unknown")
                again = heard == "unknown" or (
                    error.exit_code in CIRCUMSTANCES and self._choice.random() < 0.5
                )
                if error.exit_code in CIRCUMSTANCES:
                    stop.wait(self._choice.uniform(0, BACKOFF_S))
                if not again or stop.is_set():
                    break
                if kind != "switch":  # which is about the node that asks
                    node = self._choice.choice([*self._sockets])
                continue
            position = answer["data"]["position"]
            act = act._replace(returned=time.monotonic(), heard="done", position=position)
            break
        if act.heard != "refused":
            self.acts.append(act)


def _request(kind: str, name: str, amount: int, request_id: str) -> dict[str, object]:
    args: dict[str, object] = {"group": GROUP, "name": name}
    if kind == "switch":
        args = {"group": GROUP, "values": {"activation": ("off", "sharedwrite")[amount % 2]}}
    elif kind != "remove":
        args["length_sectors"] = amount
    verb = VERBS[kind]
    return control.command(
        verb,
        args,
        request_id=request_id,
        cmdline=f"{verb} {name} {amount}",
        program="soak",
        timeout_ms=int(PATIENCE_S * 1000),
    )


def _heard(error: RequestFailed) -> Heard:
    if error.exit_code == PENDING:
        return "unknown"
    if "recorded in the shared log" in (error.cause or ""):
        return "failed"
    return "refused" if error.id in REFUSALS else "rejected"


def at_work(workers: Sequence[Worker], stop: threading.Event) -> list[threading.Thread]:
    """Let all workers begin."""
    threads = [threading.Thread(target=one.work, args=(stop,), name=one.name) for one in workers]
    for thread in threads:
        thread.start()
    return threads
