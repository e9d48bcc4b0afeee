"""Objects that a move left marked: the marks go, or what is marked."""

from __future__ import annotations

import pytest

from eventstore.model import commands as cmd
from eventstore.model.objects import Disk
from tests.support.model import World, a_world, make

MARK = {"tutil0": "MOVE"}


def marked(*names: str) -> World:
    """Volumes u and v lie on d1, nothing on d2."""
    world = a_world(160, 160).does(make("u", 40, "d1"), make("v", 40, "d1"))
    return world.does(cmd.EditRecords("dg", names, MARK)) if names else world


def recover(how: str = "") -> cmd.RecoverDiskGroup:
    return cmd.RecoverDiskGroup("dg", how)


@pytest.mark.parametrize("how", ["", "clean", "remove"])
def test_where_nothing_is_marked_there_is_nothing_to_recover(how: str) -> None:
    assert marked().refuses(recover(how)).id == "V-5-1-7943"


@pytest.mark.parametrize("how", ["", "otherwise"])
def test_what_is_marked_is_told_and_left_alone(how: str) -> None:
    refused = marked("u", "d2").refuses(recover(how))
    assert (refused.id, "2 objects" in refused.message) == ("V-5-1-7944", True)


def test_cleaning_takes_the_marks_only() -> None:
    world = marked("u", "d2").does(recover("clean"))
    assert world.volume_states() == {"u": "ENABLED", "v": "ENABLED"}
    assert world.one(Disk, "d2").labels is None
    assert world.refuses(recover("clean")).id == "V-5-1-7943"


def test_removing_ends_what_is_marked_and_what_is_below() -> None:
    world = marked("u", "u-01", "d1-01", "d2").does(recover("remove"))
    assert (world.volume_states(), world.disk_states()) == ({"v": "ENABLED"}, {"d1": ""})


def test_a_disk_goes_with_what_was_on_it_but_not_from_under_the_rest() -> None:
    assert marked("u", "d1").refuses(recover("remove")).id == "V-5-1-552"
    assert marked("u", "v", "d1").does(recover("remove")).disk_states() == {"d2": ""}
    assert marked("u", "v", "d1", "d2").refuses(recover("remove")).id == "V-5-1-10127"
