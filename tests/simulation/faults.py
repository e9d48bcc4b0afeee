"""Nemeses: what goes wrong in a run, each switched on or off, and drawn, from the seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


class Faults:
    """One run's adversary. `off` names nemeses that stay away, for shrinking."""

    def __init__(self, world: World, off: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.random = Random(f"{world.seed}/faults")
        self.on = {
            name: rate
            for name, rate in ((n, self.random.uniform(0.2, 1.0)) for n in NEMESES)
            if self.random.random() < 0.5 and name not in off
        }
        self.healed = False
        self._set_network()
        for name, rate in self.on.items():
            self._next(name, rate)

    def _set_network(self) -> None:
        """Draw what the network and the disks are like (N7 to N10, N22, N28)."""
        switches, random = self.world.switches, self.random
        switches.loss = random.choice((0.0, 0.0, 0.02, 0.1, 0.3))
        switches.doubled = random.choice((0.0, 0.0, 0.05, 0.5))
        switches.delay_ms = (1, random.choice((2, 5, 50, 150)))
        switches.clog = random.choice((0.0, 0.0, 0.01, 0.05))
        switches.flush_ms = (1, random.choice((1, 3, 20, 100)))
        switches.late_views = random.choice((0.0, 0.0, 0.1, 0.4))

    def _next(self, name: str, rate: float) -> None:
        pause = int(self.random.expovariate(rate / 3000)) + 1
        self.world.after(pause, lambda: self._strike(name, rate))

    def _strike(self, name: str, rate: float) -> None:
        if self.healed:
            return
        self.world.faults += 1
        NEMESES[name](self)
        self._next(name, rate)

    def heal(self) -> None:
        """End all faults, and bring everything back."""
        self.healed = True
        world = self.world
        switches = world.switches
        switches.loss = switches.doubled = switches.clog = switches.late_views = 0.0
        switches.disk_error = 0.0
        switches.delay_ms, switches.flush_ms = (1, 3), (1, 2)
        world.blocked.clear()
        world.monitor.split(dict.fromkeys(world.names, 0))
        for name in world.names:
            world.monitor.join(name)
            world.start(name)
            process = world.processes.get(name)
            if process is not None:
                process.paused = False
                process.go_on()

    def _any(self) -> str:
        return self.random.choice(self.world.names)

    def _master(self) -> str:
        world = self.world
        found = [n for n, p in world.processes.items() if p.core.member.office is not None]
        return found[0] if found else self._any()

    def _back(self, name: str, low: int, high: int) -> None:
        self.world.after(self.random.randint(low, high), lambda: self.world.start(name))

    def kill_daemon(self) -> None:
        """SIGKILL, sometimes twice in short order (N1, N2)."""
        name = self.random.choice((self._any(), self._master()))
        self.world.tell("fault", f"kill {name}'s daemon")
        self.world.kill(name, power=False)
        self._back(name, 1, 2000)
        if self.random.random() < 0.3:
            again = self.random.randint(1, 60)

            def twice() -> None:
                self.world.kill(name, power=False)
                self._back(name, 1, 50)

            self.world.after(again, twice)

    def _abort(self, name: str) -> None:
        world = self.world
        world.tell("fault", f"abort node {name}")
        world.kill(name, power=True)
        world.monitor.leave(name)

        def back() -> None:
            world.monitor.join(name)
            world.start(name)

        world.after(self.random.randint(5, 6000), back)

    def abort_node(self) -> None:
        """A node loses power; it joins again later (N1)."""
        self._abort(self.random.choice((self._any(), self._master())))

    def abort_pair(self) -> None:
        """The master and the first in succession together (N3)."""
        succession = self.world.monitor.succession
        for name in tuple(succession[:2]):
            self._abort(name)

    def abort_all(self) -> None:
        """All nodes at once (N4)."""
        if self.random.random() < 0.3:
            for name in self.world.names:
                self._abort(name)

    def pause(self) -> None:
        """A daemon that stands still for a while (N6)."""
        name = self.random.choice((self._any(), self._master()))
        self.world.tell("fault", f"pause {name}")
        self.world.pause(name, self.random.choice((100, 1000, 8000)))

    def partition(self) -> None:
        """Cut the network: both sides, one way, or one link only (N11 to N13)."""
        world, random = self.world, self.random
        names = list(world.names)
        random.shuffle(names)
        size = random.randint(1, max(1, len(names) // 2))
        left, right = names[:size], names[size:]
        kind = random.choice(("both", "both", "one way", "a link"))
        pairs = {(a, b) for a in left for b in right}
        if kind == "both":
            pairs |= {(b, a) for a, b in pairs}
        elif kind == "a link" and pairs:
            pairs = {random.choice(sorted(pairs))}
        world.tell("fault", f"cut {','.join(left)} off, {kind}")
        world.blocked |= pairs
        seen = kind == "both" and random.random() < 0.8
        if seen:

            def told() -> None:
                if not self.healed:
                    world.monitor.split({n: 1 if n in left else 0 for n in names})

            world.after(random.randint(0, 300), told)

        def heal() -> None:
            world.blocked -= pairs
            world.monitor.split(dict.fromkeys(names, 0))

        world.after(random.choice((50, 500, 3000, 8000)), heal)

    def evict(self) -> None:
        """A node is put out for no reason, and comes back at once (N18, N19)."""
        name = self._any()
        self.world.tell("fault", f"evict {name} for a moment")
        self.world.monitor.leave(name)
        self.world.after(self.random.choice((1, 20, 400)), lambda: self.world.monitor.join(name))

    def old_view(self) -> None:
        """A view of long ago arrives once more (N17, N20)."""
        history = self.world.monitor.history
        if history:
            view = self.random.choice(list(history))
            name = self._any()
            self.world.tell("fault", f"{name} hears an old view of {','.join(view.members)}")
            self.world.monitor.deliver(name, view, 0)

    def replay(self) -> None:
        """Frames of long ago arrive once more (N9)."""
        frames = list(self.world.frames)
        for _ in range(min(5, len(frames))):
            self.world.arrive(*self.random.choice(frames))

    def clock(self) -> None:
        """A clock is set (N31)."""
        self.world.clock_offset_us[self._any()] += self.random.randint(-3600, 3600) * 1_000_000

    def disk_errors(self) -> None:
        """Flushes fail for a while (N27)."""
        switches = self.world.switches
        switches.disk_error = 0.05
        self.world.after(1000, lambda: setattr(switches, "disk_error", 0.0))

    def rot(self) -> None:
        """A log cannot be read any more from somewhere on (N24); one node at a time."""
        self._damage(lambda disk: disk.rot(self.random.randint(2, len(disk.shared))), "rots")

    def blank(self) -> None:
        """A disk is replaced by an empty one (N26)."""
        self._damage(lambda disk: disk.make_blank(), "is blank")

    def _damage(self, harm: Callable[..., None], what: str) -> None:
        """Harm one disk, if enough others are whole: else nothing could be demanded."""
        world = self.world
        name = self._any()
        disk = world.disks[name]
        whole = [n for n, d in world.disks.items() if n != name and d.hard_state().intact]
        if 2 * len(whole) <= len(world.names) or len(disk.shared) < 2:
            return
        world.tell("fault", f"{name}'s disk {what}")
        world.kill(name, power=True)
        harm(disk)
        world.checks.lost(name, what)
        self._back(name, 1, 2000)


NEMESES: dict[str, Callable[[Faults], None]] = {
    "kill": Faults.kill_daemon,
    "abort": Faults.abort_node,
    "pair": Faults.abort_pair,
    "all": Faults.abort_all,
    "pause": Faults.pause,
    "partition": Faults.partition,
    "evict": Faults.evict,
    "old view": Faults.old_view,
    "replay": Faults.replay,
    "clock": Faults.clock,
    "disk errors": Faults.disk_errors,
    "rot": Faults.rot,
    "blank": Faults.blank,
}
