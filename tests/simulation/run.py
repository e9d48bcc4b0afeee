"""One run: faults and clients for a while, then healing, then what must hold at the end."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tests.simulation.checks import Violation
from tests.simulation.clients import Clients
from tests.simulation.faults import Faults
from tests.simulation.world import World

SAFETY_MS = 40_000
HEALING_MS = 120_000


class Result(NamedTuple):
    """What a run came to."""

    seed: int
    violation: str
    acknowledged: int
    faults: int
    simulated_ms: int
    steps: int
    story: list[str]
    heads: int


def run(seed: int, off: frozenset[str] = frozenset(), nodes: int = 0) -> Result:
    """Live one cluster's life."""
    random = Random(f"{seed}/shape")
    count = nodes or random.choice((1, 2, 3, 3, 3, 3, 4, 5, 5, 7))
    world = World(seed, count)
    clients: Clients | None = None
    violation = ""
    try:
        for name in world.names:
            world.start(name)
        clients = Clients(world, random.randint(1, 6), random.choice((20, 200, 1500)))
        faults = Faults(world, off)
        world.run_until(SAFETY_MS)
        faults.heal()
        world.tell("world", "healed")
        _converge(world, clients)
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
        len(world.checks.committed),
    )


def _converge(world: World, clients: Clients) -> None:
    """After healing the cluster changes again, and all nodes are equal (I3, I16)."""
    done = len(clients.done)
    end = world.now + HEALING_MS
    world.run_until(end, lambda: len(clients.done) > done and _is_whole(world))
    if not (len(clients.done) > done and _is_whole(world)):
        world.checks.broken("I16", f"it does not come together: {_situation(world)}")
    clients.stopped = True
    world.run_until(world.now + 10_000)
    if not _is_whole(world):
        world.checks.broken("I16", f"it does not stay together: {_situation(world)}")
    for request, position in clients.done.items():
        known = world.checks.outcomes.get(request)
        if known is None or known.outcome != "done" or known.position != position:
            world.checks.broken("I3", f"{request} was done @{position}, and is not there")
    for request in clients.refused:
        known = world.checks.outcomes.get(request)
        if known is not None and known.outcome == "done" and request not in clients.done:
            world.checks.broken("I4", f"{request} was refused, and is done @{known.position}")
    _linear(world, clients)


def _linear(world: World, clients: Clients) -> None:
    """Positions respect real time: the cheap half of the search for one order (I12)."""
    written: dict[str, list[tuple[int, str]]] = {}
    for operation in clients.history:
        if operation.kind == "write" and operation.position:
            written.setdefault(operation.group, []).append((operation.position, operation.value))
    events = sorted(
        [(o.ended, 0, o.position) for o in clients.history if o.ended is not None and o.position]
        + [
            (o.began, 1, o.position) for o in clients.history if o.ended is not None and o.position
        ],
    )
    newest = 0
    for at, kind, position in events:
        if kind == 0:
            newest = max(newest, position)
        elif position < newest and _began_after(clients, at, position, newest):
            world.checks.broken("I12", f"what began at {at} saw @{position}, @{newest} was done")


def _began_after(clients: Clients, at: int, position: int, newest: int) -> bool:
    """Whether something that ended before `at` is later in the log than what began then."""
    return (
        any(o.ended is not None and o.ended < at and o.position == newest for o in clients.history)
        and position < newest
    )


def _is_whole(world: World) -> bool:
    """One active master, everybody joined, in no doubt, and equal."""
    if set(world.processes) != set(world.names):
        return False
    cores = [world.processes[name].core for name in world.names]
    heads = {core.shared.head.hash for core in cores}
    digests = {core.shared.digest for core in cores}
    masters = [core for core in cores if core.member.office is not None]
    return (
        len(heads) == 1
        and len(digests) == 1
        and len(masters) == 1
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
