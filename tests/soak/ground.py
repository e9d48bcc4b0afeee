"""The cluster that a soak happens to, and what its nodes say once they have come to rest."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cli.lab_cluster import TAKES_PART
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control
from eventstore.codec import decode_events, decode_header
from eventstore.model.cluster_events import RequestsFailed
from eventstore.source import DATABASE
from eventstore.storage.offline import read_store
from tests.soak.clients import GROUP, Worker, at_work
from tests.soak.history import Act, Log
from tests.soak.nemeses import Nemesis
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

CLIENTS = 6
DEADLINE_S = 120.0
LOAD_S = (0.0, 0.4)
DECIDED = ("done", "failed")


class Ground:
    """Three nodes with a shared disk group."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self.cluster = cluster
        self.nodes = list(cluster.nodes)
        sockets = {node: self.socket(node) for node in self.nodes}
        self.workers = [
            Worker(number, sockets, self.nodes[number % len(self.nodes)], seed)
            for number in range(CLIENTS)
        ]
        self._kept: list[int] = [0] * CLIENTS

    def socket(self, node: str) -> Path:
        return self.cluster.lab.home(node) / "vxconfigd.sock"

    def ask(self, node: str, request: dict[str, object]) -> Any:
        with Client(str(self.socket(node)), DEADLINE_S) as client:
            return client.ask(request)["data"]

    def make_group(self, disks: int) -> None:
        """Make the shared disk group of the lab's disks."""
        devices = [f"vxd{number}" for number in range(disks)]
        for device in devices:
            for node in self.nodes:
                self.do(node, "disk.init", {"device": device}, f"init-{node}-{device}")
        named: list[object] = [[f"disk{n}", device] for n, device in enumerate(devices)]
        self.do("node1", "dg.init", {"group": GROUP, "disks": named, "shared": True}, "group")

    def do(self, node: str, verb: str, args: dict[str, object], request_id: str) -> Any:
        """Ask for a change; return what is said of it."""
        request = control.command(verb, args, request_id=request_id, cmdline=verb, program="soak")
        return self.ask(node, request)

    def strike(self, nemesis: Nemesis, pause_s: float) -> None:
        """Let clients work while things happen, and until they are taken back."""
        stop = threading.Event()
        threads = at_work(self.workers, stop)
        try:
            threading.Event().wait(pause_s)
            nemesis.strike()
            nemesis.heal()
            threading.Event().wait(pause_s)
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def rest(self) -> None:
        """Wait until all nodes take part, hold the same, and nothing is in doubt."""
        try:
            wait_until(lambda: len(self.standing()) == 1, DEADLINE_S)
        except TimeoutError as error:
            said = {node: self._status(node) for node in self.nodes}
            monitor = self.cluster.lab.monitor.status()
            raise AssertionError(f"no rest: {said}\nmonitor: {monitor}") from error

    def standing(self) -> set[tuple[object, ...]]:
        """Return how the nodes stand: one and the same thing, once all is well."""
        found: set[tuple[object, ...]] = set()
        for node in self.nodes:
            status = self._status(node)
            if status.get("role") not in TAKES_PART or status["in_doubt"] or status["inflight"]:
                return set()
            log = status["logs"][0]
            found.add((log["position"], log["hash"], log["digest"], status["term"]))
        return found

    def _status(self, node: str) -> dict[str, Any]:
        try:
            status: dict[str, Any] = self.ask(node, control.query("status", {}))
        except RequestFailed:
            return {}
        return status

    def outcomes(self, requests: Sequence[str], node: str) -> list[tuple[str, int | None]]:
        """Return what a node says became of requests: done or failed and where, or neither."""
        found: list[tuple[str, int | None]] = []
        with Client(str(self.socket(node)), DEADLINE_S) as client:
            for request in requests:
                said: Any = client.ask(control.query("outcome", {"id": request}))["data"]
                assert said["outcome"] != "pending", f"{request} on {node} though all is at rest"
                known = said["outcome"] in DECIDED
                found.append((said["outcome"], said["position"]) if known else ("neither", None))
        return found

    def settle(self, now: float) -> tuple[int, int]:
        """Ask every node what became of what is unknown; all must say the same (D13).

        Returns how many were unknown, and how many of them are done.
        """
        unknown, done = 0, 0
        for number, worker in enumerate(self.workers):
            acts = worker.acts
            places = [
                place
                for place in range(self._kept[number], len(acts))
                if acts[place].heard == "unknown"
            ]
            requests = [acts[place].request for place in places]
            with ThreadPoolExecutor(len(self.nodes)) as pool:
                said = list(pool.map(lambda node: self.outcomes(requests, node), self.nodes))  # noqa: B023 ends here
            for place, *answers in zip(places, *said, strict=True):
                assert len(set(answers)) == 1, f"{acts[place]}: {answers}"
                acts[place] = _settled(acts[place], answers[0], now)
                done += acts[place].heard == "done"
            unknown += len(places)
            self._kept[number] = len(acts)
        return unknown, done

    def acts(self) -> list[Act]:
        return [act for worker in self.workers for act in worker.acts]

    def log(self, node: str) -> Log:
        """Return a node's shared log, as it is on the disk; its daemon does not run."""
        commits: dict[int, tuple[bytes, str]] = {}
        failed: set[str] = set()
        with read_store(self.cluster.lab.home(node) / DATABASE) as logs:
            for commit in logs["shared"].commits():
                commits[commit.position] = (commit.hash, decode_header(commit.header).tx)
                for event in decode_events(commit.payload, commit.position):
                    failed |= set(event.requests) if isinstance(event, RequestsFailed) else set()
        return Log(commits, frozenset(failed))


def _settled(act: Act, said: tuple[str, int | None], now: float) -> Act:
    outcome, position = said
    if outcome == "done":
        return act._replace(heard="done", position=position or 0, returned=now)
    if outcome == "failed":
        return act._replace(heard="failed", returned=now)
    return act._replace(heard="rejected", returned=now)
