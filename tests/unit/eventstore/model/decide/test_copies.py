"""The copies of a volume in use: each refusal, and the state in which it comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventstore.model import commands as cmd
from eventstore.model.objects import Disk, Plex, Volume
from tests.support.model import World, a_world, goes, make

Given = Callable[[World], object]


def given() -> World:
    """Mirror u on d1 and d2, plain s on d3; loose plexes w-02 (60 sectors) and t-02 (20) on d4."""
    world = a_world(160, 160, 160, 160)
    world.does(cmd.MakeVolume("dg", "u", 40, ("d1", "d2"), "mirror"), make("s", 40, "d3"))
    for name, length in (("w", 60), ("t", 20)):
        world.does(cmd.MakeVolume("dg", name, length, ("d3", "d4"), "mirror"))
        world.does(cmd.DissociatePlex("dg", f"{name}-02"))
    return world


def as_it_is(_world: World) -> None:
    """Nothing more has happened."""


def stopped(world: World) -> None:
    world.does(cmd.StopVolumes("dg"))


def lost(disk: str) -> Given:
    return lambda world: world.sees(goes(f"s{disk}"))


def after(*commands: cmd.AnyCommand) -> Given:
    return lambda world: world.does(*commands)


def detach(plex: str) -> cmd.DetachPlex:
    return cmd.DetachPlex("dg", plex)


def copy(plex: str, volume: str = "u") -> cmd.CopyToPlex:
    return cmd.CopyToPlex("dg", volume, plex)


def replace(old: str, new: str) -> cmd.MovePlex:
    return cmd.MovePlex("dg", old, new)


def move(volume: str, off: str, *to: str) -> cmd.MoveVolume:
    return cmd.MoveVolume("dg", volume, (off,), to)


def policy(word: str, plex: str | None = None) -> cmd.SetReadPolicy:
    return cmd.SetReadPolicy("dg", word, "u", plex)


def length(sectors: int, *names: str) -> cmd.SetVolume:
    return cmd.SetVolume("dg", names or ("u",), sectors)


REFUSALS: list[tuple[Given, cmd.AnyCommand, str, str]] = [
    (as_it_is, cmd.DetachPlex("none", "u-01"), "V-5-1-582", "No such disk group"),
    (as_it_is, detach("u-09"), "V-5-1-607", "not found"),
    (as_it_is, detach("u"), "V-5-1-607", "not found"),
    (as_it_is, detach("w-02"), "V-5-1-1282", "cannot be detached"),
    (as_it_is, detach("s-01"), "V-5-1-1280", "last complete copy"),
    (stopped, detach("u-01"), "V-5-1-1282", "cannot be detached"),
    (after(detach("u-01")), detach("u-01"), "V-5-1-1282", "cannot be detached"),
    (after(detach("u-01")), detach("u-02"), "V-5-1-1280", "last complete copy"),
    (lost("d1"), detach("u-02"), "V-5-1-1280", "last complete copy"),
    (as_it_is, copy("w-02", "none"), "V-5-1-607", "not found"),
    (as_it_is, copy("s-01"), "V-5-1-1281", "belongs to a volume"),
    (as_it_is, copy("t-02"), "V-5-1-1281", "20 sectors, the volume 40"),
    (stopped, copy("w-02"), "V-5-1-1198", "not ENABLED"),
    (lost("d1"), copy("w-02"), "V-5-1-1198", "not ENABLED"),
    (lost("d4"), copy("w-02"), "V-5-1-1281", "d4 has no device"),
    (after(copy("w-02")), copy("w-02"), "V-5-1-1281", "copy already"),
    (as_it_is, replace("w-02", "t-02"), "V-5-1-1281", "belongs to no volume"),
    (as_it_is, replace("u-01", "s-01"), "V-5-1-1281", "copy of another volume"),
    (as_it_is, replace("u-01", "u-02"), "V-5-1-1281", "attached already"),
    (as_it_is, replace("u-01", "t-02"), "V-5-1-1281", "20 sectors, the volume 40"),
    (as_it_is, replace("u-01", "u-09"), "V-5-1-607", "not found"),
    (lost("d4"), replace("u-01", "w-02"), "V-5-1-1281", "d4 has no device"),
    (as_it_is, move("u", "d9"), "V-5-1-607", "not found"),
    (as_it_is, move("u", "d1", "d9"), "V-5-1-607", "not found"),
    (as_it_is, move("u", "d3"), "V-5-1-1212", "nothing to do"),
    (as_it_is, move("u", "d1", "d2"), "V-5-1-15809", "No free space"),
    (as_it_is, move("u", "d1", "d1"), "V-5-1-15809", "No free space"),
    (stopped, move("u", "d1"), "V-5-1-1198", "not ENABLED"),
    (lost("d1"), move("u", "d1"), "V-5-1-1198", "not ENABLED"),
    (as_it_is, policy("fastest"), "V-5-1-1213", "not a policy"),
    (as_it_is, policy("prefer"), "V-5-1-1213", "not a policy"),
    (as_it_is, policy("round", "u-01"), "V-5-1-1213", "not a policy"),
    (as_it_is, policy("prefer", "s-01"), "V-5-1-1281", "no copy of volume u"),
    (as_it_is, policy("prefer", "w-02"), "V-5-1-1281", "no copy of volume u"),
    (as_it_is, policy("prefer", "u-09"), "V-5-1-607", "not found"),
    (as_it_is, policy("select"), "V-5-1-1212", "nothing to do"),
    (after(policy("prefer", "u-02")), policy("prefer", "u-02"), "V-5-1-1212", "that already"),
    (as_it_is, length(41), "V-5-1-1214", "longest plex has 40"),
    (as_it_is, length(0), "V-5-1-1214", "cannot have 0 sectors"),
    (as_it_is, length(-1), "V-5-1-1214", "cannot have -1 sectors"),
    (as_it_is, length(40, "u", "s"), "V-5-1-1212", "has that length"),
    (as_it_is, length(30, "u", "none"), "V-5-1-607", "not found"),
    (as_it_is, cmd.MaintainVolumes("dg", ("u", "none")), "V-5-1-607", "not found"),
    (stopped, cmd.MaintainVolumes("dg", ("u", "s")), "V-5-1-1212", "is ENABLED"),
    (as_it_is, cmd.ResyncVolumes("dg", ("u", "none")), "V-5-1-607", "not found"),
    (as_it_is, cmd.ResyncVolumes("dg", ("u", "s")), "V-5-1-1212", "are equal"),
    (stopped, cmd.ResyncVolumes("dg", ("u",)), "V-5-1-1212", "are equal"),
]


@pytest.mark.parametrize(("given_that", "command", "message_id", "words"), REFUSALS)
def test_what_cannot_be_is_refused_by_its_name(
    given_that: Given, command: cmd.AnyCommand, message_id: str, words: str
) -> None:
    world = given()
    given_that(world)
    refused = world.refuses(command)
    assert refused.id == message_id, refused.message
    assert words in f"{refused.message}; {refused.cause}"
    assert refused.rule == "D2"


def test_a_detached_plex_stays_with_its_volume_and_goes_stale() -> None:
    plex = given().does(detach("u-01")).one(Plex, "u-01")
    assert (plex.kstate, plex.state, plex.volume > 0) == ("DETACHED", "STALE", True)


def test_a_copy_stays_on_its_own() -> None:
    plex = given().does(copy("w-02")).one(Plex, "w-02")
    assert (plex.volume, plex.kstate, plex.state) == (0, "DISABLED", "ACTIVE")


@pytest.mark.parametrize("remove", [False, True])
def test_a_plex_takes_the_place_of_another(remove: bool) -> None:
    world = given().does(cmd.MovePlex("dg", "u-01", "w-02", remove))
    volume = world.one(Volume, "u")
    assert [plex.name for plex in world.state.plexes(volume)] == ["u-02", "w-02"]
    assert (world.state.named(volume.space, "u-01") is None) == remove


def test_what_is_moved_lies_on_no_disk_of_another_copy() -> None:
    world = given().does(move("u", "d1"))
    plex = world.one(Plex, "u-01")
    (subdisk,) = world.state.subdisks(plex)
    disk = world.state.get((plex.space, subdisk.disk))
    assert isinstance(disk, Disk)
    assert disk.name in ("d3", "d4")
