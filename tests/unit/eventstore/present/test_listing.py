"""The order in which the original prints, and what it says of disks that are not here."""

from __future__ import annotations

from hypothesis import given, strategies as st

from eventstore.forms import vxprint
from eventstore.model import commands as cmd
from eventstore.model.order import natural
from eventstore.model.state import State
from eventstore.present import disklist, listing
from tests.support.listings import FIXTURES, SAMPLES, SMALL, one_group
from tests.support.model import World, a_world, goes, make

IN_ORDER = ["vol_cb5", "vol_cb5_dcl", "vol_fb8", "vol_6m3", "vol_7vi", "vol_41t", "vol_604"]


def taken_over(text: str) -> World:
    return World().does(cmd.TakeOverDiskGroup(one_group(text).rows))


def names(state: State, group: str, kind: str) -> list[str]:
    (shown,) = listing.print_view(state, group)["groups"]
    return [row["name"] for row in shown["records"] if row["type"] == kind]


def test_letters_come_before_digits_and_numbers_by_their_value() -> None:
    backwards = IN_ORDER[::-1]
    assert sorted(backwards, key=natural) == IN_ORDER


def test_the_volumes_of_the_samples_are_in_that_order() -> None:
    for path in SAMPLES.glob("*vxprint*"):
        rows = [line.split() for line in path.read_text().split("\n") if line.startswith("v ")]
        volumes = [row[1] for row in rows]
        assert sorted(volumes, key=natural) == volumes


@given(st.lists(st.text(max_size=6)))
def test_any_names_have_an_order(some: list[str]) -> None:
    backwards = some[::-1]
    assert sorted(some, key=natural) == sorted(backwards, key=natural)


def test_volumes_are_listed_by_number() -> None:
    world = a_world(1600)
    world.does(*(make(name, 16) for name in ("v10", "v9", "va")))
    assert names(world.state, "dg", "v") == ["va", "v9", "v10"]


def test_a_selected_plex_brings_its_subdisks_and_a_loose_one_does_not_come_with_a_disk() -> None:
    world = taken_over((FIXTURES / "plain_htg.txt").read_text())
    (shown,) = listing.print_view(world.state, "appdg", ["old-02"])["groups"]
    assert [row["name"] for row in shown["records"]] == ["old-02", "appdg02-09"]
    (shown,) = listing.print_view(world.state, "appdg", ["appdg03"])["groups"]
    assert [row["name"] for row in shown["records"]] == ["appdg03"]


def test_what_is_layered_or_joined_says_so() -> None:
    group = vxprint.parse((FIXTURES / "everything_htr.txt").read_text()).groups[0]
    world = World().does(cmd.TakeOverDiskGroup(group.rows))
    (shown,) = listing.print_view(world.state, "bizdg")["groups"]
    rows = {row["name"]: row for row in shown["records"]}
    assert rows["wide-L01"]["layered"]
    assert rows["mail_dcl"]["joined"]
    assert "joined" not in rows["mail"]
    assert listing.depth(rows["bizdg01-04"]) == 6


def test_a_disk_that_was_taken_over_is_listed_as_one_that_is_not_here() -> None:
    rows = disklist.disks_view(taken_over(SMALL).state, None)
    assert [(row["device"], row["disk"], row["status"]) for row in rows] == [
        (None, "d1", "failed was:c1t1d0"),
        (None, "d2", "failed was:c1t2d0"),
    ]


def test_a_deported_group_is_told_apart() -> None:
    world = a_world(1600).does(cmd.DeportDiskGroup("dg"))
    (row,) = disklist.disks_view(world.state, None)
    assert (row["disk"], row["group"], row["deported_group"]) == (None, None, "dg")


def test_a_group_is_known_to_be_portable_only_if_its_disks_were_made_here() -> None:
    (ours,) = listing.groups_view(a_world(1600).state, None)
    (theirs,) = listing.groups_view(taken_over(SMALL).state, None)
    assert (ours["states"], theirs["states"]) == (["enabled", "cds"], ["enabled"])


def test_a_copy_of_another_device_is_marked() -> None:
    world = a_world(1600).does(cmd.SetDevice("sd1", clone=True))
    (row,) = disklist.disks_view(world.state, "sd1")
    assert row["status"] == "online clone_disk"


def test_an_offline_device_is_listed_so() -> None:
    world = a_world(1600).does(cmd.DeportDiskGroup("dg"), cmd.ImportDiskGroup("dg"))
    world.does(cmd.DestroyDiskGroup("dg"), cmd.OfflineDisk("sd1"))
    (row,) = disklist.disks_view(world.state, "sd1")
    assert (row["type"], row["status"]) == ("auto", "offline")


def test_a_disk_of_our_own_that_went_away_tells_nothing_but_that() -> None:
    world = a_world(1600, 1600).sees(goes("sd2"))
    (shown,) = listing.print_view(world.state, "dg", ["d2"])["groups"]
    assert (shown["records"][0]["device"], shown["records"][0]["state"]) == (None, "NODEVICE")
