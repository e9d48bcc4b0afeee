"""Each invariant, with a planted violation that it finds."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from eventstore.model.invariants import violations, violations_at
from eventstore.model.objects import (
    NODE_SPACE,
    AnyRecord,
    Device,
    Disk,
    Plex,
    Subdisk,
    Volume,
)
from eventstore.model.state import Space
from tests.support.model import World, a_world, appears, goes, make

Plant = Callable[[World], None]


def given() -> World:
    """One volume of two subdisks on disks d1 and d2; both records IDs and offsets are known."""
    return a_world(160, 160).does(make("vol", 200), make("other", 8)).sees(appears("spare"))


def changed(kind: type[AnyRecord], name: str, **fields: object) -> Plant:
    def plant(world: World) -> None:
        world.state.put(replace(world.one(kind, name), **fields))

    return plant


def dropped(kind: type[AnyRecord], name: str) -> Plant:
    def plant(world: World) -> None:
        record = world.one(kind, name)
        world.state.drop((record.space, record.rid))

    return plant


def twin(kind: type[AnyRecord], of: str, **fields: object) -> Plant:
    def plant(world: World) -> None:
        found = world.one(kind, of)
        world.state.spaces[found.space].records[50] = replace(found, rid=50, **fields)

    return plant


def second_group(world: World) -> None:
    (group,) = world.state.groups()
    space = world.state.spaces["other"] = Space()
    space.records[0] = replace(group, space="other")


def lost_device(world: World) -> None:
    device = world.one(Device, "sd1")
    world.state.put(replace(device, present=False))


PLANTS: list[tuple[Plant, str]] = [
    (changed(Device, "spare", size=-1), "its size is negative"),
    (twin(Device, "spare", name="new"), "another device has the identity"),
    (twin(Device, "spare", identity="new"), "another device has the name"),
    (twin(Device, "spare", identity="new", name="new"), "not drawn from the counter"),
    (second_group, "another disk group has the name"),
    (changed(Device, "sd1", import_lock="node7"), "is in no deported disk group"),
    (changed(Device, "spare", import_lock="node7"), "is in no deported disk group"),
    (dropped(Device, "sd1"), "is not its disk"),
    (changed(Device, "sd1", disk_id="another"), "is not its disk"),
    (changed(Disk, "d1", disk_id="another"), "is not its disk"),
    (lost_device, "does not fit its device"),
    (changed(Disk, "d1", state="NODEVICE"), "does not fit its device"),
    (twin(Disk, "d1", name="new"), "another disk is on its device"),
    (changed(Volume, "vol", length=0), "it has no length"),
    (changed(Volume, "vol", length=201), "no plex is as long as the volume"),
    (dropped(Plex, "vol-01"), "no plex is as long as the volume"),
    (changed(Plex, "vol-01", kstate="DISABLED"), "ENABLED without an ENABLED plex"),
    (dropped(Volume, "vol"), "its volume #3 is missing"),
    (changed(Plex, "vol-01", length=300), "its subdisks have 200 sectors, not 300"),
    (dropped(Subdisk, "d1-01"), "there is a hole or an overlap at 0"),
    (changed(Subdisk, "d2-01", plex_offset=170), "there is a hole or an overlap at 160"),
    (changed(Subdisk, "d2-01", plex_offset=150), "there is a hole or an overlap at 160"),
    (changed(Disk, "d2", state="NODEVICE"), "it is ENABLED, but disk d2 is NODEVICE"),
    (dropped(Plex, "vol-01"), "its plex #4 is missing"),
    (dropped(Disk, "d2"), "its disk #2 is missing"),
    (changed(Subdisk, "d2-01", length=0), "it is not within its disk"),
    (changed(Subdisk, "d2-01", disk_offset=-1), "it is not within its disk"),
    (changed(Subdisk, "d2-01", disk_offset=121), "it is not within its disk"),
    (changed(Subdisk, "d2-01", length=41), "it overlaps subdisk #9"),
    (changed(Subdisk, "d2-02", disk_offset=39), "it overlaps subdisk #6"),
    (twin(Subdisk, "d1-01"), "another record has the name d1-01"),
    (twin(Volume, "vol"), "another record has the name vol"),
]


@pytest.mark.parametrize(("plant", "found"), PLANTS)
def test_a_planted_violation_is_found(plant: Plant, found: str) -> None:
    world = given()
    assert violations(world.state) == []
    plant(world)
    assert any(found in text for text in violations(world.state))


def test_a_violation_names_the_record() -> None:
    world = given()
    volume = world.one(Volume, "vol")
    world.state.put(replace(volume, length=0))
    assert violations_at(world.state, (volume.space, 3)) == [f"{volume.space}#3: it has no length"]


def test_a_record_that_is_gone_violates_nothing() -> None:
    assert violations_at(given().state, (NODE_SPACE, 99)) == []


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda s, g: s.group_names.update(ghost=g), "index group_names is stale"),
        (lambda s, _: s.identities.pop("id-spare"), "index identities is stale"),
        (lambda s, g: s.device_disks.update({99: (g, 1)}), "index device_disks is stale"),
        (lambda s, g: s.spaces[g].names.update(ghost=1), "index names of space"),
        (lambda s, g: s.spaces[g].children[1].add(99), "index children of space"),
        (lambda s, g: s.spaces[g].extents[1].clear(), "index extents of space"),
        (lambda s, g: s.spaces.update(ghost=type(s.spaces[g])()), "a space without records"),
    ],
)
def test_a_planted_stale_index_is_found(
    plant: Callable[[object, str], object], found: str
) -> None:
    world = given()
    (group,) = world.state.groups()
    plant(world.state, group.space)
    assert any(found in text for text in violations(world.state))


def test_a_lost_disk_breaks_no_invariant() -> None:
    assert violations(given().sees(goes("sd1")).state) == []
