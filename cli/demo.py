"""`make run`: the whole of it, on homes of its own, in about a minute.

Every command is shown as a user would type it, with what it really printed. What differs from one
run to the next is times, identifiers, process IDs, the directory, and how many changes a burst
gets through before a daemon dies. `--monitor` leaves this machine's devices alone.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from cli import demo_cluster, demo_ground, demo_node, lab_processes
from cli.demo_cluster import Cluster
from cli.demo_ground import Ground
from cli.demo_shell import BIN, Shell, TourFailed
from daemon.errors import RequestFailed

STOPPING = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Give the tour; return the exit code."""
    for number in STOPPING:
        signal.signal(number, _interrupted)  # else what was started would stay
    directory = Path(tempfile.mkdtemp(prefix="vx-tour-"))
    cluster = Cluster(directory)
    with ExitStack() as ending:
        ending.callback(cluster.end)
        ground = demo_ground.choose(directory, monitor="--monitor" in sys.argv[1:])
        ending.callback(ground.end)
        ending.callback(_be_left_alone)  # called first
        try:
            print(f"A tour of vxconfigd, in {directory}")
            print(ground.intro)
            made = demo_node.give(Shell(directory, ground.home), ground)
            demo_cluster.give(cluster)
        except (TourFailed, RequestFailed, OSError, subprocess.SubprocessError) as error:
            _explain(error, ground, cluster)
            return 1
    _farewell(ground, cluster, made)
    return 0


def _explain(error: Exception, ground: Ground, cluster: Cluster) -> None:
    sys.stdout.flush()
    print(f"\nthe tour failed: {error}", file=sys.stderr)
    for label in ("cause", "fix"):
        if value := getattr(error, label, None):
            print(f"  {label}: {value}", file=sys.stderr)
    homes = [cluster.lab.home(node) for node in cluster.lab.nodes] or [ground.home]
    for home in [] if isinstance(error, lab_processes.NotStarted) else homes:
        if said := lab_processes.tail(home / "vxconfigd.log"):
            print(f"the daemon of {home.name} said last:\n{said}", file=sys.stderr)
    print(f"it is all in {ground.directory}", file=sys.stderr)


def _farewell(ground: Ground, cluster: Cluster, made: int) -> None:
    log = f"{ground.home}/log.db"
    programs = f"$PWD/{BIN.relative_to(Path.cwd())}" if BIN.is_relative_to(Path.cwd()) else BIN
    print("\n# Everything is stopped, and the homes are still there. To look around:")
    for command in (
        f"export PATH={programs}:$PATH VX_HOME={cluster.lab.home('node1')}",
        f"vxprint -g {demo_node.GROUP} -ht --at @{made} --log {log}",
        f"vx log --log {cluster.lab.home('node1')}/log.db",
        f"vx lab up {cluster.lab.directory}",
        f"vx lab down {cluster.lab.directory}",
        f"rm -r {ground.directory}",
    ):
        print(f"$ {command}")


def _interrupted(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _be_left_alone() -> None:
    """Let nothing come between until everything is stopped."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
