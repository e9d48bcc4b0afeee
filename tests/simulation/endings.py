"""What must hold at the end of a life, when all is healed and the utilities have stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.clients import Clients
    from tests.simulation.world import World


def outcomes(world: World, clients: Clients) -> None:
    """What was done is there, at its position; what was refused is not (I3, I4)."""
    checks = world.checks
    for request, position in clients.done.items():
        known = checks.outcomes.get(request)
        if known is None or known.outcome != "done" or known.position != position:
            checks.broken("I3", f"{request} was done @{position}, and is not there")
    for request in clients.refused:
        known = checks.outcomes.get(request)
        if known is not None and known.outcome == "done" and request not in clients.done:
            checks.broken("I4", f"{request} was refused, and is done @{known.position}")


def at_rest(world: World) -> None:
    """Nothing waits for ever: whoever asked was answered, or gave up (I14)."""
    for name, process in world.processes.items():
        requests = process.core.member.requests
        office = process.core.member.office
        waiting = {
            "queue": len(requests.queue),
            "shipped": len(requests.shipped),
            "unsettled": len(requests.unsettled),
            "reads": len(requests.reads),
            "running": len(office.changes.running) if office else 0,
            "proposal": int(office is not None and not office.is_idle),
        }
        left = {what: count for what, count in waiting.items() if count}
        if left:
            world.checks.broken("I14", f"at rest there is left at {name}: {left}")


def replays(world: World) -> None:
    """The state is what the logs give when they are replayed from the start (I10)."""
    for name, process in world.processes.items():
        shared, own = world.disks[name].digests()
        core = process.core
        if (core.shared.digest, core.own.digest) != (shared, own):
            world.checks.broken("I10", f"the state of {name} is not that of its logs")


def activations(world: World) -> None:
    """Every node shows the activations that follow from the log (F1, I11)."""
    for name, process in world.processes.items():
        if world.checks.activations.differ_from(process.core.shared.state):
            world.checks.broken("I11", f"{name} shows other activations than the log gives")
