"""`make run`: the whole of it, on a home of its own, in under a minute.

Every command is shown as a user would type it, with what it really printed. What differs from one
run to the next is times, identifiers, process IDs, the directory, and how many changes the burst
gets through before the daemon dies. `--monitor` leaves this machine's devices alone.
"""

from __future__ import annotations

import os
import shlex
import shutil
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
VOLUME = "vol01"


class TourFailed(Exception):
    """A step did not do what the tour says it does."""


class Tour:
    """Runs commands against one home, and shows them."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.socket = str(ground.home / "vxconfigd.sock")
        self._path = f"{BIN}:{os.environ.get('PATH', os.defpath)}"
        home = {"VX_HOME": str(ground.home), "PATH": self._path}
        self._environment = {**os.environ, **home, "NO_COLOR": "1", "COLUMNS": "100"}

    def say(self, text: str) -> None:
        print(f"\n# {text}", flush=True)

    def show(self, line: str) -> None:
        """Show a command that was carried out already."""
        print(f"$ {line}", flush=True)

    def run(self, line: str) -> str:
        """Run a command line, show it with its output, and return the output.

        Raises:
            TourFailed: it did not end with 0.

        """
        self.show(line)
        program, *arguments = shlex.split(line)
        done = subprocess.run(  # noqa: S603 ours
            [shutil.which(program, path=self._path) or program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.ground.directory,
            env=self._environment,
            check=False,
            timeout=DEADLINE_S,
        )
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
        if done.returncode != 0:
            raise TourFailed(f"`{line}` ended with {done.returncode}")
        return done.stdout

    def ask(self, question: str, **args: object) -> Any:
        """Put a question to the daemon, and return the data of its answer."""
        with Client(self.socket) as client:
            return client.ask(control.query(question, args))["data"]

    def position(self) -> int:
        """Return the position of the node's log."""
        logs = self.ask("status")["logs"]
        return int(next(log["position"] for log in logs if log["log"].startswith("node/")))

    def online(self) -> set[str]:
        """Return the names of the disks that are there."""
        return {str(one["device"]) for one in self.ask("disk.list", device=None) if one["device"]}

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


