"""Logs of mirrored volumes: who takes one, where it lies, and what it does not stand for."""

from __future__ import annotations

import pytest

from cli.render.vxprint import Layout, text
from eventstore.model import commands as cmd
from eventstore.model.decide.logs import default_length
from eventstore.model.objects import Disk, Plex, Subdisk, Volume
from eventstore.present.listing import print_view
from tests.support.model import World, a_world, appears, goes, grow, make, size_for

ADD = cmd.AddLog("dg", "u", 33)


def a_mirror(*publics: int) -> World:
    """Volume u has its copies on d1 and d2."""
    world = a_world(*(publics or (160, 160, 160)))
    return world.does(cmd.MakeVolume("dg", "u", 40, layout="mirror"))


def logged() -> World:
    """A mirror with its log on d3."""
    return a_mirror().does(ADD)


def states(world: World) -> list[str]:
    found: list[Volume | Plex] = [
        world.one(Volume, "u"),
        *(world.one(Plex, f"u-0{n}") for n in (1, 2, 3)),
    ]
    return [f"{record.kstate} {record.state}" for record in found]


def test_a_log_is_shown_as_the_original_shows_it() -> None:
    table = text(
        print_view(logged().state, "dg")["groups"],
        Layout(typed=True, hierarchy=True),
        header=False,
        titled=False,
    )
    assert table.splitlines()[-2:] == [
        "pl u-03         u            ENABLED  LOG      LOGONLY  CONCAT    -        RW",
        "sd d3-01        u-03         d3       0        33       LOG       sd3      ENA",
    ]


def test_only_a_mirrored_volume_takes_a_log() -> None:
    world = a_world(160, 160).does(make("u", 40))
    assert world.refuses(ADD).id == "V-5-1-7940"
    world.does(cmd.MirrorVolume("dg", "u"), ADD)


@pytest.mark.parametrize(
    ("command", "message_id"),
    [
        (cmd.AddLog("dg", "u", 32), "V-5-1-7941"),
        (cmd.AddLog("dg", "u", 0), "V-5-1-762"),
        (cmd.AddLog("dg", "u", 161), "V-5-1-15809"),
        (cmd.AddLog("dg", "u", 33, ("d9",)), "V-5-1-607"),
        (cmd.AddLog("dg", "v", 33), "V-5-1-607"),
        (cmd.AddLog("none", "u", 33), "V-5-1-582"),
        (cmd.RemoveLog("dg", "u"), "V-5-1-7942"),
    ],
)
def test_what_cannot_be_is_refused(command: cmd.AnyCommand, message_id: str) -> None:
    assert a_mirror().refuses(command).id == message_id


def test_a_volume_that_is_down_takes_none() -> None:
    assert a_mirror().does(cmd.StopVolumes("dg")).refuses(ADD).id == "V-5-1-1198"


def test_a_log_is_not_spread_over_pieces() -> None:
    world = a_mirror(48, 48, 32, 32)
    assert world.refuses(ADD).id == "V-5-1-15809"


def test_a_log_lies_apart_from_the_copies_if_it_can_and_from_other_logs_always() -> None:
    world = logged().does(ADD)
    third = world.one(Disk, "d3").rid
    disks = [world.one(Subdisk, name).disk for name in ("d3-01", "d1-02")]
    assert (disks[0] == third, disks[1] == third) == (True, False)


@pytest.mark.parametrize(
    ("gib", "sectors"), [(1, 33 * 16), (32, 33 * 16), (33, 33 * 32), (1024, 33 * 512)]
)
def test_a_log_of_no_given_length_has_room_for_a_map_of_each_node(gib: int, sectors: int) -> None:
    assert default_length(Volume("dg", 1, name="u", length=gib << 21)) == sectors


def test_a_log_ends_with_its_volume_or_before() -> None:
    world = logged()
    world.does(cmd.RemoveLog("dg", "u"))
    assert world.refuses(cmd.RemoveLog("dg", "u")).id == "V-5-1-7942"
    assert world.does(ADD, cmd.RemoveVolume("dg", "u")).volume_states() == {}


def test_a_log_runs_while_its_volume_does() -> None:
    world = logged().does(cmd.StopVolumes("dg"))
    assert states(world) == ["DISABLED CLEAN", "DISABLED CLEAN", "DISABLED CLEAN", "DISABLED LOG"]
    world.does(cmd.StartVolumes("dg"))
    assert states(world) == ["ENABLED ACTIVE", "ENABLED ACTIVE", "ENABLED ACTIVE", "ENABLED LOG"]


def test_maintenance_stops_it_and_a_start_brings_it_back() -> None:
    world = logged().does(cmd.MaintainVolumes("dg", ("u",)))
    assert states(world)[3] == "DISABLED LOG"
    assert states(world.does(cmd.StartVolumes("dg")))[3] == "ENABLED LOG"


def test_a_lost_log_stops_nothing_and_comes_back_with_its_disk() -> None:
    world = logged().sees(goes("sd3"))
    assert states(world) == [*["ENABLED ACTIVE"] * 3, "DETACHED NODEVICE"]
    world.does(grow("u", 8)).sees(appears("sd3", size=size_for(160)))
    assert states(world) == [*["ENABLED ACTIVE"] * 3, "ENABLED LOG"]


def test_a_log_is_no_copy_that_a_volume_could_live_on() -> None:
    world = logged().sees(goes("sd1"), goes("sd2"))
    assert states(world) == [
        *("DISABLED ACTIVE", "DETACHED NODEVICE", "DISABLED NODEVICE", "DISABLED LOG")
    ]
    world.sees(appears("sd2", size=size_for(160)))
    assert states(world)[0] == "ENABLED ACTIVE"
    assert states(world)[3] == "ENABLED LOG"


def test_the_last_copy_stays_whatever_logs_there_are() -> None:
    world = logged().does(cmd.DissociatePlex("dg", "u-01", remove=True))
    assert world.refuses(cmd.DissociatePlex("dg", "u-02")).id == "V-5-1-1280"


def test_growing_and_shrinking_pass_a_log_by() -> None:
    world = logged().does(grow("u", 30), cmd.ShrinkVolumeTo("dg", "u", 8))
    assert (world.one(Plex, "u-03").length, world.one(Subdisk, "d3-01").length) == (0, 33)


def test_a_log_is_moved_in_one_piece() -> None:
    world = logged().does(cmd.MoveVolume("dg", "u", ("d3",)))
    (subdisk,) = world.state.subdisks(world.one(Plex, "u-03"))
    assert (subdisk.plex_offset, subdisk.length) == (-1, 33)
    assert subdisk.disk != world.one(Disk, "d3").rid


@pytest.mark.parametrize(
    ("command", "message_id"),
    [
        (cmd.DetachPlex("dg", "u-03"), "V-5-1-1282"),
        (cmd.SetReadPolicy("dg", "prefer", "u", "u-03"), "V-5-1-1281"),
    ],
)
def test_what_is_for_copies_is_not_for_logs(command: cmd.AnyCommand, message_id: str) -> None:
    assert logged().refuses(command).id == message_id


def test_a_mirror_is_laid_out_like_a_copy_and_not_like_the_log() -> None:
    world = a_mirror(160, 160, 160, 160).does(ADD, cmd.DissociatePlex("dg", "u-01", remove=True))
    world.does(cmd.DissociatePlex("dg", "u-03", remove=True), cmd.MirrorVolume("dg", "u"), ADD)
    world.does(cmd.MirrorVolume("dg", "u"))
    volume = world.one(Volume, "u")
    assert [plex.length for plex in world.state.copies(volume)] == [40, 40, 40]
