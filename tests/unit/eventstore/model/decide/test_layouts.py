"""How volumes lie on disks: stripes, mirrors, and how they grow and shrink."""

import pytest

from eventstore.model import commands as cmd
from eventstore.model.decide.layout import columns_of
from eventstore.model.objects import Disk, Plex, Volume
from tests.support.model import World, a_world, make

Column = list[tuple[str, int, int]]


def lay(name: str, length: int, layout: str, columns: int | None = None) -> cmd.MakeVolume:
    return cmd.MakeVolume("dg", name, length, layout=layout, columns=columns, stripe=8)


Kind = type[cmd.GrowVolume | cmd.GrowVolumeTo | cmd.ShrinkVolume | cmd.ShrinkVolumeTo]


def resized(kind: Kind, name: str, length: int) -> cmd.AnyCommand:
    return kind("dg", name, length)


def columns(world: World, plex: str) -> list[Column]:
    """The (disk, offset, length) of each column of a plex."""
    record = world.one(Plex, plex)
    disks = {disk.rid: disk.name for disk in world.state.disks(world.state.groups()[0])}
    return [
        [(disks[sd.disk], sd.disk_offset, sd.length) for sd in column]
        for column in columns_of(world.state, record)
    ]


def disks_of(world: World, plex: str) -> set[str]:
    return {disk for column in columns(world, plex) for disk, _offset, _length in column}


def test_a_stripe_has_a_column_on_each_of_several_disks() -> None:
    world = a_world(160, 160, 160).does(lay("vol", 96, "stripe", columns=3))
    assert columns(world, "vol-01") == [[("d1", 0, 32)], [("d2", 0, 32)], [("d3", 0, 32)]]


def test_a_striped_plex_is_a_multiple_of_its_stripe_and_at_least_as_long_as_its_volume() -> None:
    world = a_world(160, 160).does(lay("vol", 50, "stripe"))
    assert (world.one(Volume, "vol").length, world.one(Plex, "vol-01").length) == (50, 64)


