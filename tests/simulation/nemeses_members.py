"""A nemesis of the configured nodes: they are removed, replaced, and added (N34, B11).

Where a node was ever removed no disk is harmed, and the other way about: with fewer configured
nodes the last whole copy would be gone sooner than the nemeses of disks reckon.
"""

from __future__ import annotations

from daemon.core.member import Member
from eventstore.model import cluster_commands as cmd
from tests.simulation.clients import submission
from tests.simulation.faults import Faults, nemesis
from tests.simulation.world import World

AT_LEAST = 3
"""With fewer nodes none can go, and the others change anything."""

PAUSE_MS = (20, 100, 700)
"""Between two tries to have the configured nodes changed."""


@nemesis("a node is replaced", 34)
def replace_node(faults: Faults) -> None:
    """A node leaves and is removed; later it is added, with its disk or an empty one."""
    world, random, name = faults.world, faults.random, faults.victim()
    if len(world.names) < AT_LEAST or not _may_strike(world):
        return
    world.checks.removed.add(name)
    faults.tell(f"{name} is to be removed")
    world.kill(name, power=random.random() < 0.5)
    world.monitor.leave(name)
    _Replacement(faults, name, world.now + random.randint(1, 15_000)).go_on()
    is_blank = random.random() < 0.5

    def back() -> None:
        if is_blank and not faults.healed and _others_are_enough(world, name):
            world.kill(name, power=True)
            world.disks[name].make_blank()
            world.checks.lost(name)
        world.monitor.join(name)
        world.start(name)

    world.after(random.randint(1000, 18_000), back)


def _may_strike(world: World) -> bool:
    """Whether all nodes are configured, all disks whole, and none was ever harmed otherwise."""
    checks = world.checks
    return (
        set(checks.configured) == set(world.names)
        and all(disk.hard_state().intact for disk in world.disks.values())
        and (checks.harmed <= checks.removed)
        and not checks.gone
    )


def _others_are_enough(world: World, name: str) -> bool:
    """Whether a majority is whole without a node, also if what is on its way is decided.

    Of a removal that leaves two nodes, one of them with an empty disk, nobody could tell any more
    whether it was decided; if it was, there is no majority (C1, B11).
    """
    others = [disk.hard_state() for node, disk in world.disks.items() if node != name]
    return (
        {*world.checks.configured, name} == set(world.names)
        and all(hard.intact and hard.doubt is None for hard in others)
        and not any(_counts_on(process.core.member, name) for process in world.processes.values())
    )


def _counts_on(member: Member, name: str) -> bool:
    """Whether a daemon has something on its way, or is master with a node among its members."""
    return bool(member.reserved) or (
        member.office is not None and name in member.office.view.members
    )


class _Replacement:
    """Has a node removed for a while, and then, and after all is healed, added: to the life's end.

    It asks on any node, each time twice under the same identifier.
    """

    def __init__(self, faults: Faults, node: str, until_ms: int) -> None:
        self.faults = faults
        self.world = faults.world
        self.node = node
        self.until_ms = until_ms
        self.count = 0
        self.is_asked = False
        """Whether what was asked for last is not seen in the log yet."""

    def go_on(self) -> None:
        """Ask some node, where the log has it otherwise, and look again later."""
        world, random = self.world, self.faults.random
        wanted = self.faults.healed or world.now >= self.until_ms
        nodes = [name for name in world.names if name in world.processes]
        if nodes and wanted != (self.node in world.checks.configured):
            command = cmd.AddNode(self.node) if wanted else cmd.RemoveNode(self.node)
            self._submit(random.choice(nodes), "add" if wanted else "remove", command)
            self.is_asked = True
        elif self.faults.healed and self.is_asked:
            # Whoever added it starts it: it was put out while it was none of the configured ones.
            self.is_asked = False
            world.monitor.join(self.node)
            world.start(self.node)
        world.after(random.choice(PAUSE_MS), self.go_on)

    def _submit(self, node: str, verb: str, command: cmd.AddNode | cmd.RemoveNode) -> None:
        world = self.world
        self.count += 1
        request = f"{verb}-{self.node}-{self.until_ms}-{self.count // 2}"
        token = -self.until_ms * 1000 - self.count
        said = submission(world, node, token, request, f"cluster.{verb}", command)
        world.processes[node].put(said)
