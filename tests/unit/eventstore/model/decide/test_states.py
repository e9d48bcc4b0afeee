"""States of volumes and plexes: starting, stopping, losing and finding disks."""

import pytest

from eventstore.model import commands as cmd, events as ev
from eventstore.model.notifications import DeviceNotified
from eventstore.model.objects import Disk, Plex, Volume
from tests.support.model import World, a_world, appears, goes, make, size_for

RUNS, STOPPED = ("ENABLED", "ACTIVE"), ("DISABLED", "CLEAN")


def volume(world: World, name: str = "vol") -> tuple[str, str]:
    record = world.one(Volume, name)
    return record.kstate, record.state


def plex(world: World, name: str) -> tuple[str, str]:
    record = world.one(Plex, name)
    return record.kstate, record.state


def mirrored() -> World:
    return a_world(160, 160).does(cmd.MakeVolume("dg", "vol", 100, layout="mirror"))


def back(device: str) -> DeviceNotified:
    return appears(device, size=size_for(160))


def test_a_volume_is_stopped_clean_and_started_active() -> None:
    world = mirrored().does(cmd.StopVolumes("dg", ("vol",)))
    assert (volume(world), plex(world, "vol-01"), plex(world, "vol-02")) == (STOPPED,) * 3
    world.does(cmd.StartVolumes("dg"))
    assert (volume(world), plex(world, "vol-01"), plex(world, "vol-02")) == (RUNS,) * 3


def test_starting_what_runs_changes_nothing_and_is_refused() -> None:
    assert mirrored().refuses(cmd.StartVolumes("dg", ("vol",))).id == "V-5-1-1212"


@pytest.mark.parametrize(
    ("how", "of_volume", "of_plex"),
    [
        ("clean", STOPPED, STOPPED),
        ("active", RUNS, RUNS),
        ("zero", RUNS, RUNS),
        ("enable", ("ENABLED", "EMPTY"), RUNS),
    ],
)
def test_an_empty_volume_is_given_its_first_state(
    how: str, of_volume: tuple[str, str], of_plex: tuple[str, str]
) -> None:
    world = a_world(160).does(cmd.MakeVolume("dg", "vol", 100, start=False))
    assert (volume(world), plex(world, "vol-01")) == (("DISABLED", "EMPTY"),) * 2
    world.does(cmd.InitVolume("dg", "vol", how))
    assert (volume(world), plex(world, "vol-01")) == (of_volume, of_plex)


def test_an_empty_volume_cannot_be_started_and_another_not_be_initialised() -> None:
    world = a_world(160).does(cmd.MakeVolume("dg", "vol", 60, start=False), make("run", 60))
    assert world.refuses(cmd.StartVolumes("dg", ("vol",))).id == "V-5-1-1199"
    assert world.refuses(cmd.InitVolume("dg", "run", "clean")).id == "V-5-1-1211"
    assert world.refuses(cmd.InitVolume("dg", "vol", "nonsense")).id == "V-5-1-1210"


def test_a_mirror_that_loses_its_disk_comes_back_stale_and_is_attached_again() -> None:
    world = mirrored().sees(goes("sd1"))
    assert (volume(world), plex(world, "vol-01")) == (RUNS, ("DETACHED", "NODEVICE"))
    world.sees(back("sd1"))
    assert plex(world, "vol-01") == ("DETACHED", "STALE")
    assert plex(world.does(cmd.AttachPlex("dg", "vol", "vol-01")), "vol-01") == RUNS


def test_the_last_mirror_to_go_takes_the_volume_down_and_brings_it_back() -> None:
    world = mirrored().sees(goes("sd1"), goes("sd2"))
    assert (volume(world)[0], plex(world, "vol-02")) == ("DISABLED", ("DISABLED", "NODEVICE"))
    world.sees(back("sd1"))
    assert volume(world)[0] == "DISABLED"
    world.sees(back("sd2"))
    assert (volume(world), plex(world, "vol-02")) == (RUNS, RUNS)
    assert plex(world, "vol-01") == ("DETACHED", "STALE")


