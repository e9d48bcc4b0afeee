"""The state's indexes: true at any time, and never half changed."""

import pytest
from msgspec.structs import replace

from eventstore.model import events as ev
from eventstore.model.evolve import apply
from eventstore.model.objects import AnyRecord, Device, Disk, DiskGroup, Plex, Subdisk, Volume
from tests.support.model import World, a_world, appears, goes, make, snapshot


def given() -> World:
    return a_world(160, 160).does(make("vol", 40), make("other", 40)).sees(appears("spare"))


CLASHES: list[tuple[type[AnyRecord], str, dict[str, object]]] = [
    (Volume, "vol", {}),
    (Volume, "vol", {"name": "d1"}),
    (Plex, "vol-01", {}),
    (Subdisk, "d1-01", {}),
    (Disk, "d1", {}),
    (Disk, "d1", {"name": "new"}),
    (Device, "spare", {}),
    (Device, "spare", {"name": "new"}),
    (Device, "spare", {"identity": "new"}),
]


@pytest.mark.parametrize(("kind", "name", "fields"), CLASHES)
def test_a_record_that_claims_what_another_has_is_not_taken_in(
    kind: type[AnyRecord], name: str, fields: dict[str, object]
) -> None:
    world = given()
    before = snapshot(world.state)
    with pytest.raises(KeyError, match="is taken"):
        world.state.put(replace(world.one(kind, name), rid=50, **fields))
    assert snapshot(world.state) == before


def test_a_second_group_of_a_name_is_not_taken_in() -> None:
    world = given()
    before = snapshot(world.state)
    with pytest.raises(KeyError, match="dg is taken"):
        world.state.put(DiskGroup("other", 0, name="dg"))
    assert snapshot(world.state) == before


def test_a_rename_to_a_name_that_is_taken_leaves_the_old_one() -> None:
    world = given()
    before = snapshot(world.state)
    with pytest.raises(KeyError, match="other is taken"):
        world.state.put(replace(world.one(Volume, "vol"), name="other"))
    assert snapshot(world.state) == before


def test_events_of_which_one_does_not_fit_are_not_applied_at_all() -> None:
    world = given()
    before = snapshot(world.state)
    added = ev.DeviceAdded(9, "new", "new", 8, ev.Notice("add"))
    twin = ev.DeviceAdded(10, "new", "newer", 8, ev.Notice("add"))
    with pytest.raises(KeyError):
        apply(world.state, [added, twin])
    assert snapshot(world.state) == before


def test_a_device_that_went_leaves_its_name_to_others() -> None:
    world = given().sees(goes("sd1"), appears("sd1", "another"))
    assert world.one(Device, "sd1").identity == "another"


def test_a_group_is_found_by_name_and_by_id() -> None:
    state = given().state
    (group,) = state.groups()
    assert state.group("dg") == state.group(group.space) == group
    assert state.group("") is None


def test_what_is_on_a_disk_is_known_by_offset() -> None:
    world = given()
    extents = world.state.extents(world.one(Disk, "d1"))
    assert [(offset, length) for offset, length, _rid in extents] == [(0, 40), (40, 40)]
    assert list(world.state.extents(world.one(Disk, "d2"))) == []
