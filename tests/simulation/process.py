"""One run of a daemon: what the shell makes of the core, without a shell.

Inputs wait while the disk is busy; what may leave early leaves, then comes the flush, then
everything else, in the order of the `Ready`. A trap ends or stops the daemon between two of these
steps: there is no moment at which a process cannot die.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import Answer, HashAt, Held, Hold, Input, Load, Ready, Tick
from eventstore.bulk import pack
from eventstore.codec import Commit
from eventstore.errors import Damaged
from tests.simulation.frames import Frames

if TYPE_CHECKING:
    from tests.simulation.world import World

Reply = Callable[[Answer], None]

BEFORE_DISK = "before the disk"
IN_FLUSH = "in the flush"
AFTER_FLUSH = "after the flush"
BETWEEN_SENDS = "between two messages"
STEPS = (BEFORE_DISK, IN_FLUSH, AFTER_FLUSH, BETWEEN_SENDS)
"""The moments of a step at which a trap can spring, in their order (N1)."""

STILL_MS = 100
"""How often a daemon whose monotonic clock stands looks whether it moves again."""


class Trap(NamedTuple):
    """Where in a step something happens to a daemon, once; and, for masters, in which phases."""

    step: str
    phases: frozenset[str]
    spring: Callable[[str], None]


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
        self.frames = Frames(world.seed, name)
        self._scheduled = False

    def put(self, said: Input, reply: Reply | None = None) -> None:
        """Let an input wait for its turn."""
        self.inbox.append((said, reply))
        self.world.checks.queued(self.name, len(self.inbox))
        self.go_on()

    def go_on(self) -> None:
        """Take what waits, unless the disk, or a pause, is in the way."""
        if self.alive and not self.busy and not self.paused and not self._scheduled and self.inbox:
            self._scheduled = True
            self.world.after(self.world.weather.lag_ms(self.name), self._pump)

    def _pump(self) -> None:
        self._scheduled = False
        if not self.alive or self.busy or self.paused:
            return
        world = self.world
        readies: list[Ready] = []
        batch, self.inbox = self.inbox, deque()
        disk = world.disks[self.name]
        for said, reply in batch:
            ready = self._step(said, reply)
            for send in ready.early:
                world.checks.leaves(self.name, send.to, send.message)
                world.network.send(self.name, send.to, send.message)
            if self._is_trapped(BEFORE_DISK):
                return
            disk.write(ready)
            readies.append(ready)
            if ready.anew:
                break
        if all(ready.lazy or not _writes(ready) for ready in readies):
            self._finish(readies)
            return
        self.busy = True
        world.after(world.weather.flush_ms(self.name), lambda: self._flushed(readies))
        self._is_trapped(IN_FLUSH)

    def _step(self, said: Input, reply: Reply | None) -> Ready:
        """Let the core take one input.

        Raises:
            Violation: the core raises, or decides what it must not.
        """
        world = self.world
        if reply is not None:
            self.replies[said.token] = reply  # type: ignore[union-attr]
        try:
            ready = self.core.step(world.mono_ms(self.name), world.wall_us(self.name), said)
        except Damaged as error:
            raise world.checks.found(
                "I10", f"{self.name}: {error.message}: {error.cause}"
            ) from error
        except Exception as error:
            what = f"{self.name} raises {error!r} on {type(said).__name__}"
            raise world.checks.found("defect", what) from error
        for note in ready.notes:
            world.tell(self.name, note)
        world.checks.stepped(self.name, self.core)
        return ready

    def _is_trapped(self, step: str) -> bool:
        """Whether something happens here; the daemon is dead, or stands still, afterwards."""
        trap = self.world.traps.get(self.name)
        if trap is None or trap.step != step:
            return False
        office = self.core.member.office
        if trap.phases and (office is None or office.phase.name not in trap.phases):
            return False
        del self.world.traps[self.name]
        trap.spring(step)
        return not self.alive

    def _flushed(self, readies: list[Ready]) -> None:
        if not self.alive:
            return
        world = self.world
        if world.weather.flush_fails(self.name):
            world.tell(self.name, "the disk refused a flush -> stop (G5)")
            world.kill(self.name, power=True)
            world.start_later(self.name, world.random.randint(20, 400))
            return
        world.disks[self.name].flush()
        for ready in readies:
            world.checks.flushed(self.name, ready.hard_state)
        if self._is_trapped(AFTER_FLUSH):
            return
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
                world.checks.leaves(self.name, send.to, send.message)
                world.network.send(self.name, send.to, send.message)
                if self._is_trapped(BETWEEN_SENDS):
                    return
            self._read(ready)
            for token, answer in ready.replies:
                reply = self.replies.pop(token, None)
                if reply is not None:
                    world.checks.answered(self.name, answer)
                    reply(answer)
        if readies[-1].anew:
            self._begin_anew(readies[-1].anew)
            return
        at = readies[-1].wake_at_ms
        if at != self.wake_at:
            self.wake_at = at
            if at is not None:
                self._arm(at)

    def _begin_anew(self, why: str) -> None:
        """End, and start from the log, as the shell does where the core asks for it."""
        world = self.world
        world.tell(self.name, f"begins anew: {why}")
        world.kill(self.name, power=False)
        world.start_later(self.name, 1)

    def _arm(self, at: int) -> None:
        """Wake the daemon when its own clock shows so much."""
        missing, rate = at - self.world.mono_ms(self.name), self.world.clocks[self.name].rate
        wait = STILL_MS if not rate else int(missing / rate) + 1
        self.world.after(wait if missing > 0 else 0, lambda: self._wake(at))

    def _wake(self, at: int) -> None:
        if not self.alive or self.wake_at != at:
            return
        if self.world.mono_ms(self.name) < at:
            self._arm(at)
            return
        self.wake_at = None
        self.put(Tick())

    def _direct(self, directive: object) -> None:
        if isinstance(directive, Hold):
            number = directive.number
            delay, problem = self.world.surroundings.hold(self.name)
            self.world.after(delay, lambda: self.put(Held(number, problem)))
        self.world.monitor.directed(self.name, directive)

    def _read(self, ready: Ready) -> None:
        """Read pieces and hashes of the log, and replay it from its beginning, where asked."""
        for load in ready.loads:
            self._load(load)
        disk = self.world.disks[self.name]
        for position in ready.lookups:
            if position <= len(disk.shared):
                self.put(HashAt(position, disk.shared[position - 1].hash))
        if ready.replay is not None:
            said = disk.replayed(ready.replay)
            self.world.after(self.world.weather.flush_ms(self.name), lambda: self.put(said))

    def _load(self, load: Load) -> None:
        """Read a piece of the log, as much as one frame holds, and send it."""
        disk = self.world.disks[self.name]
        log = [*disk.shared, *(c for t in disk.unsynced for c in t.shared)]
        message = load.message
        if isinstance(message, msg.Frame):
            full: msg.AnyMessage = self.frames.loaded(load, message, log)
        else:
            full = with_commits(load, log, self.world.random.randint(1, self.world.piece_max))
        self.world.network.send(self.name, load.to, full)


def with_commits(load: Load, log: Sequence[Commit], count: int) -> msg.AnyMessage:
    """Return a message with so many commits, as the shell reads them for it."""
    message, piece = load.message, tuple(log[load.after : min(load.after + count, load.through)])
    if isinstance(message, msg.Bulk):
        return replace(message, hash=piece[-1].hash if piece else b"", body=pack(piece))
    assert isinstance(message, (msg.Fetched, msg.Piece))
    return replace(message, commits=piece)


def _writes(ready: Ready) -> bool:
    return bool(ready.append or ready.store or ready.hard_state or ready.frame)