def test_a_stopped_volume_is_left_alone_by_disks_that_come_and_go() -> None:
    world = mirrored().does(cmd.StopVolumes("dg")).sees(goes("sd1"))
    assert plex(world, "vol-01") == STOPPED
    world.does(cmd.StartVolumes("dg"))
    assert (plex(world, "vol-01"), plex(world, "vol-02")) == (STOPPED, RUNS)


def test_a_plex_is_dissociated_and_attached_again() -> None:
    world = mirrored().does(cmd.DissociatePlex("dg", "vol-01"))
    assert (plex(world, "vol-01"), world.one(Plex, "vol-01").volume) == (("DISABLED", ""), 0)
    world.does(cmd.AttachPlex("dg", "vol", "vol-01"))
    assert plex(world, "vol-01") == RUNS


def test_a_plex_that_is_removed_gives_its_space_back() -> None:
    world = mirrored().does(cmd.DissociatePlex("dg", "vol-01", remove=True))
    assert world.does(make("next", 160, "d1")).layout("next") == [("d1", 0, 160)]


def test_the_last_running_copy_stays() -> None:
    world = mirrored().does(cmd.DissociatePlex("dg", "vol-01"))
    assert world.refuses(cmd.DissociatePlex("dg", "vol-02")).id == "V-5-1-1280"
    assert world.refuses(cmd.DissociatePlex("dg", "vol-01")).id == "V-5-1-1279"


def test_a_plex_that_is_too_short_or_another_volumes_is_not_attached() -> None:
    world = a_world(160, 160).does(cmd.MakeVolume("dg", "vol", 60, layout="mirror"))
    world.does(cmd.DissociatePlex("dg", "vol-02"), make("big", 90, "d1"))
    assert world.refuses(cmd.AttachPlex("dg", "big", "vol-02")).id == "V-5-1-1281"
    assert world.refuses(cmd.AttachPlex("dg", "big", "vol-01")).id == "V-5-1-1281"
    assert world.refuses(cmd.AttachPlex("dg", "vol", "vol-01")).id == "V-5-1-1281"


def test_a_volume_with_a_plex_that_is_down_is_not_resized() -> None:
    world = mirrored().sees(goes("sd1"))
    error = world.refuses(cmd.GrowVolume("dg", "vol", 8))
    assert (error.id, error.cause) == ("V-5-1-1198", "disk d1 has no device")


def test_two_plexes_on_one_disk_go_with_it_and_come_back_with_it() -> None:
    world = mirrored()
    lost = world.one(Plex, "vol-02")
    (subdisk,) = world.state.subdisks(lost)
    world.takes(
        ev.SubdiskRemoved(subdisk.space, subdisk.rid),
        ev.SubdiskCreated(
            subdisk.space,
            world.state.next_rid(subdisk.space),
            name="d1-09",
            plex=lost.rid,
            disk=world.one(Disk, "d1").rid,
            disk_offset=100,
            length=60,
        ),
        ev.PlexResized(lost.space, lost.rid, length=60),
    )
    world.sees(goes("sd1"))
    assert (volume(world)[0], plex(world, "vol-02")) == ("DISABLED", ("DISABLED", "NODEVICE"))
    world.sees(back("sd1"))
    assert (volume(world), plex(world, "vol-01"), plex(world, "vol-02")) == (RUNS,) * 3


def test_an_empty_volume_is_initialised_on_the_plexes_whose_disks_are_there() -> None:
    world = a_world(160, 160)
    world.does(cmd.MakeVolume("dg", "vol", 100, layout="mirror", start=False)).sees(goes("sd1"))
    world.does(cmd.InitVolume("dg", "vol", "active"))
    assert (volume(world), plex(world, "vol-02")) == (RUNS, RUNS)
    world.sees(back("sd1"))
    assert plex(world, "vol-01") == ("DETACHED", "STALE")


def test_an_empty_volume_without_a_whole_plex_is_not_initialised() -> None:
    world = a_world(160).does(cmd.MakeVolume("dg", "vol", 100, start=False)).sees(goes("sd1"))
    assert world.refuses(cmd.InitVolume("dg", "vol", "active")).id == "V-5-1-1199"