def test_a_stripe_takes_as_many_columns_as_there_are_disks_for_it() -> None:
    world = a_world(160, 16, 160, 160).does(lay("vol", 300, "stripe"))
    assert [len(column) for column in columns(world, "vol-01")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"layout": "stripe", "columns": 1}, "V-5-1-15316"),
        ({"layout": "stripe", "stripe": 0}, "V-5-1-15316"),
        ({"layout": "stripe", "columns": 4}, "V-5-1-15809"),
        ({"layout": "mirror", "mirrors": 4}, "V-5-1-15809"),
        ({"layout": "mirror", "mirrors": 0}, "V-5-1-15317"),
        ({"layout": "mirror", "mirrors": 33}, "V-5-1-15317"),
        ({"layout": "raid5"}, "V-5-1-15315"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(how: dict[str, object], expected: str) -> None:
    command = cmd.MakeVolume("dg", "vol", 64, **how)  # type: ignore[arg-type]
    assert a_world(160, 160, 160).refuses(command).id == expected


def test_mirrors_are_on_different_disks() -> None:
    world = a_world(80, 80, 160).does(lay("vol", 150, "mirror"))
    assert disks_of(world, "vol-01") == {"d3"}
    assert disks_of(world, "vol-02") == {"d1", "d2"}


def test_a_mirrored_stripe_has_all_columns_on_different_disks() -> None:
    world = a_world(80, 80, 80, 80).does(lay("vol", 64, "mirror-stripe", columns=2))
    assert disks_of(world, "vol-01") == {"d1", "d2"}
    assert disks_of(world, "vol-02") == {"d3", "d4"}


def test_a_mirror_is_added_on_disks_that_the_others_are_not_on() -> None:
    world = a_world(160, 160).does(make("vol", 100)).does(cmd.MirrorVolume("dg", "vol"))
    assert disks_of(world, "vol-02") == {"d2"}
    assert world.refuses(cmd.MirrorVolume("dg", "vol")).id == "V-5-1-15809"


def test_growing_lengthens_every_column_of_every_plex() -> None:
    world = a_world(160, 160, 160, 160).does(lay("vol", 64, "mirror-stripe", columns=2))
    world.does(resized(cmd.GrowVolume, "vol", 32))
    assert columns(world, "vol-01") == [[("d1", 0, 48)], [("d2", 0, 48)]]
    assert columns(world, "vol-02") == [[("d3", 0, 48)], [("d4", 0, 48)]]


def test_growth_that_the_plex_has_room_for_moves_nothing() -> None:
    world = a_world(160, 160).does(lay("vol", 50, "stripe"))
    assert len(world.would(resized(cmd.GrowVolume, "vol", 14))) == 1


def test_a_column_goes_on_on_a_disk_that_no_other_column_is_on() -> None:
    world = a_world(160, 160, 160).does(lay("vol", 64, "stripe", columns=2))
    world.does(make("wall", 128, "d1"), resized(cmd.GrowVolume, "vol", 16))
    assert columns(world, "vol-01") == [[("d1", 0, 32), ("d3", 0, 8)], [("d2", 0, 40)]]


def test_a_mirror_does_not_grow_onto_the_disks_of_the_other() -> None:
    world = a_world(160, 100).does(lay("vol", 90, "mirror"))
    assert world.refuses(resized(cmd.GrowVolume, "vol", 20)).id == "V-5-1-15809"


@pytest.mark.parametrize(
    ("kind", "by_or_to", "length"),
    [
        (cmd.GrowVolume, 20, 120),
        (cmd.GrowVolumeTo, 120, 120),
        (cmd.ShrinkVolume, 20, 80),
        (cmd.ShrinkVolumeTo, 80, 80),
    ],
)
def test_a_volume_is_resized_by_or_to_a_length(kind: Kind, by_or_to: int, length: int) -> None:
    world = a_world(160).does(make("vol", 100), resized(kind, "vol", by_or_to))
    assert (world.one(Volume, "vol").length, world.one(Plex, "vol-01").length) == (length, length)


@pytest.mark.parametrize(
    ("kind", "by_or_to"),
    [
        (cmd.GrowVolumeTo, 100),
        (cmd.ShrinkVolumeTo, 100),
        (cmd.ShrinkVolume, 100),
        (cmd.ShrinkVolumeTo, 0),
        (cmd.GrowVolume, -1),
    ],
)
def test_a_length_on_the_wrong_side_is_refused(kind: Kind, by_or_to: int) -> None:
    world = a_world(160).does(make("vol", 100))
    assert world.refuses(resized(kind, "vol", by_or_to)).id in ("V-5-1-762", "V-5-1-763")


def test_shrinking_gives_back_what_lies_behind_the_end() -> None:
    world = a_world(80, 80, 80).does(make("vol", 200))
    world.does(resized(cmd.ShrinkVolumeTo, "vol", 100))
    assert world.layout("vol") == [("d1", 0, 80), ("d2", 0, 20)]


def test_shrinking_keeps_whole_stripes() -> None:
    world = a_world(160, 160).does(lay("vol", 128, "stripe"))
    world.does(resized(cmd.ShrinkVolumeTo, "vol", 50))
    assert columns(world, "vol-01") == [[("d1", 0, 32)], [("d2", 0, 32)]]


def test_a_disk_keeps_its_subdisks_when_it_is_renamed() -> None:
    world = a_world(160).does(make("vol", 100), cmd.RenameDisk("dg", "d1", "first"))
    assert world.layout("vol") == [("first", 0, 100)]
    assert world.one(Disk, "first").name == "first"


def test_two_mirrors_that_grow_at_once_do_not_meet_on_a_disk() -> None:
    world = a_world(160, 160, 160).does(lay("vol", 40, "mirror"))
    assert world.refuses(resized(cmd.GrowVolumeTo, "vol", 161)).id == "V-5-1-15809"
    world = a_world(160, 160, 160, 160).does(lay("vol", 40, "mirror"))
    world.does(resized(cmd.GrowVolumeTo, "vol", 161))
    assert disks_of(world, "vol-01") & disks_of(world, "vol-02") == set()
