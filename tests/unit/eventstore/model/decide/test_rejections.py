"""What the model refuses, and under which name."""

import pytest

from eventstore.errors import NotFound, Rejected
from eventstore.model import commands as cmd
from eventstore.model.notifications import DeviceNotified
from tests.support.model import (
    World,
    a_world,
    add_disks,
    appears,
    fails,
    goes,
    grow,
    init_disk,
    make,
    make_group,
    remove,
    remove_disks,
    size_for,
)

LONG = "v" * 32


def given() -> World:
    """Group dg with disks d1 (used by vol) and d2 (free); devices outside it in every state."""
    world = a_world(160, 160).does(make("vol", 160))
    world.sees(appears("new"), appears("bad"), appears("tiny", size=1200), fails("bad"))
    world.sees(appears("spare"), appears("spare2")).does(init_disk("spare"), init_disk("spare2"))
    return world


@pytest.mark.parametrize(
    ("command", "message_id", "words"),
    [
        (make(LONG, 8), "V-5-1-10128", "32 characters"),
        (make("", 8), "V-5-1-10129", "is not a name"),
        (make("a b", 8), "V-5-1-10129", "is not a name"),
        (make("-vol", 8), "V-5-1-10129", "is not a name"),
        (make("vol\n", 8), "V-5-1-10129", "is not a name"),
        (make("völ", 8), "V-5-1-10129", "is not a name"),
        (make("a/b", 8), "V-5-1-10129", "is not a name"),
        (make("new", 0), "V-5-1-762", "not a size"),
        (make("new", -8), "V-5-1-762", "not a size"),
        (grow("vol", 0), "V-5-1-762", "not a size"),
        (grow("vol", -1), "V-5-1-762", "not a size"),
        (make("new", 161), "V-5-1-15809", "No free space"),
        (make("new", 1, "d1"), "V-5-1-15809", "No free space"),
        (grow("vol", 161), "V-5-1-15809", "No free space"),
        (make("vol", 8), "V-5-1-120", "a volume of that name"),
        (make("d1", 8), "V-5-1-120", "a disk of that name"),
        (make("vol-01", 8, "d2"), "V-5-1-120", "a plex of that name"),
        (make("d1-01", 8), "V-5-1-120", "a subdisk of that name"),
        (add_disks("dg", "vol=spare"), "V-5-1-120", "a volume of that name"),
        (add_disks("dg", f"{LONG}=spare"), "V-5-1-10128", "too long"),
        (add_disks("dg", "d3=new"), "V-5-1-2108", "not initialized"),
        (add_disks("dg", "d3=sd1"), "V-5-1-2349", "owned by disk group dg"),
        (add_disks("dg", "d3=spare", "d3=spare2"), "V-5-1-121", "named twice"),
        (add_disks("dg", "d3=spare", "d4=spare"), "V-5-1-121", "named twice"),
        (add_disks("dg"), "V-5-1-2201", "no disk is named"),
        (make_group("dg", "e1=spare"), "V-5-1-585", "Disk group exists"),
        (make_group("x y", "e1=spare"), "V-5-1-10129", "is not a name"),
        (make_group(LONG, "e1=spare"), "V-5-1-10128", "too long"),
        (make_group("eg"), "V-5-1-2201", "no disk is named"),
        (make_group("eg", "e1=new"), "V-5-1-2108", "not initialized"),
        (make_group("eg", "e1=sd2"), "V-5-1-2349", "owned by disk group dg"),
        (remove_disks("dg", "d1"), "V-5-1-552", "used by one or more subdisks"),
        (remove_disks("dg"), "V-5-1-2201", "no disk is named"),
        (init_disk("sd1"), "V-5-1-2349", "owned by disk group dg"),
        (init_disk("bad"), "V-5-1-8643", "failing"),
        (init_disk("tiny"), "V-5-1-5433", "not possible"),
        (init_disk("new", 1023), "V-5-1-5433", "not possible"),
        (init_disk("new", -1), "V-5-1-5433", "not possible"),
        (init_disk("new", 2**40), "V-5-1-5433", "not possible"),
        (init_disk("new", None), "V-5-1-5433", "not possible"),
    ],
)
def test_a_command_that_breaks_a_rule_is_rejected_by_its_name(
    command: cmd.AnyCommand, message_id: str, words: str
) -> None:
    error = given().refuses(command)
    assert isinstance(error, Rejected)
    assert (error.id, error.rule) == (message_id, "D2")
    assert words in f"{error.message} {error.cause}"


