"""Ending records one by one: what is left has to be whole."""

from __future__ import annotations

from eventstore.model import commands as cmd
from eventstore.model.objects import Volume
from tests.support.model import World, a_world


def a_mirror() -> World:
    return a_world(160, 160).does(cmd.MakeVolume("dg", "u", 40, layout="mirror"))


def test_of_two_plexes_either_can_go_but_not_both() -> None:
    world = a_mirror()
    for name in ("u-01", "u-02"):
        assert world.would(cmd.RemoveRecords("dg", (name,), recursive=True))
    both = cmd.RemoveRecords("dg", ("u-01", "u-02"), recursive=True)
    assert world.refuses(both).id == "V-5-1-1280"


def test_what_ended_with_the_record_above_it_is_ended_once() -> None:
    world = a_mirror()
    world.does(cmd.RemoveRecords("dg", ("u", "u-01"), recursive=True, force=True))
    group = world.state.group("dg")
    assert group is not None
    assert not [one for one in world.state.spaces[group.space].records.values()
                if isinstance(one, Volume)]  # fmt: skip
