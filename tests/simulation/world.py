"""A cluster's whole life in one thread: nodes, disks, network and time, all from one seed.

Time is virtual, in milliseconds. A node is what the shell makes of the core (`process`). Whatever
a message or an answer promises is held against what a power cut at that instant would leave.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random

from daemon.core.ready import Begin
from daemon.core.station import FAR_BEHIND, PROTOCOLS
from tests.simulation.checks import Checks
from tests.simulation.disk import Disk
from tests.simulation.founding import START_US, configure, names
from tests.simulation.monitor import Monitor
from tests.simulation.network import Network
from tests.simulation.process import Process, Trap
from tests.simulation.surroundings import Surroundings
from tests.simulation.weather import Clock, Weather

STEPS_MAX = 3_000_000
"""Events of one life; the busiest of many thousands had a tenth of it."""


class World:
    """Everything there is in a run."""

    def __init__(self, seed: int, count: int) -> None:
        configure(count)
        self.seed = seed
        self.names = names(count)
        self.random = Random(f"{seed}/world")
        self.now = 0
        self.weather = Weather(self.random)
        self.clocks = {name: Clock() for name in self.names}
        self.checks = Checks(self)
        self.disks = {name: Disk(name) for name in self.names}
        self.processes: dict[str, Process] = {}
        self.traps: dict[str, Trap] = {}
        self.network = Network(self)
        self.surroundings = Surroundings(seed)
        self.story: list[str] = []
        self.protocols = dict.fromkeys(self.names, PROTOCOLS)
        """Node -> the protocol versions that its program speaks."""
        self.piece_max = 6
        """How many commits a frame holds at most."""
        self.far_behind = Random(f"{seed}/far").choice((1, 4, *([FAR_BEHIND] * 4)))
        """How many commits a member may lack and still be given them one by one (C3)."""
        self.faults = 0
        self.steps = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self.monitor = Monitor(self)

    # Time.

    def after(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Let something happen later."""
        self._number += 1
        heapq.heappush(self._heap, (self.now + delay_ms, self._number, action))

    def run_until(self, end_ms: int, stop: Callable[[], bool] | None = None) -> None:
        """Let time pass, until the end or until `stop` says so."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= end_ms:
            if stop is not None and stop():
                return
            self.now, _number, action = pop(heap)
            self.steps += 1
            if self.steps > STEPS_MAX:
                self.checks.broken("I14", "it never comes to rest: something feeds itself")
            action()
        self.now = max(self.now, end_ms)

    def wall_us(self, node: str) -> int:
        """Return what a node's wall clock shows."""
        return START_US + self.now * 1000 + self.clocks[node].offset_us

    def mono_ms(self, node: str) -> int:
        """Return what a node's monotonic clock shows."""
        return self.clocks[node].mono_ms(self.now)

    def tell(self, who: str, what: str) -> None:
        """Remember a line of the story."""
        self.story.append(f"{self.now:>7} {who}: {what}")

    # Processes.

    def start(self, name: str) -> None:
        """Start a node's daemon, unless it runs."""
        if name in self.processes or not self.monitor.is_up(name):
            return
        core = self.disks[name].recover(self.wall_us(name))
        self.surroundings.put_around(core)
        core.member.protocols = self.protocols[name]
        core.member.far_behind = self.far_behind
        self.checks.recovered(name, core)
        process = self.processes[name] = Process(self, name, core)
        process.put(Begin(self.monitor.boots[name], "sim", "sim"))
        self.monitor.attached(name)

    def start_later(self, name: str, delay_ms: int) -> None:
        """Start a node's daemon after a while: its supervisor does (E6)."""
        self.after(delay_ms, lambda: self.start(name))

    def kill(self, name: str, *, power: bool) -> None:
        """End a daemon at once; without power, what was not flushed may be lost."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.alive = False
        self.traps.pop(name, None)
        if power:
            self.disks[name].lose_power(self.random)
        else:
            self.disks[name].flush()
        self.checks.killed(name)
        self.monitor.detached(name)

    def pause(self, name: str, ms: int) -> None:
        """Stop a daemon for a while, as SIGSTOP does."""
        process = self.processes.get(name)
        if process is None:
            return
        process.paused = True

        def resume() -> None:
            process.paused = False
            process.go_on()

        self.after(ms, resume)
