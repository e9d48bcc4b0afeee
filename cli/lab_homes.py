"""The homes of a lab's nodes: all of one cluster, with certificates of its own authority.

DIR/ca/        the authority (ca.pem, ca.key), where there are several nodes
DIR/node1/     config.toml, log.db, tls/
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cli.lab_monitor import CLUSTER, PYTHON
from cli.lab_processes import NotStarted

_LISTEN = """
[peers]
listen = "127.0.0.1:0"
"""
"""Peers are on this machine; the monitor tells each node on which port the others listen."""


CONFIG_FILE = "config.toml"
AT_ONCE = 2
"""Making a home is mostly the start of a program: more at once only wait for processors."""


def new_cluster_id() -> str:
    """Return an ID for a new cluster: a UUID of version 7, as the daemon itself would draw it."""
    noise = os.urandom(10).hex()
    variant = "89ab"[int(noise[3], 16) % 4]
    return f"{time.time_ns() // 1_000_000:012x}7{noise[:3]}{variant}{noise[4:19]}"


def make_all(
    directory: Path, nodes: Sequence[str], cluster_id: str, monitor: Path, database: str = ""
) -> None:
    """Make the homes that are missing; a cluster of several nodes begins with all of them (B0).

    Their logs are in a `database`, where one is named.

    Raises:
        NotStarted: it failed; what was said is in the message.

    """
    missing = [node for node in nodes if not (directory / node / CONFIG_FILE).exists()]
    several = len(nodes) > 1
    authority = directory / "ca"
    more = ("--database", database) if database else ()
    if missing and several and not (authority / "ca.key").exists():
        _vxconfigd("ca", "init", "--dir", str(authority), "--cluster", cluster_id)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = [
            pool.submit(_make, directory, one, nodes, cluster_id, monitor, *more)
            for one in missing
        ]
    for one in made:
        one.result()
    for node in nodes if several else ():
        _let_listen(directory / node / CONFIG_FILE)


def make_joining(
    directory: Path, node: str, founders: Sequence[str], cluster_id: str, monitor: Path
) -> None:
    """Make the home of a node that comes later than those who founded the cluster (B11), once.

    Raises:
        NotStarted: it failed; what was said is in the message.

    """
    if not (directory / node / CONFIG_FILE).exists():
        _make(directory, node, founders, cluster_id, monitor, "--join")
    _let_listen(directory / node / CONFIG_FILE)


def _make(
    directory: Path,
    node: str,
    nodes: Sequence[str],
    cluster_id: str,
    monitor: Path,
    *more: str,
) -> None:
    home = str(directory / node)
    names = ["--home", home, "--cluster", CLUSTER, "--node", node]
    kernel = ["--kernel", "monitor", "--monitor", str(monitor)]
    if len(nodes) > 1:
        # Settings are what makes a home: certificate first, so that none is left without one.
        _vxconfigd("node-cert", "--ca", str(directory / "ca"), "--node", node, "--home", home)
    init_home([*names, *kernel, "--nodes", ",".join(nodes), "--cluster-id", cluster_id, *more])


def _let_listen(config: Path) -> None:
    if "[peers]" not in config.read_text(encoding="utf-8"):
        with config.open("a", encoding="utf-8") as settings:
            settings.write(_LISTEN)


def init_home(arguments: list[str]) -> None:
    """Run `vxconfigd init`.

    Raises:
        NotStarted: it failed; what it said is in the message.

    """
    _vxconfigd("init", *arguments)


def _vxconfigd(*arguments: str) -> None:
    """Run the daemon's program for something that it does and ends."""
    command = [*PYTHON, "daemon", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 ours
    if done.returncode != 0:
        raise NotStarted(
            "V-5-1-9035",
            "a home could not be made",
            cause=(done.stderr or done.stdout).strip(),
            exit_code=done.returncode,
        )
