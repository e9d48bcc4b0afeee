"""Nemeses of daemons and nodes: they die, stop and slow down, at every moment (N1 to N7, N31)."""

from __future__ import annotations

from tests.simulation.faults import Faults, nemesis
from tests.simulation.process import IN_FLUSH, STEPS, Trap

RECOVERY = frozenset(
    ("COLLECTING", "FETCHING", "EQUALIZING", "SETTLING", "ELECTING", "JOINING"),
)
"""The phases of a master before it is active."""


@nemesis("kill", 1, 2)
def kill_daemon(faults: Faults) -> None:
    """SIGKILL, sometimes twice in short order."""
    world, name = faults.world, faults.victim()
    faults.tell(f"kill {name}'s daemon")
    world.kill(name, power=False)
    faults.back(name, 1, 2000)
    if faults.random.random() < 0.3:
        again, pause = faults.random.randint(1, 60), faults.random.randint(1, 50)

        def twice() -> None:
            world.kill(name, power=False)
            world.start_later(name, pause)

        world.after(again, twice)


@nemesis("kill in a step", 1)
def kill_in_a_step(faults: Faults) -> None:
    """A daemon dies, or its node loses power, between two parts of one step."""
    _trap(faults, faults.victim(), faults.random.choice(STEPS), frozenset())


@nemesis("kill in recovery", 5)
def kill_in_recovery(faults: Faults) -> None:
    """A master dies while it takes office."""
    for name in faults.world.names:
        _trap(faults, name, faults.random.choice(STEPS), RECOVERY)


@nemesis("torn write", 23)
def torn_write(faults: Faults) -> None:
    """Power is lost while a flush is under way: a transaction is there whole, or not at all."""
    _trap(faults, faults.victim(), IN_FLUSH, frozenset(), power=True)


def _trap(
    faults: Faults, name: str, step: str, phases: frozenset[str], power: bool | None = None
) -> None:
    """Let a node's daemon end the next time that it comes by."""
    world = faults.world
    cut = faults.random.random() < 0.5 if power is None else power
    pause = faults.random.randint(1, 400)

    def spring(where: str) -> None:
        faults.tell(f"{name} {'loses power' if cut else 'is killed'} {where}")
        world.kill(name, power=cut)
        world.start_later(name, pause)

    world.traps[name] = Trap(step, phases, spring)


@nemesis("abort", 1, 22)
def abort_node(faults: Faults) -> None:
    """A node loses power, and what was not flushed; it joins again later."""
    faults.abort(faults.victim())


@nemesis("pair", 3)
def abort_pair(faults: Faults) -> None:
    """The master and the first in succession together."""
    for name in tuple(faults.world.monitor.succession[:2]):
        faults.abort(name)


@nemesis("all", 4)
def abort_all(faults: Faults) -> None:
    """All nodes at once."""
    if faults.random.random() < 0.3:
        for name in faults.world.names:
            faults.abort(name)


@nemesis("pause", 6)
def pause(faults: Faults) -> None:
    """A daemon stands still for a while, between two steps or within one."""
    world, name = faults.world, faults.victim()
    length = faults.random.choice((100, 1000, 8000, 20_000))
    if faults.random.random() < 0.5:
        faults.tell(f"pause {name} for {length} ms")
        world.pause(name, length)
        return

    def spring(where: str) -> None:
        faults.tell(f"pause {name} {where} for {length} ms")
        world.pause(name, length)

    phases = RECOVERY if faults.random.random() < 0.3 else frozenset()
    world.traps[name] = Trap(faults.random.choice(STEPS), phases, spring)


@nemesis("slow node", 7, 28)
def slow_node(faults: Faults) -> None:
    """A node is 10 to 300 times slower than the others, its disk and its links with it."""
    slow, name = faults.world.weather.slow, faults.victim()
    slow[name] = faults.random.choice((10, 30, 100, 300))
    faults.tell(f"{name} becomes {slow[name]} times slower")
    faults.later(faults.random.choice((500, 3000, 9000)), lambda: slow.update({name: 1}))


@nemesis("clock", 31)
def clock(faults: Faults) -> None:
    """A wall clock is set; or a monotonic one runs fast, slow, or stands."""
    world, name, random = faults.world, faults.any_node(), faults.random
    found = world.clocks[name]
    if random.random() < 0.5:
        found.offset_us += random.randint(-3600, 3600) * 1_000_000
        return
    rate = random.choice((0.0, 0.5, 0.9, 1.1, 2.0))
    faults.tell(f"{name}'s monotonic clock runs at {rate}")
    found.run_at(rate, world.now)
    faults.later(random.choice((200, 2000, 9000)), lambda: found.run_at(1.0, world.now))
