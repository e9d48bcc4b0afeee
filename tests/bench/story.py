"""A log as a life would leave it: volumes come, grow, go; disks fail; requests are refused.

It is told to the real core, which decides, and makes the commits; the seed is fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from daemon.core.livelog import LiveLog
from daemon.core.node import Node
from daemon.core.ready import Begin, HardState, Input, Notified, Ready, Submit
from daemon.core.sharedlog import SharedLog
from eventstore.codec import Actor, Context, Entry, Head
from eventstore.model import commands as cmd, events as ev
from eventstore.model.notifications import DeviceFact, DeviceNotified, DevicesScanned
from eventstore.model.state import State
from eventstore.storage.store import Store
from tests.bench.ground import transaction_id

GROUPS = 8
DISKS_PER_GROUP = 6
VOLUMES_PER_GROUP = 24
DISK_SECTORS = 2**40
_BATCH = 2000
_START_US = 1_790_000_000_000_000
_BOOT = "7d1f3b52-6a55-4a0c-9c1e-1f2f0b7f5a11"


class Story:
    """Inputs for a core, one after another."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._random = Random(4711)
        self._now_us = _START_US
        self._number = 0
        self._volumes: dict[str, list[str]] = {f"dg{i:02d}": [] for i in range(GROUPS)}
        self._away: str | None = None

    def entries(self, commits: int) -> Iterator[Entry]:
        """Yield the commits that follow, about as many as asked for."""
        made = 0
        for said in self._inputs():
            ready = self._step(said)
            yield from ready.append
            made += len(ready.append)
            if made >= commits:
                return

    def _step(self, said: Input) -> Ready:
        self._now_us += self._random.randrange(1_000, 200_000)
        return self._node.step(self._now_us // 1000, self._now_us, said)

    def _inputs(self) -> Iterator[Input]:
        yield Begin(_BOOT, "0.1.0", "3.53.4")
        disks = [f"vxd{i}" for i in range(GROUPS * DISKS_PER_GROUP)]
        yield Notified(DevicesScanned("start", tuple(map(_fact, disks)), 0, _BOOT))
        for disk in disks:
            yield self._asked("vxdisk", cmd.InitDisk(disk))
        for i, group in enumerate(self._volumes):
            mine = disks[i * DISKS_PER_GROUP : (i + 1) * DISKS_PER_GROUP]
            specs = tuple((None, disk) for disk in mine)
            yield self._asked("vxdg", cmd.CreateDiskGroup(group, specs))
        while True:
            yield self._something(disks)

    def _something(self, disks: list[str]) -> Input:
        """Return what happens next: mostly a volume grows."""
        what = self._random.random()
        group = self._random.choice(list(self._volumes))
        volumes = self._volumes[group]
        if what < 0.02:
            return self._refused(group)
        if what < 0.12:
            return self._announced(disks)
        if not volumes or (what < 0.24 and len(volumes) < VOLUMES_PER_GROUP):
            return self._made(group, volumes)
        if what > 0.94:
            gone = volumes.pop(self._random.randrange(len(volumes)))
            return self._asked("vxassist", cmd.RemoveVolume(group, gone))
        name, more = self._random.choice(volumes), 2048 * self._random.randrange(1, 64)
        return self._asked("vxassist", cmd.GrowVolume(group, name, more))

    def _made(self, group: str, volumes: list[str]) -> Input:
        volumes.append(f"vol{self._number:06d}")
        length = 2048 * self._random.randrange(10, 500)
        return self._asked("vxassist", cmd.MakeVolume(group, volumes[-1], length))

    def _refused(self, group: str) -> Input:
        return self._asked("vxassist", cmd.GrowVolume(group, "no-such-volume", 2048))

    def _announced(self, disks: list[str]) -> Input:
        """Return a notification: seldom that a disk goes, then that it is back; else a change."""
        self._number += 1
        name, self._away = self._away, None
        if name is not None:
            return Notified(DeviceNotified("add", name, _fact(name), self._number, 0, _BOOT))
        name = self._random.choice(disks)
        if self._random.random() < 0.05:
            self._away = name
            return Notified(DeviceNotified("remove", name, None, self._number, 0, _BOOT))
        return Notified(DeviceNotified("change", name, _fact(name), self._number, 0, _BOOT))

    def _asked(self, program: str, command: cmd.AnyCommand) -> Input:
        self._number += 1
        verb = str(type(command).__struct_config__.tag)
        actor = Actor(0, "root", self._random.randrange(300, 30_000), program)
        line = f"{program} {verb.rpartition('.')[2]} request number {self._number}"
        context = Context(actor, line, clock_us=self._now_us)
        return Submit(0, transaction_id(self._number), verb, command, context)


def write(store: Store, commits: int) -> None:
    """Fill the logs of a new store, in big transactions."""
    shared, own = SharedLog(State(), store.heads["shared"]), _log(store, "node")
    clock = Context(clock_us=_START_US)
    first = [
        shared.record(
            "node1@shared-1",
            "node1",
            clock,
            (ev.ClusterCreated("c" * 32, "bench", ("node1",)),),
            term=0,
            shared_position=None,
        ),
        own.record(
            "node1@node-1",
            "node1",
            clock,
            (ev.NodeCreated("node1", "c" * 32),),
            term=0,
            shared_position=1,
        ),
    ]
    batch = first
    node = Node("node1", "bench", shared, own, HardState())
    for entry in Story(node).entries(commits):
        batch.append(entry)
        if len(batch) >= _BATCH:
            store.append(batch)
            batch = []
    store.append(batch)


def _log(store: Store, log: str) -> LiveLog:
    head: Head = store.heads[log]
    return LiveLog(log, State(), head, 0)


def _fact(name: str) -> DeviceFact:
    return DeviceFact(name, f"vxd:{name}:5a0c9c1e", DISK_SECTORS)
