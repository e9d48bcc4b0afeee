"""A cluster on one machine: its homes, its monitor, its daemons.

    DIR/monitor/   monitor.json, monitor.sock, monitor.pid, monitor.log
    DIR/node1/     a home: config.toml, log.db, vxconfigd.sock, vxconfigd.pid, vxconfigd.log

Every step can be repeated: what is there already is left as it is.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from cli import exit_codes, lab_processes
from cli.failure import UsageError
from cli.lab_processes import NotStarted, Process
from daemon.client import Client
from daemon.errors import ProtocolViolation, RequestFailed
from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message

CLUSTER = "lab"
START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 20.0
ASK_DEADLINE_S = 10.0

# -P: what happens to lie in the user's directory is not imported.
_PYTHON = (sys.executable, "-P", "-m")


class Lab:
    """The lab in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
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

    def up(self, nodes: list[str], disks: int, disk_sectors: int) -> list[str]:
        """Make what is missing and start what does not run; return what was started.

        Raises:
            UsageError: the directory is something else.
            NotStarted: monitor or daemon did not start; what this call started is stopped again.

        """
        if self.directory.exists() and not self.exists and any(self.directory.iterdir()):
            raise UsageError(
                f"{self.directory} is not empty, and no lab", fix="name a directory to be made"
            )
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.directory} cannot be made", cause=str(error)) from error
        began: list[str] = []
        try:
            if self.monitor.start(nodes, disks, disk_sectors):
                began.append("monitor")
            for node in nodes:
                self._make_home(node)
                if self.start(node):
                    began.append(node)
        except BaseException:
            for name in reversed(began):
                lab_processes.stop(self._pid_file(name), signal.SIGTERM, STOP_DEADLINE_S)
            raise
        return began

    def start(self, node: str) -> int | None:
        """Start a node's daemon, and return its pid; None if it serves already.

        Raises:
            NotStarted: it did not start.
            RequestFailed: there is no such node.

        """
        self.check(node)
        self.monitor.start([], 0, 0)
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
        pid = lab_processes.stop(self._pid_file(node), signal.SIGKILL, STOP_DEADLINE_S)
        if pid is None and self.ping(node) is not None:
            raise RequestFailed(
                "V-5-1-9036",
                f"the daemon of {node} was not started by the lab",
                fix=f"stop it where it was started (home {self.home(node)})",
                exit_code=exit_codes.REJECTED,
            )
        return pid

    def down(self) -> list[str]:
        """Stop daemons, then monitor, and return what was stopped.

        Raises:
            RequestFailed: there is no lab, or a process does not end.

        """
        self.check()
        names = [*self.nodes, "monitor"]
        pids = [
            lab_processes.stop(self._pid_file(name), signal.SIGTERM, STOP_DEADLINE_S)
            for name in names
        ]
        return [name for name, pid in zip(names, pids, strict=True) if pid is not None]

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

    def is_serving(self, node: str) -> bool:
        """Whether a node's daemon takes requests."""
        return (self.ping(node) or {}).get("state") == "serving"

    def ping(self, node: str) -> dict[str, Any] | None:
        """Return what a node's daemon says of itself; None if nobody answers."""
        return self._ask(node, control.ping())

    def status(self) -> dict[str, Any]:
        """Return what runs, and what the monitor says of the disks.

        Raises:
            RequestFailed: there is no lab.

        """
        self.check()
        return {
            "directory": str(self.directory),
            "monitor": self.monitor.status(),
            "nodes": [self._node_status(node) for node in self.nodes],
        }

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

    def _ask(self, node: str, request: dict[str, object]) -> dict[str, Any] | None:
        with Client(str(self.home(node) / "vxconfigd.sock"), ASK_DEADLINE_S) as client:
            try:
                data = client.ask(request).get("data")
            except RequestFailed:
                return None
        return data if isinstance(data, dict) else None

    def _make_home(self, node: str) -> None:
        home = self.home(node)
        if (home / "config.toml").exists():
            return
        names = ["--home", str(home), "--cluster", CLUSTER, "--node", node]
        kernel = ["--kernel", "monitor", "--monitor", str(self.monitor.socket)]
        init_home([*names, *kernel])

    def _daemon(self, node: str) -> Process:
        home = self.home(node)
        command = [*_PYTHON, "daemon", "--home", str(home)]
        return Process(node, command, self._pid_file(node), home / "vxconfigd.log")

    def _pid_file(self, name: str) -> Path:
        if name == "monitor":
            return self.monitor.process.pid_file
        return self.home(name) / "vxconfigd.pid"