@pytest.mark.parametrize(
    ("command", "message_id"),
    [
        (make("new", 8, group="nodg"), "V-5-1-582"),
        (make("new", 8, group=""), "V-5-1-582"),
        (make("new", 8, "nodisk"), "V-5-1-607"),
        (make("new", 8, "vol"), "V-5-1-607"),
        (grow("novol", 8), "V-5-1-607"),
        (grow("d1", 8), "V-5-1-607"),
        (grow("vol", 8, "nodg"), "V-5-1-582"),
        (remove("novol"), "V-5-1-607"),
        (remove("vol-01"), "V-5-1-607"),
        (remove("vol", "nodg"), "V-5-1-582"),
        (remove_disks("dg", "nodisk"), "V-5-1-607"),
        (remove_disks("nodg", "d1"), "V-5-1-582"),
        (cmd.DestroyDiskGroup("nodg"), "V-5-1-582"),
        (add_disks("nodg", "d3=spare"), "V-5-1-582"),
        (add_disks("dg", "d3=nodev"), "V-5-1-523"),
        (make_group("eg", "e1=nodev"), "V-5-1-523"),
        (init_disk("nodev"), "V-5-1-523"),
    ],
)
def test_what_does_not_exist_is_not_found_by_its_name(
    command: cmd.AnyCommand, message_id: str
) -> None:
    error = given().refuses(command)
    assert isinstance(error, NotFound)
    assert (error.id, error.rule) == (message_id, "D2")


def test_the_last_disk_of_a_group_stays() -> None:
    world = a_world(160, 160)
    assert world.refuses(remove_disks("dg", "d1", "d2")).id == "V-5-1-10127"
    assert world.does(remove_disks("dg", "d1")).refuses(remove_disks("dg", "d2")).id == (
        "V-5-1-10127"
    )


def test_a_disk_named_twice_leaves_once() -> None:
    assert len(a_world(160, 160).would(remove_disks("dg", "d1", "d1"))) == 1


def test_a_volume_without_its_disk_does_not_grow() -> None:
    world = a_world(160, 160).does(make("vol", 100, "d1")).sees(goes("sd1"))
    error = world.refuses(grow("vol", 8))
    assert (error.id, error.cause) == ("V-5-1-1198", "disk d1 has no device")


@pytest.mark.parametrize("trouble", [goes("sd1"), fails("sd1", size_for(160))])
def test_a_disk_in_trouble_gives_no_space(trouble: DeviceNotified) -> None:
    world = a_world(160, 160).sees(trouble)
    assert world.does(make("vol", 100)).layout("vol") == [("d2", 0, 100)]
    assert world.refuses(make("more", 100)).id == "V-5-1-15809"
    assert world.refuses(make("more", 1, "d1")).id == "V-5-1-15809"


def test_what_is_free_is_said_where_it_is_not_enough() -> None:
    error = a_world(160, 80).does(make("vol", 100)).refuses(make("more", 150))
    assert error.cause == "150 sectors are asked for, 140 are free on the disks that may be used"


def test_what_is_free_counts_what_lies_behind_the_volume_that_is_to_grow() -> None:
    error = a_world(160, 80).does(make("vol", 100)).refuses(grow("vol", 150))
    assert error.cause == "150 sectors are asked for, 140 are free on the disks that may be used"
