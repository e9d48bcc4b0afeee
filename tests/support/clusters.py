"""A running lab of several nodes: real monitor, real daemons, real command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.lab_cluster import Lab
from tests.support.lab import GIB_SECTORS, RunningHome
from tests.support.waiting import wait_until

DEADLINE_S = 60.0


class Cluster:
    """A lab's nodes, and what each of them says of itself."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.nodes = {node: RunningHome(lab.home(node)) for node in lab.nodes}

    def __getitem__(self, node: str) -> RunningHome:
        return self.nodes[node]

    def lab_vx(self, verb: str, *arguments: str) -> Any:
        """Run `vx lab VERB DIR ...`, and return its data; it must succeed."""
        return self["node1"].data("lab", verb, str(self.lab.directory), *arguments)

    def status(self) -> dict[str, Any]:
        return self.lab.status()

    def roles(self) -> dict[str, str]:
        """What each daemon says that it is; "down" where none answers."""
        return {n["node"]: n["role"] or n["state"] for n in self.status()["nodes"]}

    def until_roles(self, **expected: str) -> None:
        """Wait until these nodes are what is expected."""
        wait_until(lambda: expected.items() <= self.roles().items(), DEADLINE_S)

    def heads(self) -> set[Any]:
        """Where the shared log ends on each node that serves."""
        return {n["positions"]["shared"] for n in self.status()["nodes"] if n["positions"]}


def names(count: int) -> list[str]:
    return [f"node{number + 1}" for number in range(count)]


@contextmanager
def running_cluster(
    directory: Path, nodes: int = 3, disks: int = 2, database: str = ""
) -> Iterator[Cluster]:
    """Bring a lab of several nodes up, all joined, and take it down again."""
    lab = Lab(directory / "lab", database)
    try:
        lab.up(names(nodes), disks, GIB_SECTORS)
        yield Cluster(lab)
    finally:
        if lab.exists:
            lab.down()


def processes_of(directory: Path) -> list[str]:
    """The command lines of all running processes of our programs that name a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if words[0] == sys.executable and any(str(directory) in word for word in words):
            found.append(" ".join(words))
    return found


def kill_process(pid: int) -> None:
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
