"""Where new space comes from."""

import pytest

from eventstore.model import commands as cmd, events as ev
from eventstore.model.objects import Device, Disk, Plex, Subdisk, Volume
from tests.support.model import (
    SECOND_US,
    World,
    a_world,
    add_disks,
    appears,
    grow,
    init_disk,
    make,
    make_group,
    remove,
    size_for,
)


@pytest.mark.parametrize(
    ("publics", "length", "expected"),
    [
        ((160, 160), 100, [("d1", 0, 100)]),
        ((160, 160), 160, [("d1", 0, 160)]),
        ((80, 160), 100, [("d2", 0, 100)]),
        ((80, 160), 200, [("d1", 0, 80), ("d2", 0, 120)]),
        ((80, 160), 240, [("d1", 0, 80), ("d2", 0, 160)]),
        ((80, 80, 80), 170, [("d1", 0, 80), ("d2", 0, 80), ("d3", 0, 10)]),
    ],
)
def test_one_region_is_preferred_and_the_first_that_fits_is_taken(
    publics: tuple[int, ...], length: int, expected: list[tuple[str, int, int]]
) -> None:
    assert a_world(*publics).does(make("vol", length)).layout("vol") == expected


def test_a_gap_that_is_long_enough_is_filled_first() -> None:
    world = a_world(160).does(make("a", 40), make("b", 40), make("c", 40), remove("b"))
    assert world.does(make("new", 30)).layout("new") == [("d1", 40, 30)]
    assert world.does(make("longer", 35)).layout("longer") == [("d1", 120, 35)]


def test_space_is_collected_from_gaps_where_no_region_is_long_enough() -> None:
    world = a_world(160).does(make("a", 40), make("b", 40), make("c", 40), remove("b"))
    assert world.does(make("new", 60)).layout("new") == [("d1", 40, 40), ("d1", 120, 20)]


def test_space_comes_from_the_named_disks_in_the_order_of_their_names_on_the_line() -> None:
    world = a_world(160, 160, 160).does(make("one", 8, "d2"), make("vol", 200, "d3", "d2", "d3"))
    assert world.layout("one") == [("d2", 0, 8)]
    assert world.layout("vol") == [("d3", 0, 160), ("d2", 8, 40)]


def test_growing_extends_the_last_subdisk_where_the_disk_is_free_behind_it() -> None:
    world = a_world(160).does(make("vol", 40))
    assert [type(event) for event in world.would(grow("vol", 8))] == [
        ev.SubdiskResized,
        ev.PlexResized,
        ev.VolumeResized,
    ]
    assert world.does(grow("vol", 8)).layout("vol") == [("d1", 0, 48)]


def test_growing_adds_a_subdisk_where_something_lies_behind() -> None:
    world = a_world(160).does(make("vol", 40), make("wall", 8), grow("vol", 20))
    assert world.layout("vol") == [("d1", 0, 40), ("d1", 48, 20)]


def test_growing_takes_what_is_behind_and_then_what_is_elsewhere() -> None:
    world = a_world(160, 160).does(make("vol", 140), grow("vol", 60))
    assert world.layout("vol") == [("d1", 0, 160), ("d2", 0, 40)]
    assert world.one(Volume, "vol").length == 200
    assert world.one(Plex, "vol-01").length == 200


def test_what_lies_behind_is_not_given_twice() -> None:
    world = a_world(160).does(make("vol", 40), make("gap", 40), make("wall", 8))
    world.does(remove("gap"), grow("vol", 100))
    assert world.layout("vol") == [("d1", 0, 80), ("d1", 88, 60)]


def test_a_private_region_of_the_default_length_leaves_a_public_one_of_whole_8_kib() -> None:
    world = World().sees(appears("sda", size=256 + 65536 + 1007)).does(init_disk("sda", None))
    device = world.one(Device, "sda")
    assert (device.private_len, device.public_len) == (65536, 992)
    assert device.disk_id == "1764000002.1.node1"


def test_the_smallest_disk_has_one_unit_of_public_region() -> None:
    world = World().sees(appears("sda", size=size_for(16)), appears("sdb", size=size_for(15)))
    assert world.does(init_disk("sda")).one(Device, "sda").public_len == 16
    assert world.refuses(init_disk("sdb")).id == "V-5-1-5433"


def test_a_disk_brings_the_lengths_of_its_device_into_the_group() -> None:
    world = a_world(160)
    disk, device = world.one(Disk, "d1"), world.one(Device, "sd1")
    assert (disk.private_len, disk.public_len) == (1024, 160)
    assert (disk.device, disk.disk_id) == (device.rid, device.disk_id)


def test_disks_without_a_name_are_numbered_after_their_group() -> None:
    world = World()
    for device in ("sda", "sdb", "sdc"):
        world.sees(appears(device)).does(init_disk(device))
    world.does(make_group("dg", "sda", "dg02=sdb"), add_disks("dg", "sdc"))
    assert world.disk_states() == {"dg01": "", "dg02": "", "dg03": ""}


def test_the_hundredth_disk_of_a_long_name_still_has_a_name() -> None:
    world, group = World(), "g" * 31
    devices = [f"sd{number}" for number in range(100)]
    for device in devices:
        world.sees(appears(device)).does(init_disk(device))
    world.does(make_group(group, *devices))
    assert max(map(len, world.disk_states(group))) == 31


def test_groups_get_base_minors_of_their_own() -> None:
    world = a_world(160)
    world.sees(appears("e")).does(init_disk("e"), make_group("eg", "e"))
    minors = [group.base_minor for group in world.state.groups()]
    assert minors == [1000, 2000]


def test_a_group_that_follows_another_in_the_same_second_has_an_id_of_its_own() -> None:
    world = a_world(160)
    (first,) = world.state.groups()
    created_us = world.now_us - SECOND_US
    world.does(cmd.DestroyDiskGroup("dg"))
    world.now_us = created_us + 1
    (second,) = world.does(make_group("dg", "sd1")).state.groups()
    assert first.space != second.space


def test_a_plex_whose_name_is_taken_gets_the_next_number() -> None:
    world = a_world(160).does(make("vol-01", 8), make("vol", 8))
    assert world.one(Plex, "vol-02").volume == world.one(Volume, "vol").rid


def test_names_that_are_made_up_of_long_ones_do_not_meet() -> None:
    names = ["v" * 28 + end for end in ("-01", "xyz", "abc")]
    world = a_world(160).does(*(make(name, 8) for name in names))
    (group,) = world.state.groups()
    assert [volume.name for volume in world.state.volumes(group)] == sorted(names)
    assert world.one(Subdisk, "d1-03").length == 8
