"""SIGKILL at any moment under load: what was acknowledged is there, the rest whole or not at all.

`KILL_ROUNDS` says how many rounds, `KILL_SEED` repeats a run's choices (the moments are the
machine's). A round starts the daemon, lets clients change volumes, kills it, starts it again and
checks.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from daemon.errors import RequestFailed
from tests.support.daemons import (
    GROUP,
    MIB,
    Answer,
    Daemon,
    change,
    daemon_with_disks,
    make_group,
    volume,
)

pytestmark = [pytest.mark.long, pytest.mark.integration]

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
CLIENTS = 8
LOAD_S = (0.0, 0.1)
KILLED_STARTING = 0.1
"""How often the next start is killed too, while it recovers."""
START_S = 0.5


class Writer:
    """A client that makes, grows and removes volumes of its own until the daemon goes away."""

    def __init__(self, number: int, seed: int) -> None:
        self.acknowledged: dict[str, int] = {}
        self.unanswered: set[str] = set()
        self._name = f"w{number}"
        self._choice = random.Random(f"{seed}-{number}")
        self._asked = 0
        self._there: list[str] = []

    def work(self, daemon: Daemon) -> None:
        with daemon.client() as client:
            while True:
                self._asked += 1
                name = f"{self._name}-{self._asked}"
                request = self._next(name)
                try:
                    answer = client.ask(request)
                except RequestFailed as error:
                    if error.exit_code not in (5, 69):  # not known, or no daemon
                        raise
                    self.unanswered.add(name)
                    self._forget(request)
                    return
                self._take(request, name, answer)

    def _next(self, name: str) -> dict[str, object]:
        chosen = self._choice.choice(("make", "make", "grow", "remove", "remove"))
        if chosen == "make" or not self._there:
            return change("volume.make", volume(name), name)
        target = self._choice.choice(self._there)
        if chosen == "grow":
            args = {"group": GROUP, "name": target, "length_sectors": MIB}
            return change("volume.growby", args, name)
        return change("volume.remove", {"group": GROUP, "name": target}, name)

    def _take(self, request: dict[str, object], name: str, answer: Answer) -> None:
        self.acknowledged[name] = answer["data"]["position"]
        if request["verb"] == "volume.make":
            self._there.append(name)
        elif request["verb"] == "volume.remove":
            self._forget(request)

    def _forget(self, request: dict[str, object]) -> None:
        """Leave alone what may be gone, or different."""
        args = request["args"]
        assert isinstance(args, dict)
        if args["name"] in self._there:
            self._there.remove(args["name"])


class Ledger:
    """What was promised in all rounds, and what the log said of the rest when first asked."""

    def __init__(self, seed: int) -> None:
        self.writers = [Writer(number, seed) for number in range(CLIENTS)]
        self.acknowledged: dict[str, int] = {}
        self.settled: dict[str, tuple[str, int | None]] = {}

    def check_round(self, daemon: Daemon) -> None:
        """Ask about what this round's clients were told, and what they were not."""
        for writer in self.writers:
            for request, position in writer.acknowledged.items():
                assert daemon.outcome(request) == ("done", position), request
            for request in writer.unanswered:
                found = daemon.outcome(request)
                assert found[0] in ("done", "unknown"), (request, found)
                self.settled[request] = found
            self.acknowledged |= writer.acknowledged
            writer.acknowledged, writer.unanswered = {}, set()

    def check_all(self, daemon: Daemon) -> None:
        """Ask once more about everything: no outcome may have changed."""
        for request, position in self.acknowledged.items():
            assert daemon.outcome(request) == ("done", position), request
        for request, found in self.settled.items():
            assert daemon.outcome(request) == found, request


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with daemon_with_disks(tmp_path, disks=4) as made:
        made.start()
        make_group(made, disks=4)
        yield made


def test_no_kill_loses_or_invents_anything(daemon: Daemon) -> None:
    seed = int(os.environ.get("KILL_SEED", "0")) or random.SystemRandom().getrandbits(32)
    choice, ledger, began = random.Random(seed), Ledger(seed), time.monotonic()
    print(f"KILL_SEED={seed} KILL_ROUNDS={ROUNDS}")
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(CLIENTS) as pool:
            working = [pool.submit(w.work, daemon) for w in ledger.writers]
            Event().wait(choice.uniform(*LOAD_S))
            daemon.stop(signal.SIGKILL)
            for future in working:
                future.result(60)
        if choice.random() < KILLED_STARTING:
            daemon.spawn()
            Event().wait(choice.uniform(0, START_S))
            daemon.stop(signal.SIGKILL)
        daemon.start()
        ledger.check_round(daemon)
        daemon.assert_sound()
    ledger.check_all(daemon)
    kept = [found for found in ledger.settled.values() if found[0] == "done"]
    print(
        f"{ROUNDS} kills, {len(ledger.acknowledged)} acknowledged, 0 lost; "
        f"{len(ledger.settled)} not answered, {len(kept)} of them done; "
        f"{daemon.query('status')['logs'][-1]['position']} commits, "
        f"{time.monotonic() - began:.0f} s"
    )
