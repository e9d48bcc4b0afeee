"""A cluster's shared state, and the disks that each node sees: what is given, asked, refused."""

from collections.abc import Sequence
from typing import Self

import pytest

from eventstore.errors import StoreError
from eventstore.model import commands as cmd, digest, events as ev
from eventstore.model.activation import mode_of
from eventstore.model.decide.electing import election
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.sharing import decide_shared, named_disks
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations
from eventstore.model.objects import DiskGroup, Volume
from eventstore.model.state import State
from tests.support.model import START_US, World, appears, init_disk, make, size_for, snapshot

NODES = ("node1", "node2", "node3")
IDENTITIES = ("id-x", "id-y")
PUBLIC = 800
DISKS = (("a", "sda"), ("b", "sdb"))


def a_node(*devices: tuple[str, str]) -> World:
    """A node that sees devices, as (name, identity), and has initialised them."""
    world = World()
    for name, identity in devices:
        world.sees(appears(name, identity, size_for(PUBLIC))).does(init_disk(name))
    return world


class Cluster:
    """The shared state of a cluster whose nodes all see the same disks, sda and sdb."""

    def __init__(self) -> None:
        self.state = State()
        self.own = a_node(*zip(("sda", "sdb"), IDENTITIES, strict=True))
        self.term = 0
        self.digest = 0
        self.commits: list[tuple[ev.AnyEvent, ...]] = []
        """All that took effect, from the founding on."""
        self.boots = dict.fromkeys(NODES, "boot-1")
        self.takes(ev.ClusterCreated("c1", "prod", NODES))
        self.elects(*NODES).takes(*(ev.NodeJoined(name) for name in NODES))

    def takes(self, *events: ev.AnyEvent) -> Self:
        """Let events take effect together, and hold that all is well after them."""
        self.digest = digest.updated(self.digest, apply(self.state, events))
        self.commits.append(events)
        assert violations(self.state) == []
        assert digest.of_state(self.state) == self.digest
        return self

    def elects(self, *nodes: str) -> Self:
        """A master is elected in a view of these nodes."""
        return self.takes(*self.would_elect(*nodes))

    def would_elect(self, *nodes: str) -> tuple[ev.AnyEvent, ...]:
        self.term += 1
        boots = tuple(self.boots[name] for name in nodes)
        elected = ev.MasterElected(self.term, nodes[0], 2, nodes, boots, nodes)
        return election(self.state, elected)

    def starts_anew(self, *nodes: str) -> Self:
        """Nodes lose power; what they are from now on is another boot."""
        for name in nodes:
            self.boots[name] = f"boot-{self.term + 2}"
        return self

    def would(self, command: cmd.AnyCommand, node: str = "node1") -> tuple[ev.AnyEvent, ...]:
        """What a command from a node would do; deciding leaves the state as it is."""
        before = snapshot(self.state)
        try:
            disks = named_disks(self.state, self.own.state, command)
            return decide_shared(self.state, command, Moment(node, START_US), disks)
        finally:
            assert snapshot(self.state) == before

    def does(self, *commands: cmd.AnyCommand, node: str = "node1") -> Self:
        for command in commands:
            self.takes(*self.would(command, node))
        return self

    def refuses(self, command: cmd.AnyCommand, node: str = "node1") -> StoreError:
        with pytest.raises(StoreError) as caught:
            self.would(command, node)
        return caught.value

    @property
    def group(self) -> DiskGroup:
        found = self.state.group("dg")
        assert found is not None
        return found

    def modes(self) -> list[str]:
        return [mode_of(self.group, name) for name in NODES]

    def volume(self, name: str = "vol") -> Volume:
        found = self.state.named(self.group.space, name)
        assert isinstance(found, Volume)
        return found

    def states(self, name: str = "vol") -> tuple[str, str]:
        return self.volume(name).kstate, self.volume(name).state


def share(group: str = "dg", disks: Sequence[cmd.DiskSpec] = DISKS) -> cmd.CreateDiskGroup:
    return cmd.CreateDiskGroup(group, tuple(disks), shared=True)


def activate(mode: str, group: str = "dg") -> cmd.SetDiskGroup:
    return cmd.SetDiskGroup(group, {"activation": mode})


def a_cluster() -> Cluster:
    """Three nodes, and a shared group dg of two disks with a mirrored volume that runs."""
    return Cluster().does(share(), make("vol", 8), cmd.MirrorVolume("dg", "vol"))
