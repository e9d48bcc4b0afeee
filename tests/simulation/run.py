"""One run: faults and clients for a while, then healing, then what must hold at the end."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from daemon.core.phase import Phase
from eventstore.model.cluster import joined_nodes
from tests.simulation import (
    endings,
    linear,
    nemeses_disks,
    nemeses_members,
    nemeses_network,
    nemeses_nodes,
    nemeses_views,
)
from tests.simulation.checks import Violation
from tests.simulation.clients import Clients
from tests.simulation.faults import Faults
from tests.simulation.world import World

SAFETY_MS = 40_000
HEALING_MS = 120_000
HALT_MS = 10_000

ROOMS = (nemeses_nodes, nemeses_network, nemeses_views, nemeses_disks, nemeses_members)
"""Where nemeses live: to be imported is to be entered."""


class Result(NamedTuple):
    """What a run came to."""

    seed: int
    violation: str
    acknowledged: int
    faults: int
    simulated_ms: int
    steps: int
    story: list[str]
    searched: bool = True
    """Whether the search for one order ended within its budget (I12)."""
    excused: str = ""
    """Which disks were lost for good, where a halt is excused by it (I16)."""
    nodes: int = 0
    struck: tuple[int, ...] = ()
    """The numbers of the faults that struck."""


class Shape(NamedTuple):
    """What is made smaller of a seed's life, to see what it takes (`shrinking`)."""

    nodes: int = 0
    clients: int = 0
    """0: as many as the seed says."""
    until_ms: int = SAFETY_MS
    faults: int = 1 << 30
    """How many of its faults strike."""
    off: frozenset[str] = frozenset()
    """Nemeses that stay away; "weather" is one."""
    skip: frozenset[int] = frozenset()
    """Faults that do not strike, by number."""


WHOLE = Shape()


def run(seed: int, shape: Shape = WHOLE) -> Result:
    """Live one cluster's life."""
    random = Random(f"{seed}/shape")
    count = shape.nodes or random.choice((1, 2, 3, 3, 3, 3, 4, 5, 5, 7))
    world = World(seed, count)
    clients: Clients | None = None
    faults: Faults | None = None
    violation, searched = "", True
    try:
        for name in world.names:
            world.start(name)
        utilities, pause = random.randint(1, 6), random.choice((20, 200, 1500))
        clients = Clients(world, shape.clients or utilities, pause)
        faults = Faults(world, shape)
        world.run_until(shape.until_ms)
        faults.heal()
        world.tell("world", "healed")
        searched = _converge(world, clients)
    except Violation as broken:
        violation = str(broken)
    return Result(
        seed,
        violation,
        len(clients.done) if clients else 0,
        world.faults,
        world.now,
        world.steps,
        world.story,
        searched,
        world.checks.halted,
        count,
        tuple(faults.struck) if faults else (),
    )


def _converge(world: World, clients: Clients) -> bool:
    """After healing the cluster changes again, and all nodes are equal (I3, I16).

    Returns whether the search for one order ended (I12).
    """
    if world.checks.gone:
        _halt(world)
        return True
    done = len(clients.done)
    end = world.now + HEALING_MS
    world.run_until(end, lambda: len(clients.done) > done and is_whole(world))
    if not (len(clients.done) > done and is_whole(world)):
        world.checks.broken("I16", f"it does not come together: {_situation(world)}")
    clients.stopped = True
    world.run_until(world.now + 10_000)
    if not is_whole(world):
        world.checks.broken("I16", f"it does not stay together: {_situation(world)}")
    endings.outcomes(world, clients)
    endings.at_rest(world)
    endings.replays(world)
    endings.activations(world)
    return _linear(world, clients)


def _halt(world: World) -> None:
    """Where no majority has a log nothing is decided, and that is excused (C1, I16)."""
    world.run_until(world.now + HALT_MS)
    active = [n for n, p in world.processes.items() if p.core.member.is_elected]
    decided = max(world.checks.committed)
    world.run_until(world.now + HALT_MS)
    if active or max(world.checks.committed) > decided:
        world.checks.broken("C1", f"{active} go on, though {world.checks.gone} lost their logs")
    world.checks.halted = f"halted: {', '.join(world.checks.gone)} lost their logs"


def _linear(world: World, clients: Clients) -> bool:
    """What utilities saw has one order (I12): by position, then by a search that knows no log.

    Returns whether the search ended within its budget.
    """
    wrong = linear.out_of_order(clients.history)
    if wrong:
        world.checks.broken("I12", wrong)
    verdict = linear.searched(clients.history)
    if verdict.is_bad:
        world.checks.broken(
            "I12", f"no order of what was done to {verdict.object}: {verdict.stuck[:4]}"
        )
    return verdict.outcome == "linearizable"


def is_whole(world: World) -> bool:
    """One active master, everybody configured and joined, in no doubt, and equal.

    A node that came though it is not configured is put out as soon as the election is over (B11):
    before that all are equal, too.
    """
    if set(world.processes) != set(world.names):
        return False
    cores = [world.processes[name].core for name in world.names]
    heads = {core.shared.head.hash for core in cores}
    digests = {core.shared.digest for core in cores}
    offices = [core.member.office for core in cores if core.member.office is not None]
    return (
        len(heads) == 1
        and len(digests) == 1
        and len(offices) == 1
        and offices[0].phase is Phase.ACTIVE
        and set(joined_nodes(cores[0].shared.state)) == set(world.names)
        and all(core.hard_state.doubt is None and core.hard_state.intact for core in cores)
        and all(core.member.is_elected for core in cores)
    )


def _situation(world: World) -> str:
    words = []
    for name in world.names:
        process = world.processes.get(name)
        if process is None:
            words.append(f"{name} down")
            continue
        core = process.core
        office = core.member.office
        doing = office.phase.name.lower() if office else "follows"
        hard = core.hard_state
        words.append(
            f"{name} {doing} term {hard.term} of {hard.promised_to} @{core.shared.head.position}"
            f"{' in doubt' if hard.doubt else ''}{'' if hard.intact else ' damaged'}"
        )
    return "; ".join(words)
