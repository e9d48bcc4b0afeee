"""The embedded monitor of a lab: its process, and what is asked of it over its socket."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from cli import exit_codes, lab_processes
from cli.lab_processes import Process
from daemon.errors import ProtocolViolation, RequestFailed
from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message

CLUSTER = "lab"
START_DEADLINE_S = 40.0
ASK_DEADLINE_S = 10.0

# -P: what happens to lie in the user's directory is not imported.
PYTHON = (sys.executable, "-P", "-m")

_DOWN: dict[str, Any] = {
    "state": "down",
    "pid": None,
    "disks": {},
    "views": [],
    "cut": [],
    "faults": None,
    "restart": False,
    "nodes": {},
}


class MonitorSocket:
    """Where a monitor listens; its protocol is in daemon/kernel/MONITOR.md."""

    def __init__(self, path: Path) -> None:
        self.socket = path

    def ask(self, request: dict[str, Any], patience_s: float = ASK_DEADLINE_S) -> dict[str, Any]:
        """Send one request, and return the data of its answer.

        Raises:
            RequestFailed: the monitor refuses, or does not answer.

        """
        try:
            answer = self._exchange(pack_message(request), patience_s)
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

    def _exchange(self, data: bytes, patience_s: float) -> object:
        frames = FrameReader()
        # By way of the directory: the address of a Unix socket holds 107 bytes, a path more.
        directory = os.open(self.socket.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(patience_s)
                connection.connect(f"/proc/self/fd/{directory}/{self.socket.name}")
                connection.sendall(data)
                while received := connection.recv(1 << 16):
                    if messages := frames.feed(received):
                        return messages[0]
        finally:
            os.close(directory)
        raise ConnectionResetError("the monitor hung up")


class MonitorHandle(MonitorSocket):
    """The embedded monitor in one directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "monitor.sock")
        self.lock = directory / "monitor.lock"
        self.process = Process(
            "monitor",
            [*PYTHON, "daemon.kernel.monitor", "--dir", str(directory)],
            directory / "monitor.pid",
            directory / "monitor.log",
        )

    def start(
        self, nodes: list[str], disks: int, disk_sectors: int, cluster_id: str = ""
    ) -> int | None:
        """Start the monitor, and return its pid; None if it runs already.

        The arguments count only where it never ran before.

        Raises:
            NotStarted: it did not start.

        """
        if self._is_there():
            return None
        made = [part for node in nodes for part in ("--node", node)]
        made += ["--cluster", CLUSTER, "--cluster-id", cluster_id, "--disks", str(disks)]
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
            return dict(_DOWN)
        return {
            "state": "serving",
            "pid": said["pid"],
            "disks": said["disks"],
            "views": _views(said["members"], said["nodes"]),
            "cut": said["cut"],
            "faults": said["members"]["faults"],
            "restart": bool(said["members"]["restart"]),
            "nodes": {name: _node(said["members"], name) for name in said["nodes"]},
        }

    def node(self, name: str) -> dict[str, Any] | None:
        """Return what the monitor says of a node; None if it is down, or does not know it."""
        found: dict[str, Any] | None = self.status()["nodes"].get(name)
        return found

    def _is_there(self) -> bool:
        return bool(self.status()["state"] == "serving")


def _views(members: dict[str, Any], configured: list[str]) -> list[dict[str, Any]]:
    """Return the sides of the network with the nodes that are in the cluster on each."""
    return [
        {
            "nodes": one["succession"],
            "master": one["master"],
            "quorate": 2 * len(one["succession"]) > len(configured),
            "number": one["number"],
        }
        for one in members["partitions"]
    ]


def _node(members: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a node's part in the cluster; `reason` says why it is out."""
    state = members["nodes"][name]
    member = any(name in one["succession"] for one in members["partitions"])
    return {
        "member": member,
        "joined": state["joined"],
        "reason": None if member else state["reason"],
        "boot_id": state["boot_id"],
        "daemon": state["daemon"],
        "address": state["address"],
        "holding": state["holding"],
        "in_flight": state["in_flight"],
    }