def main() -> int:
    """Give the tour; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupted)  # else what was started would stay
    directory = Path(tempfile.mkdtemp(prefix="vx-tour-"))
    ground = demo_ground.choose(directory, monitor="--monitor" in sys.argv[1:])
    try:
        made = _tour(Tour(ground))
    except (TourFailed, RequestFailed, OSError, subprocess.SubprocessError) as error:
        _explain(error, ground)
        return 1
    finally:
        ground.end()
    _farewell(ground, made)
    return 0


def _tour(tour: Tour) -> int:
    """Return a position worth looking at."""
    print(f"A tour of vxconfigd, in {tour.ground.directory}")
    print(tour.ground.intro)
    _disks(tour)
    made, grown = _changes(tour)
    _crash(tour)
    _past(tour, made, grown)
    _without_daemon(tour)
    return made


def _disks(tour: Tour) -> None:
    first, second = tour.ground.devices
    tour.say("A home, and its daemon")
    tour.ground.begin(tour)
    tour.show(f"export VX_HOME={tour.ground.home}")
    tour.say("Two disks appear")
    tour.ground.attach(tour, first)
    tour.wait(f"{first} appears", lambda: first in tour.online())
    tour.ground.attach(tour, second)
    tour.wait(f"{second} appears", lambda: second in tour.online())
    tour.run("vxdisk list")


def _changes(tour: Tour) -> tuple[int, int]:
    """Return the positions after volumes were made, and after one was grown."""
    first, second = tour.ground.devices
    tour.say("A disk group on them, and volumes")
    tour.run(f"vxdisk init {first}")
    tour.run(f"vxdisk init {second}")
    tour.run(f"vxdg init {GROUP} data01={first} data02={second}")
    tour.run(f"vxassist -g {GROUP} make {VOLUME} 400m data01")
    tour.run(f"vxassist -g {GROUP} make vol02 200m data02")
    made = tour.position()
    tour.run(f"vxprint -g {GROUP} -ht")
    tour.say("One grows; first, what that would be")
    tour.run(f"vxassist -g {GROUP} --dry-run growby {VOLUME} 100m")
    tour.run(f"vxassist -g {GROUP} growby {VOLUME} 100m")
    grown = tour.position()
    tour.say("A disk is pulled")
    tour.ground.pull(tour, second)
    tour.wait(f"{second} goes", lambda: second not in tour.online())
    tour.run("vxdisk list")
    return made, grown


def _crash(tour: Tour) -> None:
    first, _ = tour.ground.devices
    before = _length(tour)
    tour.say(f"{demo_burst.CLIENTS} clients grow {VOLUME} by 1m each time; amid this, a SIGKILL")
    burst = demo_burst.run(tour.socket, GROUP, VOLUME, lambda: tour.ground.kill(tour))
    print(f"acknowledged: {len(burst.acknowledged)}; without an answer: {len(burst.unanswered)}")
    tour.say("While it is down the other disk is pulled; then it is started again")
    tour.ground.pull(tour, first)
    tour.ground.start(tour)
    kept = demo_burst.took_effect(tour.socket, burst.acknowledged)
    others = demo_burst.took_effect(tour.socket, burst.unanswered)
    print(f"acknowledged and missing: {len(burst.acknowledged) - len(kept)}")
    print(f"without an answer, and yet done: {len(others)}")
    if len(kept) != len(burst.acknowledged):
        raise TourFailed("something that was acknowledged is missing")
    if _length(tour) != before + demo_burst.GROW_SECTORS * len(kept + others):
        raise TourFailed(f"the length of {VOLUME} is not the sum of what was done to it")
    tour.run(f"vx outcome {burst.acknowledged[-1]}")
    tour.say("What could not be observed is known to be unknown")
    tour.run("vx status")


def _length(tour: Tour) -> int:
    return int(tour.ask("get", object=f"{GROUP}/{VOLUME}")["length_sectors"])


def _past(tour: Tour, made: int, grown: int) -> None:
    # The last commit that touched the disk: other announcements may have come before it.
    pulled = int(tour.ask("log", object=f"{GROUP}/data02")[-1]["position"])
    tour.say("The state at three moments of the past")
    tour.run(f"vxprint -g {GROUP} -vt --at @{made}")
    tour.run(f"vxprint -g {GROUP} -vt --at @{grown}")
    tour.run(f"vxprint -g {GROUP} -vt --at @{pulled}")
    tour.say("What changed between two of them")
    tour.run(f"vx diff @{made} @{grown}")
    tour.say("Who changed the volume")
    tour.run(f"vx blame {GROUP}/{VOLUME}")
    tour.say("Why the other one lost its disk")
    tour.run(f"vx show @{pulled}")
    tour.say("Is the log what was written, and does a replay give the same?")
    tour.run("vx verify --replay")


def _without_daemon(tour: Tour) -> None:
    tour.say("Without a daemon, the log answers")
    tour.ground.stop(tour)
    tour.run(f"vx log -n 3 --log {tour.ground.home}/log.db")


def _explain(error: Exception, ground: Ground) -> None:
    sys.stdout.flush()
    print(f"\nthe tour failed: {error}", file=sys.stderr)
    for label in ("cause", "fix"):
        if value := getattr(error, label, None):
            print(f"  {label}: {value}", file=sys.stderr)
    said = lab_processes.tail(ground.home / "vxconfigd.log")
    if said and not isinstance(error, lab_processes.NotStarted):
        print(f"the daemon said last:\n{said}", file=sys.stderr)
    print(f"it is all in {ground.directory}", file=sys.stderr)


def _farewell(ground: Ground, made: int) -> None:
    log = f"{ground.home}/log.db"
    programs = f"$PWD/{BIN.relative_to(Path.cwd())}" if BIN.is_relative_to(Path.cwd()) else BIN
    print("\n# Everything is stopped, and the home is still there. To look around:")
    for command in (
        f"export PATH={programs}:$PATH VX_HOME={ground.home}",
        f"vx log --log {log}",
        f"vxprint -g {GROUP} -ht --at @{made} --log {log}",
        *ground.start_again(),
        f"rm -r {ground.directory}",
    ):
        print(f"$ {command}")


def _interrupted(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