class MonitorHandle:
    """The embedded monitor in one directory; its protocol is in daemon/kernel/MONITOR.md."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "monitor.sock"
        self.process = Process(
            "monitor",
            [*_PYTHON, "daemon.kernel.monitor", "--dir", str(directory)],
            directory / "monitor.pid",
            directory / "monitor.log",
        )

    def start(self, nodes: list[str], disks: int, disk_sectors: int) -> int | None:
        """Start the monitor, and return its pid; None if it runs already.

        The arguments count only where it never ran before.

        Raises:
            NotStarted: it did not start.

        """
        if self._is_there():
            return None
        made = [part for node in nodes for part in ("--node", node)]
        made += ["--cluster", CLUSTER, "--disks", str(disks)]
        made += ["--disk-sectors", str(max(disk_sectors, 1))]
        process = self.process._replace(command=[*self.process.command, *made])
        return lab_processes.start(process, self._is_there, START_DEADLINE_S)

    def disk(
        self, action: str, device: str, node: str | None, size_sectors: int | None = None
    ) -> dict[str, Any]:
        """Let something happen to a disk, and return who was told.

        Raises:
            RequestFailed: the monitor refuses, or does not answer.

        """
        disk = {"action": action, "device": device, "node": node, "size_sectors": size_sectors}
        return self.ask({"op": "disk", **disk})

    def status(self) -> dict[str, Any]:
        """Return the monitor's own words, or that it is down."""
        try:
            said = self.ask({"op": "status"})
        except RequestFailed:
            return {"state": "down", "pid": None, "disks": {}}
        return {"state": "serving", "pid": said["pid"], "disks": said["disks"]}

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request, and return the data of its answer.

        Raises:
            RequestFailed: the monitor refuses, or does not answer.

        """
        try:
            answer = self._exchange(pack_message(request))
        except (OSError, ProtocolViolation) as error:
            raise RequestFailed(
                "V-5-1-9022",
                f"the monitor at {self.socket} does not answer",
                cause=str(error),
                fix=f"vx lab up {self.socket.parents[1]}",
                exit_code=exit_codes.UNAVAILABLE,
            ) from error
        if isinstance(answer, dict) and answer.get("ok") is True:
            data: dict[str, Any] = answer["data"]
            return data
        raise control.error_from(answer.get("error") if isinstance(answer, dict) else None)

    def _exchange(self, data: bytes) -> object:
        frames = FrameReader()
        # By way of the directory: the address of a Unix socket holds 107 bytes, a path more.
        directory = os.open(self.socket.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ASK_DEADLINE_S)
                connection.connect(f"/proc/self/fd/{directory}/{self.socket.name}")
                connection.sendall(data)
                while received := connection.recv(1 << 16):
                    if messages := frames.feed(received):
                        return messages[0]
        finally:
            os.close(directory)
        raise ConnectionResetError("the monitor hung up")

    def _is_there(self) -> bool:
        return bool(self.status()["state"] == "serving")


def init_home(arguments: list[str]) -> None:
    """Run `vxconfigd init`.

    Raises:
        NotStarted: it failed; what it said is in the message.

    """
    command = [*_PYTHON, "daemon", "init", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 ours
    if done.returncode != 0:
        raise NotStarted(
            "V-5-1-9035",
            "a home could not be made",
            cause=(done.stderr or done.stdout).strip(),
            exit_code=done.returncode,
        )
