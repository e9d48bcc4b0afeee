"""The vocabulary of tests about the model: what is given, what is asked, what follows."""

from collections.abc import Sequence
from typing import Self, TypeVar

import pytest

from eventstore.errors import StoreError
from eventstore.model import commands as cmd, digest, events as ev
from eventstore.model.decide.devices import observe
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations
from eventstore.model.notifications import (
    Action,
    DeviceFact,
    DeviceNotified,
    DevicesScanned,
    Notification,
)
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Change,
    Device,
    Disk,
    DiskGroup,
    Volume,
)
from eventstore.model.state import State

Kind = TypeVar("Kind")

BOOT = "boot-1"
START_US = 1_764_000_000_000_000
SECOND_US = 1_000_000
PRIVATE = 1024
"""The shortest private region, so that small disks do."""
PUBLIC = 1600
SIZE = 256 + PRIVATE + PUBLIC
"""Sectors of a disk whose public region has `PUBLIC`."""


def size_for(public: int) -> int:
    """Sectors of a disk whose public region is to have so many."""
    return 256 + PRIVATE + public


def fact(name: str, identity: str = "", size: int = SIZE, *, failing: bool = False) -> DeviceFact:
    return DeviceFact(name, identity or f"id-{name}", size, failing)


def said(action: Action, device: DeviceFact, seqnum: int = 7) -> DeviceNotified:
    shown = None if action == "remove" else device
    return DeviceNotified(action, device.name, shown, seqnum, 99, BOOT)


def appears(name: str, identity: str = "", size: int = SIZE) -> DeviceNotified:
    return said("add", fact(name, identity, size))


def goes(name: str) -> DeviceNotified:
    return said("remove", fact(name))


def changes(name: str, identity: str = "", size: int = SIZE) -> DeviceNotified:
    return said("change", fact(name, identity, size))


def fails(name: str, size: int = SIZE) -> DeviceNotified:
    return said("fail", fact(name, size=size, failing=True))


def scan(*devices: DeviceFact) -> DevicesScanned:
    return DevicesScanned("start", devices, 99, BOOT)


def init_disk(device: str, private: int | None = PRIVATE) -> cmd.InitDisk:
    return cmd.InitDisk(device, private)


def _specs(disks: Sequence[str]) -> tuple[cmd.DiskSpec, ...]:
    pairs = (text.rpartition("=") for text in disks)
    return tuple((name or None, device) for name, _mark, device in pairs)


def make_group(group: str, *disks: str) -> cmd.CreateDiskGroup:
    """A disk is written as on the command line, ``NAME=DEVICE`` or ``DEVICE``."""
    return cmd.CreateDiskGroup(group, _specs(disks))


def add_disks(group: str, *disks: str) -> cmd.AddDisks:
    return cmd.AddDisks(group, _specs(disks))


def remove_disks(group: str, *disks: str) -> cmd.RemoveDisks:
    return cmd.RemoveDisks(group, disks)


def make(name: str, length: int, *disks: str, group: str = "dg") -> cmd.MakeVolume:
    return cmd.MakeVolume(group, name, length, disks)


def grow(name: str, more: int, group: str = "dg") -> cmd.GrowVolume:
    return cmd.GrowVolume(group, name, more)


def remove(name: str, group: str = "dg") -> cmd.RemoveVolume:
    return cmd.RemoveVolume(group, name)


