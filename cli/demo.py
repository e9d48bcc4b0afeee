"""`make run`: the whole of it, on a home of its own, in under a minute.

Every command is shown as a user would type it, with what it really printed. What differs from one
run to the next is times, identifiers, process IDs, the directory, and how many changes the burst
gets through before the daemon dies.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli import demo_burst, demo_ground, lab_processes
from cli.demo_ground import Ground
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

DEADLINE_S = 20.0
PAUSE_S = 0.02
BIN = Path(sys.executable).parent
GROUP = "datadg"


class TourFailed(Exception):
    """A step did not do what the tour says it does."""


class Tour:
    """Runs commands against one home and shows them."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.socket = str(ground.home / "vxconfigd.sock")
        self._environment = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ.get('PATH', os.defpath)}",
            "VX_HOME": str(ground.home),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def say(self, text: str) -> None:
        print(f"\n# {text}", flush=True)

    def show(self, *commands: str) -> None:
        """Show commands that were carried out already."""
        for command in commands:
            print(f"$ {command}", flush=True)

    def run(self, line: str, *, code: int = 0) -> str:
        """Run a command line, show it with its output, and return the output.

        Raises:
            TourFailed: it ended with another exit code.

        """
        self.show(line)
        program, *arguments = shlex.split(line)
        done = subprocess.run(  # noqa: S603 ours
            [BIN / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            check=False,
            timeout=DEADLINE_S,
        )
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
        if done.returncode != code:
            raise TourFailed(f"`{line}` ended with {done.returncode}, not {code}")
        return done.stdout

    def ask(self, question: str, **args: object) -> dict[str, Any]:
        """Put a question to the daemon; return the whole answer."""
        with Client(self.socket) as client:
            return client.ask(control.query(question, args))

    def position(self) -> int:
        """Return the position of the node's log."""
        logs = self.ask("status")["data"]["logs"]
        return int(next(log["position"] for log in logs if log["log"].startswith("node/")))

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until the daemon has taken something up.

        Raises:
            TourFailed: it did not within the deadline.

        """
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise TourFailed(f"waited {DEADLINE_S:g} s in vain: {what}")
            time.sleep(PAUSE_S)

    def statuses(self) -> dict[str, str]:
        """Return each disk's status by its identity's last part."""
        found = self.ask("disk.list", device=None)["data"]
        return {str(one["device"]): str(one["status"]) for one in found}


def main() -> int:
    """Give the tour; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupted)  # else what was started would stay
    ground = demo_ground.choose(Path(tempfile.mkdtemp(prefix="vx-tour-")))
    tour = Tour(ground)
    try:
        _tour(tour)
    except (TourFailed, RequestFailed, OSError, subprocess.SubprocessError) as error:
        said = lab_processes.tail(ground.home / "vxconfigd.log")
        print(f"\nthe tour failed: {error}", file=sys.stderr)
        for label in ("cause", "fix"):
            if value := getattr(error, label, None):
                print(f"  {label}: {value}", file=sys.stderr)
        print(f"the daemon said last:\n{said}" if said else "the daemon said nothing")
        return 1
    finally:
        ground.end()
    _farewell(ground)
    return 0


def _interrupted(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _tour(tour: Tour) -> None:
    print(f"A tour of vxconfigd. Everything is in {tour.ground.directory}")
    print(tour.ground.intro)
    _disks(tour)
    made, grown, pulled = _changes(tour)
    _crash(tour)
    _past(tour, made, grown, pulled)


def _disks(tour: Tour) -> None:
    first, second = tour.ground.devices
    tour.say("A home, and its daemon")
    tour.show(*tour.ground.begin(), f"export VX_HOME={tour.ground.home}")
    tour.say("Two disks appear")
    tour.show(tour.ground.attach(first), tour.ground.attach(second))
    tour.wait("two disks", lambda: {first, second} <= tour.statuses().keys())
    tour.run("vxdisk list")


def _changes(tour: Tour) -> tuple[int, int, int]:
    """Return the positions after volumes were made, one was grown, and a disk was pulled."""
    first, second = tour.ground.devices
    tour.say("A disk group on them, and volumes")
    tour.run(f"vxdisk init {first}")
    tour.run(f"vxdisk init {second}")
    tour.run(f"vxdg init {GROUP} data01={first} data02={second}")
    tour.run(f"vxassist -g {GROUP} make vol01 400m data01")
    tour.run(f"vxassist -g {GROUP} make vol02 200m data02")
    made = tour.position()
    tour.run(f"vxprint -g {GROUP} -ht")
    tour.say("Before a change is made, its events and what would be different")
    tour.run(f"vxassist -g {GROUP} --dry-run growby vol01 200m")
    tour.run(f"vxassist -g {GROUP} growby vol01 200m")
    grown = tour.position()
    tour.say("A disk is pulled")
    tour.show(tour.ground.pull(second))
    tour.wait("a pulled disk", lambda: tour.statuses().get(second, "gone") != "online")
    pulled = tour.position()
    tour.run("vxdisk list")
    return made, grown, pulled


def _crash(tour: Tour) -> None:
    first, _ = tour.ground.devices
    tour.say(f"{demo_burst.CLIENTS} clients make volumes; in the middle, the daemon is killed")
    burst, killed = demo_burst.run(tour.socket, GROUP, tour.ground.kill)
    tour.show(killed)
    print(f"acknowledged: {len(burst.acknowledged)}; without an answer: {len(burst.unanswered)}")
    tour.say("While it is down, the other disk is pulled; then the daemon is started again")
    tour.show(tour.ground.pull(first), tour.ground.start())
    found = demo_burst.outcomes(tour.socket, burst.acknowledged)
    missing = [name for name, outcome in found.items() if outcome != "done"]
    if missing:
        raise TourFailed(f"acknowledged, and not in the log: {', '.join(missing)}")
    print(f"acknowledged: {len(found)}; missing: {len(missing)}")
    tour.run(f"vx outcome {burst.acknowledged[-1]}")
    tour.say("What could not be observed is known to be unknown")
    tour.run("vx status")


def _past(tour: Tour, made: int, grown: int, pulled: int) -> None:
    tour.say("The state at three moments of the past")
    tour.run(f"vxprint -g {GROUP} -ht --at @{made} vol01")
    tour.run(f"vxprint -g {GROUP} -ht --at @{grown} vol01")
    tour.run(f"vxdisk list --at @{pulled}")
    tour.say("What changed between two of them, and who changed the volume")
    tour.run(f"vx diff @{made} @{grown}")
    tour.run(f"vx blame {GROUP}/vol01")
    tour.run(f"vx log --until @{pulled}")
    tour.say("Is the log what was written, and does a replay give the same?")
    tour.run("vx verify --replay")


def _farewell(ground: Ground) -> None:
    log = ground.home / "log.db"
    print("\n# It is stopped; its log is still there. To look around:")
    for command in (
        f"export PATH={BIN}:$PATH VX_HOME={ground.home}",
        f"vx --log {log} log",
        f"vx --log {log} print --at @-3",
        *ground.hints(),
        f"rm -r {ground.directory}",
    ):
        print(f"$ {command}")


if __name__ == "__main__":
    sys.exit(main())
