"""A cluster on one machine: its homes, its monitor, its daemons.

    DIR/monitor/   monitor.json, monitor.sock, monitor.pid, monitor.log, lab.lock
    DIR/node1/     a home: config.toml, log.db, vxconfigd.sock, vxconfigd.pid, vxconfigd.log

Every step can be repeated: what is there already is left as it is. What starts and stops
processes holds lab.lock, so that no two commands do so at once.
"""

from __future__ import annotations

import functools
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli import exit_codes, lab_homes, lab_processes
from cli.failure import UsageError
from cli.lab_monitor import PYTHON, START_DEADLINE_S, MonitorHandle
from cli.lab_processes import NotStarted, Process
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

STOP_DEADLINE_S = 20.0
JOIN_DEADLINE_S = 60.0
LOCK_DEADLINE_S = 120.0
ASK_DEADLINE_S = 10.0

TAKES_PART = ("master", "slave")
_RUN = "import sys; from cli.main import main; sys.exit(main(['vx', *sys.argv[1:]]))"


class Lab:
    """The lab in one directory."""

    def __init__(self, directory: Path, database: str = "") -> None:
        self.directory = directory.absolute()
        self.database = database
        """Where the logs of homes go that are made by this one; empty: into the homes."""
        self.monitor = MonitorHandle(self.directory / "monitor")

    @property
    def exists(self) -> bool:
        """Whether a lab was made here."""
        return (self.directory / "monitor").is_dir()

    @property
    def nodes(self) -> list[str]:
        """The nodes that have a home, by name."""
        homes = (path.parent for path in self.directory.glob("node*/config.toml"))
        return sorted((home.name for home in homes), key=lambda name: (len(name), name))

    def home(self, node: str) -> Path:
        """Return a node's directory."""
        return self.directory / node

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other command start or stop processes of this lab.

        Raises:
            RequestFailed: another one does, and goes on and on.

        """
        with lab_processes.locked(self.directory / "monitor" / "lab.lock", LOCK_DEADLINE_S):
            yield

    def up(self, nodes: list[str], disks: int, disk_sectors: int) -> list[str]:
        """Make what is missing, start what does not run, let all join; return what was started.

        Raises:
            UsageError: the directory is something else, or the lab has other nodes.
            NotStarted: monitor or daemon did not start, or a node did not join; what this call
                started is stopped again.

        """
        self._make_place()
        with self.locked():
            began: list[str] = []
            try:
                self._up(nodes, disks, disk_sectors, began)
            except BaseException:
                for name in reversed(began):
                    lab_processes.stop(self._pid_file(name), signal.SIGTERM, STOP_DEADLINE_S)
                raise
            return began

    def _make_place(self) -> None:
        if self.directory.exists() and not self.exists and any(self.directory.iterdir()):
            raise UsageError(
                f"{self.directory} is not empty, and no lab", fix="name a directory to be made"
            )
        try:
            (self.directory / "monitor").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.directory} cannot be made", cause=str(error)) from error

    def _up(self, nodes: list[str], disks: int, disk_sectors: int, began: list[str]) -> None:
        fresh = self.monitor.start(nodes, disks, disk_sectors, lab_homes.new_cluster_id())
        if fresh:
            began.append("monitor")
        said = self.monitor.ask({"op": "status"})
        names = said["nodes"]
        if nodes and names != nodes:
            raise UsageError(
                f"the lab in {self.directory} has {len(names)} node(s): {', '.join(names)}",
                fix="leave out --nodes, or name another directory",
            )
        # The ID is the monitor's: homes that are made later are of the same cluster.
        lab_homes.make_all(
            self.directory,
            names,
            said["members"]["cluster_id"],
            self.monitor.socket,
            self.database,
        )
        if fresh and not any(self.ping(node) for node in names):
            self.monitor.ask({"op": "boot"})
        self._start_all(names, began)
        for node, seen in self.monitor.status()["nodes"].items():
            if not seen["member"]:
                self.monitor.ask({"op": "join", "node": node})
        self.wait_until_joined(names)

    def _start_all(self, names: list[str], began: list[str]) -> None:
        """Start the first, which is master then (B1), and all others at once.

        Raises:
            NotStarted: one did not start; `began` are those that did.

        """
        for some in filter(None, (names[:1], names[1:])):
            with ThreadPoolExecutor(len(some)) as pool:
                starting = {node: pool.submit(self._start, node) for node in some}
            began += [n for n, one in starting.items() if not one.exception() and one.result()]
            for one in starting.values():
                one.result()

    def start(self, node: str) -> int | None:
        """Start a node's daemon, and return its pid; None if it serves already.

        Raises:
            NotStarted: it did not start.
            RequestFailed: there is no such node.

        """
        self.check(node)
        with self.locked():
            self.monitor.start([], 0, 0)
            return self._start(node)

    def revive(self, node: str) -> int | None:
        """Start a daemon that the monitor found dead, if it is still there and wants it (E6).

        Raises:
            NotStarted: it did not start.

        """
        self.check(node)
        with self.locked():
            wanted = self.monitor.status()
            seen = wanted["nodes"].get(node)
            if not wanted["restart"] or seen is None or not seen["member"]:
                return None
            return self._start(node)

    def _start(self, node: str) -> int | None:
        if self.ping(node) is not None:
            return None
        return lab_processes.start(
            self._daemon(node), lambda: self.is_serving(node), START_DEADLINE_S
        )

    def kill(self, node: str) -> int | None:
        """Kill a node's daemon with SIGKILL, and return its pid; None if it did not run.

        Raises:
            RequestFailed: there is no such node.

        """
        self.check(node)
        with self.locked():
            pid = lab_processes.stop(self._pid_file(node), signal.SIGKILL, STOP_DEADLINE_S)
        if pid is None and self.ping(node) is not None:
            raise RequestFailed(
                "V-5-1-9036",
                f"the daemon of {node} was not started by the lab",
                fix=f"stop it where it was started (home {self.home(node)})",
                exit_code=exit_codes.REJECTED,
            )
        return pid

    def join(self, node: str) -> dict[str, Any]:
        """Start a node's daemon if it does not run, and let the node join.

        Raises:
            NotStarted: the daemon did not start, or the node did not join.
            RequestFailed: it is in the cluster already.

        """
        self.check(node)
        with self.locked():
            self.monitor.start([], 0, 0)
            seen = self.monitor.node(node)
            if seen is not None and not seen["member"]:
                began = self._start(node)
                told = self.monitor.ask({"op": "join", "node": node})
            else:
                told, began = self.monitor.ask({"op": "join", "node": node}), None
        self.wait_until_joined([node])
        return {**told, "started": began is not None}

    def restart(self, *, on: bool) -> dict[str, Any]:
        """Let daemons that are found dead be started again, or not (E6).

        Raises:
            RequestFailed: there is no lab, or its monitor does not answer.

        """
        self.check()
        start = ["lab", "start", str(self.directory), "{node}", "--if-wanted"]
        command = [sys.executable, "-P", "-c", _RUN, *start] if on else []
        return self.monitor.ask({"op": "restart", "command": command})

    def down(self) -> list[str]:
        """Stop daemons, then monitor, and return what was stopped.

        Also those that no pid file remembers, and whatever of a lab that is half dead.

        Raises:
            RequestFailed: there is no lab, or a process does not end.

        """
        self.check()
        with self.locked():
            if self.monitor.status()["restart"]:
                self.monitor.ask({"op": "restart", "command": []})
            stopped = [name for name in (*self.nodes, "monitor") if self.stop(name)]
            for node in self.nodes:
                lab_processes.end_readers(self.home(node), STOP_DEADLINE_S)
            return stopped

    def stop(self, name: str) -> bool:
        """Stop a node's daemon, or the monitor; return whether it ran."""
        lock = self.monitor.lock if name == "monitor" else self.home(name) / "vxconfigd.lock"
        pid = lab_processes.stop(self._pid_file(name), signal.SIGTERM, STOP_DEADLINE_S)
        forgotten = lab_processes.stop_holder(lock, signal.SIGTERM, STOP_DEADLINE_S)
        return pid is not None or forgotten is not None

    def check(self, node: str | None = None) -> None:
        """Make sure that there is a lab, and that it has this node.

        Raises:
            RequestFailed: there is none.

        """
        if not self.exists:
            raise RequestFailed(
                "V-5-1-9033",
                f"no lab in {self.directory}",
                fix=f"vx lab up {self.directory}",
                exit_code=exit_codes.NOT_FOUND,
            )
        if node is not None and node not in self.nodes:
            raise RequestFailed(
                "V-5-1-9034",
                f"no node {node} in {self.directory}",
                cause=f"its nodes are {', '.join(self.nodes) or 'none'}",
                exit_code=exit_codes.NOT_FOUND,
            )

    def wait_until_joined(self, nodes: Iterable[str]) -> None:
        """Wait until these nodes take part in the cluster.

        Raises:
            NotStarted: one does not; it is named, with what its daemon said last.

        """
        from cli import progress

        for node in nodes:
            with progress.shown(f"waiting until {node} has joined"):
                done = lab_processes.comes_true(
                    functools.partial(self.has_joined, node), JOIN_DEADLINE_S
                )
            if not done:
                raise self._not_joined(node)

    def has_joined(self, node: str) -> bool:
        """Whether a node's daemon takes part, by its own words."""
        status = self._ask(node, control.query("status", {})) or {}
        return status.get("role") in TAKES_PART

    def _not_joined(self, node: str) -> NotStarted:
        seen = self.monitor.node(node) or {}
        problems = (self._ask(node, control.query("status", {})) or {}).get("problems", [])
        said = lab_processes.tail(self.home(node) / "vxconfigd.log")
        causes = [seen.get("reason"), *(problem["text"] for problem in problems)]
        return NotStarted(
            "V-5-1-9082",
            f"{node} did not join the cluster" + (f"; it said last:\n{said}" if said else ""),
            cause="; ".join(filter(None, causes)) or f"not within {JOIN_DEADLINE_S:g} s",
            fix=f"see {self.home(node) / 'vxconfigd.log'}",
            node=node,
        )

    def is_serving(self, node: str) -> bool:
        """Whether a node's daemon takes requests."""
        return (self.ping(node) or {}).get("state") == "serving"

    def ping(self, node: str) -> dict[str, Any] | None:
        """Return what a node's daemon says of itself; None if nobody answers."""
        return self._ask(node, control.ping())

    def status(self) -> dict[str, Any]:
        """Return what runs, and what the monitor says of nodes and disks.

        Raises:
            RequestFailed: there is no lab.

        """
        self.check()
        monitor = self.monitor.status()
        seen = monitor.pop("nodes")
        nodes = [{**self._node_status(node), "cluster": seen.get(node)} for node in self.nodes]
        return {"directory": str(self.directory), "monitor": monitor, "nodes": nodes}

    def _node_status(self, node: str) -> dict[str, Any]:
        status = self._ask(node, control.query("status", {})) or {}
        state = status.get("state") or (self.ping(node) or {}).get("state") or "down"
        positions = {log["log"]: log["position"] for log in status.get("logs", [])}
        pid = (status.get("daemon") or {}).get("pid") or lab_processes.running(
            self._pid_file(node)
        )
        home = str(self.home(node))
        role = status.get("role")
        facts = {"pid": pid, "role": role, "positions": positions, "home": home}
        return {"node": node, "state": state, **facts}

    def client(self, node: str) -> Client:
        """Return a conversation with a node's daemon."""
        return Client(str(self.home(node) / "vxconfigd.sock"), ASK_DEADLINE_S)

    def _ask(self, node: str, request: dict[str, object]) -> dict[str, Any] | None:
        with self.client(node) as client:
            try:
                data = client.ask(request).get("data")
            except RequestFailed:
                return None
        return data if isinstance(data, dict) else None

    def _daemon(self, node: str) -> Process:
        home = self.home(node)
        command = [*PYTHON, "daemon", "--home", str(home)]
        return Process(node, command, self._pid_file(node), home / "vxconfigd.log")

    def _pid_file(self, name: str) -> Path:
        if name == "monitor":
            return self.monitor.process.pid_file
        return self.home(name) / "vxconfigd.pid"
