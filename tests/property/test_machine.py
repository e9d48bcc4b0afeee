"""Commands and notifications in any order: no invariant breaks, and a dumb model agrees."""

from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eventstore.model import commands as cmd
from eventstore.model.evolve import apply
from eventstore.model.notifications import DeviceFact, DeviceNotified, DevicesScanned
from eventstore.model.objects import Device
from eventstore.model.state import State
from eventstore.present.listing import groups_view, print_view
from tests.support.histories import (
    DEVICES,
    DISKS,
    FACTS,
    GROUPS,
    LENGTHS,
    NOTIFICATIONS,
    VOLUMES,
    moved,
    played,
)
from tests.support.model import PRIVATE, World, scan, snapshot

Names = tuple[str, ...]


class Oracle:
    """What an administrator would keep on paper: the length of every volume, by group."""

    def __init__(self) -> None:
        self.volumes: dict[str, dict[str, int]] = {}

    def usable(self, world: World, group: str, disks: Names) -> int | None:
        """Sectors that a command may have; None where a named disk is not there."""
        (shown,) = print_view(world.state, group)["groups"]
        rows = [row for row in shown["records"] if row["type"] == "dm"]
        if not set(disks) <= {row["name"] for row in rows}:
            return None
        free: int = sum(
            row["public_sectors"] - used(shown["records"], row["name"])
            for row in rows
            if row["device"] is not None
            and not world.one(Device, row["device"]).failing
            and (not disks or row["name"] in disks)
        )
        return free


def used(records: list[dict[str, Any]], disk: str) -> int:
    return sum(r["length_sectors"] for r in records if r["type"] == "sd" and r["disk"] == disk)


class Configuration(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = played([])
        self.oracle = Oracle()
        self.oracle.volumes = {"g": {"u": 200}, "h": {}}

    @rule(device=DEVICES)
    def initialise(self, device: str) -> None:
        moved(self.world, cmd.InitDisk(device, PRIVATE))

    @rule(group=GROUPS, specs=st.lists(st.tuples(st.none() | DISKS, DEVICES), max_size=3))
    def create_a_group(self, group: str, specs: list[tuple[str | None, str]]) -> None:
        if moved(self.world, cmd.CreateDiskGroup(group, tuple(specs))):
            assert group not in self.oracle.volumes
            self.oracle.volumes[group] = {}

    @rule(group=GROUPS, sure=st.integers(0, 9))
    def destroy_a_group(self, group: str, sure: int) -> None:
        if sure < 9:
            return
        done = moved(self.world, cmd.DestroyDiskGroup(group))
        assert bool(done) == (self.oracle.volumes.pop(group, None) is not None)

    @rule(group=GROUPS, name=st.none() | DISKS, device=DEVICES)
    def add_a_disk(self, group: str, name: str | None, device: str) -> None:
        moved(self.world, cmd.AddDisks(group, ((name, device),)))

    @rule(group=GROUPS, name=DISKS)
    def remove_a_disk(self, group: str, name: str) -> None:
        moved(self.world, cmd.RemoveDisks(group, (name,)))

    @rule(
        group=GROUPS,
        name=VOLUMES,
        length=LENGTHS,
        disks=st.lists(DISKS, max_size=2, unique=True).map(tuple),
    )
    def make_a_volume(self, group: str, name: str, length: int, disks: Names) -> None:
        volumes = self.oracle.volumes.get(group)
        free = None if volumes is None else self.oracle.usable(self.world, group, disks)
        done = moved(self.world, cmd.MakeVolume(group, name, length, disks))
        if volumes is None or free is None or name in volumes or not 0 < length <= free:
            assert not done
        elif done:
            volumes[name] = length
        else:
            # The one other reason there can be: the name was made up for a plex.
            assert name == "u-01"

    @rule(group=GROUPS, name=VOLUMES, length=LENGTHS)
    def grow_a_volume(self, group: str, name: str, length: int) -> None:
        volumes = self.oracle.volumes.get(group, {})
        free = self.oracle.usable(self.world, group, ()) if name in volumes else None
        enabled = name in volumes and self.world.volume_states(group)[name] == "ENABLED"
        done = moved(self.world, cmd.GrowVolume(group, name, length))
        assert bool(done) == (enabled and free is not None and 0 < length <= free)
        if done:
            volumes[name] += length

    @rule(group=GROUPS, name=VOLUMES)
    def remove_a_volume(self, group: str, name: str) -> None:
        done = moved(self.world, cmd.RemoveVolume(group, name))
        assert bool(done) == (self.oracle.volumes.get(group, {}).pop(name, None) is not None)

    @rule(notification=NOTIFICATIONS)
    def hear(self, notification: DeviceNotified | DevicesScanned) -> None:
        moved(self.world, notification)

    @rule(shown=st.lists(FACTS, max_size=4, unique_by=lambda fact: fact.name))
    def scan_everything(self, shown: list[DeviceFact]) -> None:
        self.world.sees(scan(*shown))
        there = {name for name, present in self.world.devices().items() if present}
        assert there == {fact.name for fact in shown}
        assert self.world.observes(scan(*reversed(shown))) == ()

    @invariant()
    def the_volumes_are_those_of_the_oracle(self) -> None:
        shown = {
            group["dg"]["name"]: {
                row["name"]: row["length_sectors"]
                for row in group["records"]
                if row["type"] == "v"
            }
            for group in print_view(self.world.state, None)["groups"]
        }
        assert shown == self.oracle.volumes

    @invariant()
    def what_is_free_is_what_no_volume_has(self) -> None:
        groups = print_view(self.world.state, None)["groups"]
        for group, listed in zip(groups, groups_view(self.world.state, None), strict=True):
            public = sum(r["public_sectors"] for r in group["records"] if r["type"] == "dm")
            volumes = self.oracle.volumes[listed["name"]]
            assert listed["free_sectors"] == public - sum(volumes.values())

    @invariant()
    def a_volume_is_enabled_while_every_disk_below_it_has_its_device(self) -> None:
        for group in print_view(self.world.state, None)["groups"]:
            records = group["records"]
            volume_of = {r["name"]: r["volume"] for r in records if r["type"] == "pl"}
            lost = {
                volume_of[r["plex"]] for r in records if r["type"] == "sd" and r["device"] is None
            }
            states = {r["name"]: r["kstate"] for r in records if r["type"] == "v"}
            assert {name for name, state in states.items() if state != "ENABLED"} == lost

    def teardown(self) -> None:
        fresh = State()
        for events in self.world.commits:
            apply(fresh, events)
        assert snapshot(fresh) == snapshot(self.world.state)


Configuration.TestCase.settings = settings(max_examples=100, stateful_step_count=50)
TestConfiguration = Configuration.TestCase
