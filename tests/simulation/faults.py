"""The adversary of a run: which nemeses there are, when they strike, and how all is healed.

Each seed draws which nemeses are on, and how often they come (swarm): a run with few of them goes
where a run with all of them does not. Every nemesis has its own random numbers, so that leaving
one out leaves the others as they are; `Shape.off` and `Shape.skip` do so, for shrinking.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from daemon.core.station import PROTOCOLS
from tests.simulation.disk import Image

if TYPE_CHECKING:
    from tests.simulation.run import Shape
    from tests.simulation.world import World

MEAN_PAUSE_MS = 3000


class Nemesis(NamedTuple):
    """A way in which things go wrong, and its numbers in the table of nemeses (`numbers`)."""

    name: str
    numbers: tuple[int, ...]
    strike: Callable[[Faults], None]


NEMESES: dict[str, Nemesis] = {}


def nemesis(
    name: str, *numbers: int
) -> Callable[[Callable[[Faults], None]], Callable[[Faults], None]]:
    """Enter a function among the nemeses."""

    def entered(strike: Callable[[Faults], None]) -> Callable[[Faults], None]:
        NEMESES[name] = Nemesis(name, numbers, strike)
        return strike

    return entered


class Faults:
    """One run's adversary."""

    def __init__(self, world: World, shape: Shape) -> None:
        self.world = world
        self.shape = shape
        self.healed = False
        self.strikes = 0
        self.struck: list[int] = []
        self.images: list[tuple[str, Image]] = []
        """Copies of disks, for one to go back to (N25)."""
        self._randoms = {name: Random(f"{world.seed}/{name}") for name in NEMESES}
        self.random = Random(f"{world.seed}/weather")
        """Of the nemesis that strikes."""
        if "weather" not in shape.off:
            world.weather.draw(self.random)
        for name, random in self._randoms.items():
            rate, is_on = random.uniform(0.2, 1.0), random.random() < 0.5
            if is_on and name not in shape.off:
                self._next(name, rate)

    def _next(self, name: str, rate: float) -> None:
        pause = int(self._randoms[name].expovariate(rate / MEAN_PAUSE_MS)) + 1
        self.world.after(pause, lambda: self._strike(name, rate))

    def _strike(self, name: str, rate: float) -> None:
        if self.healed:
            return
        self.strikes += 1
        self.random = self._randoms[name]
        if self.strikes not in self.shape.skip and self.strikes <= self.shape.faults:
            self.world.faults += 1
            self.struck.append(self.strikes)
            self.world.tell("fault", f"#{self.strikes} {name}")
            NEMESES[name].strike(self)
        self._next(name, rate)

    def heal(self) -> None:
        """End all faults, and bring everything back."""
        self.healed = True
        world = self.world
        world.weather.set_fair()
        world.traps.clear()
        world.network.blocked.clear()
        world.surroundings.out_of_reach.clear()
        world.monitor.deaf.clear()
        world.monitor.split(dict.fromkeys(world.names, 0))
        for name in world.names:
            world.clocks[name].run_at(1.0, world.now)
            world.monitor.join(name)
            self.change_program(name, PROTOCOLS)
            world.start(name)
            process = world.processes.get(name)
            if process is not None:
                process.paused = False
                process.go_on()

    # What several nemeses need.

    def tell(self, what: str) -> None:
        """Remember what is done to whom."""
        self.world.tell("fault", what)

    def later(self, delay_ms: int, action: Callable[[], None]) -> None:
        """Do something later, unless all was healed before."""

        def act() -> None:
            if not self.healed:
                action()

        self.world.after(delay_ms, act)

    def any_node(self) -> str:
        """Return some node."""
        return self.random.choice(self.world.names)

    def master(self) -> str:
        """Return a node that holds an office, or some node."""
        world = self.world
        found = [n for n, p in world.processes.items() if p.core.member.office is not None]
        return found[0] if found else self.any_node()

    def victim(self) -> str:
        """Return a node, the master about every second time."""
        return self.random.choice((self.any_node(), self.master()))

    def back(self, name: str, low: int, high: int) -> None:
        """Start a node's daemon after a while."""
        self.world.start_later(name, self.random.randint(low, high))

    def change_program(self, name: str, protocols: tuple[int, int]) -> None:
        """Let another version of the program run on a node, from the daemon's next start on."""
        if self.world.protocols[name] != protocols:
            self.world.protocols[name] = protocols
            self.world.kill(name, power=False)

    def abort(self, name: str) -> None:
        """A node loses power, and joins again later."""
        world = self.world
        self.tell(f"{name} loses power")
        world.kill(name, power=True)
        world.monitor.leave(name)

        def back() -> None:
            world.monitor.join(name)
            world.start(name)

        world.after(self.random.randint(5, 6000), back)
