"""A state as plain data: what is shown, and in which order."""

import json
from typing import Any

import pytest

from eventstore.errors import NotFound
from eventstore.model import commands as cmd
from eventstore.model.objects import Volume
from eventstore.present import disklist, listing, views
from tests.support.model import (
    World,
    a_world,
    appears,
    fails,
    goes,
    init_disk,
    make,
    make_group,
    size_for,
)


def given() -> World:
    """Two groups: dg with volumes a and b over disks d1 and d2, and eg with nothing in it."""
    world = a_world(160, 160).does(make("b", 200), make("a", 40))
    return world.sees(appears("spare")).does(init_disk("spare"), make_group("eg", "e1=spare"))


def shown(world: World, group: str | None = None, *names: str) -> list[list[str]]:
    found = listing.print_view(world.state, group, names)["groups"]
    return [[row["name"] for row in dg["records"]] for dg in found]


def row(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)


def test_records_are_shown_from_disks_through_volumes_down_to_subdisks() -> None:
    of_volumes = ["a", "a-01", "d2-02", "b", "b-01", "d1-01", "d2-01"]
    assert shown(given()) == [["d1", "d2", *of_volumes], ["e1"]]
    assert shown(given(), "eg") == [["e1"]]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a",), [["a", "a-01", "d2-02"]]),
        (("a-01",), [["a-01", "d2-02"]]),
        (("d2-01",), [["d2-01"]]),
        (("d1", "a-01"), [["d1", "a-01", "d2-02"]]),
        (("d1", "e1"), [["d1"], ["e1"]]),
        (("eg",), [["e1"]]),
    ],
)
def test_a_name_shows_the_record_and_what_is_below_it(
    names: tuple[str, ...], expected: list[list[str]]
) -> None:
    assert shown(given(), None, *names) == expected


def test_every_name_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFound, match="no1, no2: no such object"):
        shown(given(), None, "no2", "a", "no1")
    with pytest.raises(NotFound, match="No such disk group"):
        shown(given(), "no")
    with pytest.raises(NotFound):
        shown(given(), "eg", "a")


def test_a_lost_disk_is_shown_with_what_rests_on_it() -> None:
    (group, _) = listing.print_view(given().sees(goes("sd1")).state, None)["groups"]
    disk, subdisk = (row(group["records"], name) for name in ("d1", "d1-01"))
    assert (disk["device"], disk["state"]) == (None, "NODEVICE")
    assert (subdisk["device"], subdisk["mode"], subdisk["kstate"]) == (None, "NDEV", "DISABLED")


@pytest.mark.parametrize(
    ("device", "status"),
    [
        ("sd2", "online"),
        ("raw", "online invalid"),
        ("bad", "error"),
        ("spare", "online failing"),
        ("d1", "failed was:sd1"),
    ],
)
def test_a_device_is_listed_with_its_status(device: str, status: str) -> None:
    world = given().sees(appears("raw"), appears("bad"), fails("bad"), fails("spare"), goes("sd1"))
    (found,) = disklist.disks_view(world.state, device)
    assert found["status"] == status


def missing(world: World) -> list[str]:
    return [found["disk"] for found in disklist.disks_view(world.state, None)]


def test_a_device_that_went_is_listed_only_while_a_group_misses_it() -> None:
    world = given().sees(goes("spare"))
    assert [found["disk"] for found in disklist.disks_view(world.state, None)] == [
        "d1",
        "d2",
        "e1",
    ]
    world.does(cmd.DestroyDiskGroup("eg"))
    assert [found["disk"] for found in disklist.disks_view(world.state, None)] == ["d1", "d2"]
    with pytest.raises(NotFound):
        disklist.disks_view(world.state, "spare")


def test_groups_are_listed_by_name_with_what_is_free() -> None:
    listed = listing.groups_view(given().state, None)
    assert [(dg["name"], dg["disks"], dg["volumes"], dg["free_sectors"]) for dg in listed] == [
        ("dg", 2, 2, 80),
        ("eg", 1, 0, 1600),
    ]


def test_an_object_is_got_with_all_its_fields() -> None:
    world = given()
    found = views.get_view(world.state, "dg/a")
    volume = world.one(Volume, "a")
    assert (found["object"], found["type"]) == ("dg/a", "v")
    assert found["rid"] == f"{volume.space}#{volume.rid}"
    assert (found["length_sectors"], found["kstate"], found["utype"]) == (40, "ENABLED", "fsgen")


def test_equal_states_give_equal_documents_to_the_byte() -> None:
    one, other = given(), given().sees(goes("sd1"), appears("sd1", size=size_for(160)))
    texts = [json.dumps(views.document_view(world.state)) for world in (one, other, given())]
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize("text", ["", "#", "dg", "#x", "#-1", "#²", "#" + "9" * 19, "a#1#"])
def test_what_is_no_record_id_stands_for_no_key(text: str) -> None:
    assert views.key_of_rid(text) is None


def test_a_record_id_stands_for_its_key() -> None:
    assert views.key_of_rid("#3") == ("", 3)
    assert views.key_of_rid("1764000005.1.node1#17") == ("1764000005.1.node1", 17)
