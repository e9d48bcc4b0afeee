"""How much could be made is what can be made, and not a sector less."""

import pytest

from eventstore.errors import Rejected
from eventstore.model import commands as cmd
from eventstore.present.room import max_grow, max_size
from tests.support.model import World, appears, init_disk, make_group


def a_group() -> World:
    world = World()
    for name in ("sda", "sdb"):
        world.sees(appears(name)).does(init_disk(name))
    return world.does(make_group("g", "a=sda", "b=sdb"))


@pytest.mark.parametrize("layout", ["concat", "stripe", "mirror"])
def test_the_greatest_size_can_be_made_and_one_sector_more_cannot(layout: str) -> None:
    world = a_group()
    asked = cmd.MakeVolume("g", "v", 0, layout=layout, stripe=8)
    most = max_size(world.state, asked)["length_sectors"]
    assert most > 0
    with pytest.raises(Rejected):
        world.does(cmd.MakeVolume("g", "v", most + 1, layout=layout, stripe=8))
    world.does(cmd.MakeVolume("g", "v", most, layout=layout, stripe=8))


def test_a_volume_can_grow_as_far_as_is_said_and_no_further() -> None:
    world = a_group().does(cmd.MakeVolume("g", "v", 10))
    room = max_grow(world.state, "g", "v")
    assert room["length_sectors"] == 10 + room["by_sectors"]
    with pytest.raises(Rejected):
        world.does(cmd.GrowVolumeTo("g", "v", room["length_sectors"] + 1))
    world.does(cmd.GrowVolumeTo("g", "v", room["length_sectors"]))


def test_a_full_group_has_room_for_nothing() -> None:
    world = a_group()
    most = max_size(world.state, cmd.MakeVolume("g", "v", 0))["length_sectors"]
    world.does(cmd.MakeVolume("g", "v", most))
    assert max_size(world.state, cmd.MakeVolume("g", "w", 0))["length_sectors"] == 0
    assert max_grow(world.state, "g", "v")["by_sectors"] == 0