class World:
    """One node's state as commands and notifications make it; each takes a second."""

    def __init__(self) -> None:
        self.state = State()
        self.digest = 0
        self.now_us = START_US
        self.commits: list[tuple[ev.AnyEvent, ...]] = []
        self.scan: DevicesScanned | None = None
        """What the kernel shows when it is asked."""
        self.takes(ev.NodeCreated("node1", "c1"))

    def moment(self) -> Moment:
        return Moment("node1", self.now_us, self.scan, len(self.commits))

    def takes(self, *events: ev.AnyEvent) -> Self:
        """Let events take effect together, and hold that all is well after them."""
        made = apply(self.state, events)
        self.digest = digest.updated(self.digest, made)
        self.commits.append(events)
        self.now_us += SECOND_US
        assert violations(self.state) == []
        return self

    def sees(self, *notifications: Notification) -> Self:
        for notification in notifications:
            self.takes(*observe(self.state, notification))
        return self

    def does(self, *commands: cmd.AnyCommand) -> Self:
        for command in commands:
            self.takes(*self.would(command))
        return self

    def would(self, command: cmd.AnyCommand) -> tuple[ev.AnyEvent, ...]:
        """What a command would do; deciding leaves the state as it is."""
        before = snapshot(self.state)
        try:
            return decide(self.state, command, self.moment())
        finally:
            assert snapshot(self.state) == before

    def observes(self, notification: Notification) -> tuple[ev.AnyEvent, ...]:
        """What would follow from a notification; the state is left as it is."""
        before = snapshot(self.state)
        events = observe(self.state, notification)
        assert snapshot(self.state) == before
        return events

    def refuses(self, command: cmd.AnyCommand) -> StoreError:
        with pytest.raises(StoreError) as caught:
            self.would(command)
        return caught.value

    def one(self, kind: type[Kind], name: str, group: str = "dg") -> Kind:
        """The record of a name."""
        found = self.state.group(group)
        space = NODE_SPACE if kind is Device or found is None else found.space
        record = self.state.named(space, name)
        assert isinstance(record, kind), f"{name} is {record}"
        return record

    def devices(self) -> dict[str, bool]:
        """Whether a device of each name that is known is there."""
        return {device.name: device.present for device in reversed(self.state.devices())}

    def disk_states(self, group: str = "dg") -> dict[str, str]:
        found = self.state.group(group)
        assert found is not None
        return {disk.name: disk.state for disk in self.state.disks(found)}

    def volume_states(self, group: str = "dg") -> dict[str, str]:
        found = self.state.group(group)
        assert found is not None
        return {volume.name: volume.kstate for volume in self.state.volumes(found)}

    def layout(self, volume: str, group: str = "dg") -> list[tuple[str, int, int]]:
        """The (disk, offset, length) of a volume's subdisks, in its own order."""
        (plex,) = self.state.plexes(self.one(Volume, volume, group))
        subdisks = sorted(self.state.subdisks(plex), key=lambda subdisk: subdisk.plex_offset)
        found = []
        for subdisk in subdisks:
            disk = self.state.get((subdisk.space, subdisk.disk))
            assert isinstance(disk, Disk)
            found.append((disk.name, subdisk.disk_offset, subdisk.length))
        return found


def a_world(*publics: int, group: str = "dg", prefix: str = "d") -> World:
    """A node with one group whose disks d1, d2, .. (devices sd1, ..) have so many sectors."""
    world = World()
    for number, public in enumerate(publics, 1):
        device = f"s{prefix}{number}"
        world.sees(appears(device, size=size_for(public))).does(init_disk(device))
    names = [f"{prefix}{number}=s{prefix}{number}" for number in range(1, len(publics) + 1)]
    return world.does(make_group(group, *names))


def snapshot(state: State) -> object:
    """Everything a state holds, records and indexes, as plain values that compare."""
    spaces = {
        key: (
            dict(space.records),
            dict(space.names),
            {parent: set(children) for parent, children in space.children.items()},
            {disk: list(extents) for disk, extents in space.extents.items()},
        )
        for key, space in state.spaces.items()
    }
    return spaces, dict(state.group_names), dict(state.identities), dict(state.device_disks)


def a_header(space: str = NODE_SPACE) -> AnyRecord:
    return DiskGroup(space, HEADER_RID, name="dg", next_rid=100)


def keys_of(made: Sequence[Change]) -> set[tuple[str, int]]:
    return {key for key, _before, _after in made}
