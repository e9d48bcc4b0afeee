"""Nemeses of the kernels and their monitor: wrong, late and hasty views (N17 to N21, N32)."""

from __future__ import annotations

from daemon.core.view import View, ViewNode
from tests.simulation.faults import Faults, nemesis
from tests.simulation.founding import CLUSTER


@nemesis("evict", 18)
def evict(faults: Faults) -> None:
    """A node is put out for no reason, and comes back at once."""
    name, monitor = faults.victim(), faults.world.monitor
    faults.tell(f"evict {name} for a moment")
    monitor.leave(name)
    faults.world.after(faults.random.choice((1, 20, 400)), lambda: monitor.join(name))


@nemesis("churn", 19)
def churn(faults: Faults) -> None:
    """Nodes go and come faster than a master can take office."""
    monitor, random = faults.world.monitor, faults.random
    at = 0
    for _ in range(random.randint(3, 8)):
        name = faults.any_node()
        at += random.randint(1, 30)
        faults.later(at, lambda name=name: monitor.leave(name))  # type: ignore[misc]
        faults.world.after(at + random.randint(1, 40), lambda name=name: monitor.join(name))  # type: ignore[misc]


@nemesis("old view", 17, 20)
def old_view(faults: Faults) -> None:
    """A view of long ago arrives once more."""
    monitor = faults.world.monitor
    if monitor.history:
        view, name = faults.random.choice(list(monitor.history)), faults.any_node()
        faults.tell(f"{name} hears an old view of {','.join(view.members)}")
        monitor.deliver(name, view, 0)


@nemesis("two monitors", 21)
def two_monitors(faults: Faults) -> None:
    """A second monitor, which knows nothing, tells some nodes of another membership."""
    world, random = faults.world, faults.random
    names = list(world.names)
    inside = random.sample(names, random.randint(1, len(names)))
    monitor = world.monitor
    nodes = tuple(
        ViewNode(n, monitor.boots[n], monitor.runs[n] if random.random() < 0.9 else 0)
        for n in inside
    )
    view = View(CLUSTER, nodes, random.choice(inside), quorate=True, number=monitor.number)
    faults.tell(f"another monitor sees {','.join(inside)}, master {view.master}")
    for name in inside:
        monitor.deliver(name, view, random.randint(0, 50))


@nemesis("unknown to the kernel", 17)
def told_nothing(faults: Faults) -> None:
    """A node's kernel tells its daemon nothing of the membership for a while."""
    name, deaf = faults.any_node(), faults.world.monitor.deaf
    faults.tell(f"{name} hears of no view")
    deaf.add(name)
    faults.later(faults.random.choice((500, 4000)), lambda: deaf.discard(name))


@nemesis("no path", 27)
def no_path(faults: Faults) -> None:
    """A node does not reach the disks of a group: it refuses changes, and cannot join."""
    name, number = faults.any_node(), faults.random.choice("012")
    missing = faults.world.surroundings.out_of_reach
    faults.tell(f"{name} does not reach the disks of dg{number}")
    missing.add((name, number))
    faults.world.after(
        faults.random.choice((300, 2000, 6000)), lambda: missing.discard((name, number))
    )


@nemesis("versions", 32)
def versions(faults: Faults) -> None:
    """A node is upgraded, perhaps too far to speak the cluster's protocol, or goes back."""
    name, pause = faults.any_node(), faults.random.randint(1, 300)
    protocols = faults.random.choice(((1, 1), (1, 2), (1, 3), (2, 2)))
    faults.tell(f"{name} runs a program that speaks {protocols}")
    faults.change_program(name, protocols)
    faults.world.start_later(name, pause)
    if protocols[0] > 1:

        def go_back() -> None:
            faults.change_program(name, (1, 2))
            faults.world.start_later(name, pause)

        faults.later(faults.random.choice((500, 3000)), go_back)
