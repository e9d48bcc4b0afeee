"""A cluster's whole life in one thread: nodes, disks, network and time, all from one seed.

Time is virtual, in milliseconds. A node is what the shell makes of the core: inputs wait while
the disk is busy, what may leave early leaves, then comes the flush, then everything else. Whatever
a message or an answer promises is held against what a power cut at that instant would leave.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from random import Random

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import (
    Answer,
    Begin,
    Found,
    Held,
    Hold,
    Input,
    Load,
    Ready,
    Received,
    Tick,
)
from eventstore.codec import decode_events, decode_header
from eventstore.errors import Damaged
from eventstore.model import events as ev
from tests.simulation.checks import Checks
from tests.simulation.disk import Disk
from tests.simulation.founding import START_US, configure, names

Reply = Callable[[Answer], None]


class Switches:
    """What is on in a run: the rates at which things go wrong, all 0 when healed."""

    def __init__(self) -> None:
        self.loss = 0.0
        self.doubled = 0.0
        self.delay_ms = (1, 3)
        self.clog = 0.0
        self.flush_ms = (1, 2)
        self.disk_error = 0.0
        self.late_views = 0.0


class Process:
    """One run of a daemon: the core, and what waits for it."""

    def __init__(self, world: World, name: str, core: Node) -> None:
        self.world = world
        self.name = name
        self.core = core
        self.inbox: deque[tuple[Input, Reply | None]] = deque()
        self.replies: dict[int, Reply] = {}
        self.busy = False
        self.alive = True
        self.paused = False
        self.wake_at: int | None = None
        self._scheduled = False

    def put(self, said: Input, reply: Reply | None = None) -> None:
        """Let an input wait for its turn."""
        self.inbox.append((said, reply))
        self.go_on()

    def go_on(self) -> None:
        """Take what waits, unless the disk, or a pause, is in the way."""
        if self.alive and not self.busy and not self.paused and not self._scheduled and self.inbox:
            self._scheduled = True
            self.world.after(0, self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        if not self.alive or self.busy or self.paused:
            return
        world, readies = self.world, []
        batch, self.inbox = self.inbox, deque()
        for said, reply in batch:
            ready = self._step(said, reply)
            if ready is None:
                return
            for send in ready.early:
                world.send(self.name, send.to, send.message)
            world.disks[self.name].write(ready)
            readies.append(ready)
        if all(ready.lazy or not (ready.append or ready.hard_state) for ready in readies):
            self._finish(readies)
            return
        self.busy = True
        low, high = world.switches.flush_ms
        world.after(world.random.randint(low, high), lambda: self._flushed(readies))

    def _step(self, said: Input, reply: Reply | None) -> Ready | None:
        world = self.world
        if reply is not None:
            self.replies[said.token] = reply  # type: ignore[union-attr]
        try:
            ready = self.core.step(world.now, world.wall_us(self.name), said)
        except Damaged as error:
            world.checks.broken("I10", f"{self.name}: {error.message}: {error.cause}")
            self.alive = False
            return None
        for note in ready.notes:
            world.tell(self.name, note)
        world.checks.stepped(self.name, self.core)
        return ready

    def _flushed(self, readies: list[Ready]) -> None:
        if not self.alive:
            return
        world = self.world
        if world.random.random() < world.switches.disk_error:
            world.tell(self.name, "the disk refused a flush")
            world.kill(self.name, power=False)
            world.after(world.random.randint(20, 400), lambda: world.start(self.name))
            return
        world.disks[self.name].flush()
        for ready in readies:
            world.checks.flushed(self.name, ready)
        self.busy = False
        self._finish(readies)
        self.go_on()

    def _finish(self, readies: list[Ready]) -> None:
        """Do what follows the disk, in the order of the `Ready`."""
        world = self.world
        for ready in readies:
            world.checks.persisted(self.name, ready)
            for directive in ready.directives:
                self._direct(directive)
            for send in ready.sends:
                world.checks.leaves(self.name, send.message)
                world.send(self.name, send.to, send.message)
            for load in ready.loads:
                self._load(load)
            for token, answer in ready.replies:
                reply = self.replies.pop(token, None)
                if reply is not None:
                    world.checks.answered(self.name, answer)
                    reply(answer)
        at = readies[-1].wake_at_ms
        if at != self.wake_at:
            self.wake_at = at
            if at is not None:
                world.after(max(0, at - world.now), lambda: self._wake(at))

    def _wake(self, at: int) -> None:
        if self.alive and self.wake_at == at:
            self.wake_at = None
            self.put(Tick())

    def _direct(self, directive: object) -> None:
        if isinstance(directive, Hold):
            number = directive.number
            delay = self.world.random.randint(0, 20)
            problem = "a path is stuck" if self.world.random.random() < 0.02 else None
            self.world.after(delay, lambda: self.put(Held(number, problem)))
        self.world.monitor.directed(self.name, directive)

    def _load(self, load: Load) -> None:
        """Read a piece of the log, as much as one frame holds, and send it."""
        disk = self.world.disks[self.name]
        log = [*disk.shared, *(c for t in disk.unsynced for c in t.shared)]
        count = self.world.random.randint(1, 6)
        piece = tuple(log[load.after : min(load.after + count, load.through)])
        message = load.message
        assert isinstance(message, (msg.Fetched, msg.Piece))
        if isinstance(message, msg.Fetched):
            full: msg.AnyMessage = msg.Fetched(message.term, message.after, piece)
        else:
            full = msg.Piece(message.term, message.after, message.through, piece)
        self.world.send(self.name, load.to, full)


class World:
    """Everything there is in a run."""

    def __init__(self, seed: int, count: int) -> None:
        from tests.simulation.monitor import Monitor  # noqa: PLC0415 it needs the world

        configure(count)
        self.seed = seed
        self.names = names(count)
        self.random = Random(f"{seed}/world")
        self.now = 0
        self.switches = Switches()
        self.checks = Checks(self)
        self.disks = {name: Disk(name) for name in self.names}
        self.processes: dict[str, Process] = {}
        self.clock_offset_us = dict.fromkeys(self.names, 0)
        self.blocked: set[tuple[str, str]] = set()
        self.story: list[str] = []
        self.frames: deque[tuple[str, str, bytes]] = deque(maxlen=200)
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

    def run_until(self, end_ms: int, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, until the end or until `stop` says so."""
        while self._heap and self._heap[0][0] <= end_ms and not stop():
            self.now, _number, action = heapq.heappop(self._heap)
            self.steps += 1
            action()
        if not stop():
            self.now = max(self.now, end_ms)

    def wall_us(self, node: str) -> int:
        """Return what a node's clock shows."""
        return START_US + self.now * 1000 + self.clock_offset_us[node]

    def tell(self, who: str, what: str) -> None:
        """Remember a line of the story."""
        self.story.append(f"{self.now:>7} {who}: {what}")

    # Processes.

    def start(self, name: str) -> None:
        """Start a node's daemon, unless it runs."""
        if name in self.processes or not self.monitor.is_up(name):
            return
        core = self.disks[name].recover(self.wall_us(name))
        self.checks.recovered(name, core)
        process = self.processes[name] = Process(self, name, core)
        process.put(Begin(self.monitor.boots[name], "sim", "sim"))
        self.monitor.attached(name)

    def kill(self, name: str, *, power: bool) -> None:
        """End a daemon at once; without power, what was not flushed may be lost."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.alive = False
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

    # The network.

    def send(self, sender: str, to: str, message: msg.AnyMessage) -> None:
        """Send a message: it may be lost, late, or come twice."""
        if to not in self.names:
            return
        if isinstance(message, msg.Propose):
            self.checks.proposed(message.record)
        frame = msg.encode(message)
        self.frames.append((sender, to, frame))
        if (sender, to) in self.blocked or self.random.random() < self.switches.loss:
            return
        self._transmit(sender, to, frame)
        if self.random.random() < self.switches.doubled:
            self._transmit(sender, to, frame)

    def _transmit(self, sender: str, to: str, frame: bytes) -> None:
        low, high = self.switches.delay_ms
        delay = self.random.randint(low, high)
        if self.random.random() < self.switches.clog:
            delay += self.random.randint(50, 3000)
        self.after(delay, lambda: self.arrive(sender, to, frame))

    def arrive(self, sender: str, to: str, frame: bytes) -> None:
        """Hand a frame to the daemon that it is for, if it runs."""
        process = self.processes.get(to)
        if process is None or (sender, to) in self.blocked:
            return
        message = msg.decode(frame)
        found, as_of = None, 0
        if isinstance(message, msg.Ship):
            found, as_of = self.look_up(to, message.request)
        process.put(Received(sender, message, found, as_of))

    def look_up(self, node: str, request: str) -> tuple[Found | None, int]:
        """Return what a node's shared log says of a request, and how far that log goes."""
        head = self.processes[node].core.shared.head.position
        found = self.checks.outcomes.get(request)
        return (found if found is not None and found.position <= head else None), head


def events_of(payload: bytes) -> list[ev.AnyEvent]:
    """Return the events of a payload."""
    return decode_events(payload)


def tx_of(header: bytes) -> str:
    """Return the transaction ID of a header."""
    return decode_header(header).tx
