"""The simulated kernels and their cluster monitor: who is in, who is master, who hears when."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING

from msgspec.structs import replace

from daemon.core.ready import PutOut, Viewed
from daemon.core.view import View, ViewNode
from tests.simulation.founding import CLUSTER

if TYPE_CHECKING:
    from tests.simulation.world import World

ANNOUNCE_MS = 1500
"""Every view is told again after so long: an announcement may have been lost."""


class Monitor:
    """One truth about the membership, told late, twice, or not at all while faults are on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.succession = list(world.names)
        self.boots = {name: f"{name}-boot1" for name in world.names}
        self.runs = dict.fromkeys(world.names, 0)
        self.attached_now: set[str] = set()
        self.side = dict.fromkeys(world.names, 0)
        """Node -> its part of the network, as far as the monitor can tell."""
        self.masters: dict[int, str] = {}
        self.latest_ms = 5
        """How late a view is told in fair weather."""
        self.deaf: set[str] = set()
        """Nodes whose kernels tell their daemons nothing."""
        self.number = 0
        self.history: deque[View] = deque(maxlen=30)
        self._boot = 1
        self._rejoins: dict[str, int] = {}
        world.after(ANNOUNCE_MS, self._announce)

    def is_up(self, name: str) -> bool:
        """Whether a node runs at all."""
        return name in self.succession

    def attached(self, name: str) -> None:
        """A daemon began to run."""
        self.runs[name] += 1
        self.attached_now.add(name)
        self.changed()

    def detached(self, name: str) -> None:
        """A daemon ended."""
        self.attached_now.discard(name)
        self.changed()

    def leave(self, name: str) -> None:
        """A node is out of the cluster."""
        if name in self.succession:
            self.succession.remove(name)
            self.changed()

    def join(self, name: str) -> None:
        """A node is back, at the end of the succession, with a new boot ID."""
        if name not in self.succession:
            self._boot += 1
            self.boots[name] = f"{name}-boot{self._boot}"
            self.succession.append(name)
            self.changed()

    def split(self, sides: dict[str, int]) -> None:
        """Some nodes do not see others any more."""
        self.side.update(sides)
        self.changed()

    def directed(self, name: str, directive: object) -> None:
        """A master asks to put a node out, which joins again after a while."""
        if isinstance(directive, PutOut) and directive.node in self.succession:
            node = directive.node
            self.world.tell("monitor", f"{name} puts {node} out: {directive.reason}")
            self._rejoins[node] = self._rejoins.get(node, 0) + 1
            self.world.kill(node, power=True)
            self.leave(node)
            pause = min(60_000, 500 * 2 ** self._rejoins[node])
            self.world.after(pause, lambda: self._bring_back(node))

    def _bring_back(self, node: str) -> None:
        self.join(node)
        self.world.start(node)

    def view_of(self, name: str) -> View:
        """Return the present view of a node's part of the network.

        Whoever has the configured nodes changed has the monitor told (B11): it counts only those.
        """
        side = self.side[name]
        inside = [n for n in self.succession if self.side[n] == side]
        nodes = tuple(
            ViewNode(n, self.boots[n], self.runs[n] if n in self.attached_now else 0)
            for n in inside
        )
        master = self.masters.get(side, "")
        if master not in inside:
            master = inside[0] if inside else ""
            self.masters[side] = master
        configured = self.world.checks.configured
        present = [n for n in inside if n in configured]
        quorate = 2 * len(present) > len(configured)
        return View(CLUSTER, nodes, master, quorate, self.number)

    def changed(self) -> None:
        """Tell everyone that the membership changed."""
        self.number += 1
        for name in self.world.names:
            self._tell(name)

    def _announce(self) -> None:
        for name in self.world.names:
            self._tell(name)
        self.world.after(ANNOUNCE_MS, self._announce)

    def _tell(self, name: str) -> None:
        world, random = self.world, self.world.random
        if name not in self.attached_now or name in self.deaf:
            return
        view = self.view_of(name)
        if not self.history or self.history[-1] != view:
            self.history.append(view)
        late = world.weather.late_views
        if random.random() < late / 2:
            return
        for _copy in range(2 if random.random() < late else 1):
            delay = random.randint(0, self.latest_ms) + (
                random.randint(0, 2000) if random.random() < late else 0
            )
            self.deliver(name, _shuffled(view, random) if random.random() < late else view, delay)

    def deliver(self, name: str, view: View, delay_ms: int) -> None:
        """Hand a view to a daemon, later."""
        run = self.runs[name]

        def arrive() -> None:
            process = self.world.processes.get(name)
            if process is not None and self.runs[name] == run:
                process.put(Viewed(view))

        self.world.after(delay_ms, arrive)


def _shuffled(view: View, random: Random) -> View:
    """Return a view whose succession order is another one on this node (N17)."""
    return replace(view, nodes=tuple(random.sample(view.nodes, len(view.nodes))))
