"""Words and names of records, and ending them: each refusal, and the state in which it comes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eventstore.model import commands as cmd
from eventstore.model.decide.editing import WORD_MAX
from eventstore.model.objects import Disk, DiskGroup, Plex, Subdisk, Volume
from tests.support.model import World, a_world, make

Given = Callable[[World], object]


def given() -> World:
    """Mirror u on d1 and d2, plain s on d3, a loose plex w-02 on d4."""
    world = a_world(160, 160, 160, 160)
    world.does(cmd.MakeVolume("dg", "u", 40, ("d1", "d2"), "mirror"), make("s", 40, "d3"))
    world.does(cmd.MakeVolume("dg", "w", 60, ("d3", "d4"), "mirror"))
    return world.does(cmd.DissociatePlex("dg", "w-02"))


def as_it_is(_world: World) -> None:
    """Nothing more has happened."""


def stopped(world: World) -> None:
    world.does(cmd.StopVolumes("dg"))


def after(*commands: cmd.AnyCommand) -> Given:
    return lambda world: world.does(*commands)


def put(*names: str, **values: str) -> cmd.EditRecords:
    return cmd.EditRecords("dg", names, values)


def rename(name: str, new: str) -> cmd.RenameRecord:
    return cmd.RenameRecord("dg", name, new)


def rm(*names: str, recursive: bool = False, force: bool = False) -> cmd.RemoveRecords:
    return cmd.RemoveRecords("dg", names, recursive, force)


REFUSALS: list[tuple[Given, cmd.AnyCommand, str, str]] = [
    (as_it_is, cmd.EditRecords("none", ("u",), {"comment": "c"}), "V-5-1-582", "No such disk"),
    (as_it_is, put("none", comment="c"), "V-5-1-7842", "no such object"),
    (as_it_is, put("u", "none", comment="c"), "V-5-1-7842", "no such object"),
    (as_it_is, put("u", colour="c"), "V-5-1-1291", "colour="),
    (as_it_is, put("u", name="v"), "V-5-1-1291", "vxedit rename"),
    (as_it_is, put("u", spare="on"), "V-5-1-1291", "at volume u"),
    (as_it_is, put("u-01", user="root"), "V-5-1-1291", "at plex u-01"),
    (as_it_is, put("d1-01", mode="600"), "V-5-1-1291", "at subdisk d1-01"),
    (as_it_is, put("d1", group="disk"), "V-5-1-1291", "at disk d1"),
    (as_it_is, put("dg", tutil0="t"), "V-5-1-1291", "at disk group dg"),
    (as_it_is, put("u", "d1", user="root"), "V-5-1-1291", "at disk d1"),
    (as_it_is, put("d1", spare="yes"), "V-5-1-1292", "on or off"),
    (as_it_is, put("d1", reserve=""), "V-5-1-1292", "on or off"),
    (as_it_is, put("u", comment="two\nlines"), "V-5-1-1292", "one line"),
    (as_it_is, put("u", comment="x" * (WORD_MAX + 1)), "V-5-1-1292", "at most 1024"),
    (as_it_is, put("u", comment=""), "V-5-1-1290", "nothing to set"),
    (as_it_is, put("d1", spare="off"), "V-5-1-1290", "nothing to set"),
    (after(put("u", comment="c")), put("u", comment="c"), "V-5-1-1290", "nothing to set"),
    (as_it_is, rename("none", "v"), "V-5-1-7842", "no such object"),
    (as_it_is, rename("dg", "eg"), "V-5-1-7842", "no such object"),
    (as_it_is, rename("u", "s"), "V-5-1-120", "a volume of that name"),
    (as_it_is, rename("u", "d1-01"), "V-5-1-120", "a subdisk of that name"),
    (as_it_is, rename("d1", "u"), "V-5-1-120", "a volume of that name"),
    (as_it_is, rename("u", "u"), "V-5-1-120", "a volume of that name"),
    (as_it_is, rename("u", "a b"), "V-5-1-10129", "is not a name"),
    (as_it_is, rename("u", "v" * 32), "V-5-1-10128", "too long"),
    (as_it_is, rm("none"), "V-5-1-7842", "no such object"),
    (as_it_is, rm("u"), "V-5-1-1293", "it is ENABLED"),
    (as_it_is, rm("u", recursive=True), "V-5-1-1293", "it is ENABLED"),
    (as_it_is, rm("u", force=True), "V-5-1-1293", "2 records are associated"),
    (stopped, rm("u"), "V-5-1-1293", "2 records are associated"),
    (as_it_is, rm("u-01"), "V-5-1-1293", "associated with a volume"),
    (as_it_is, rm("s-01", recursive=True, force=True), "V-5-1-1280", "last complete copy"),
    (as_it_is, rm("w-02"), "V-5-1-1293", "1 records are associated"),
    (as_it_is, rm("d1-01", recursive=True), "V-5-1-1293", "holds a part of its plex"),
    (as_it_is, rm("d1", recursive=True, force=True), "V-5-1-1293", "belongs to its group"),
    (as_it_is, rm("dg", recursive=True, force=True), "V-5-1-1293", "belongs to its group"),
    (as_it_is, rm("w-02", "d4", recursive=True), "V-5-1-1293", "belongs to its group"),
]


@pytest.mark.parametrize(("given_that", "command", "message_id", "words"), REFUSALS)
def test_what_cannot_be_is_refused_by_its_name(
    given_that: Given, command: cmd.AnyCommand, message_id: str, words: str
) -> None:
    world = given()
    given_that(world)
    refused = world.refuses(command)
    assert refused.id == message_id, refused.message
    assert words in f"{refused.message}; {refused.cause}; {refused.fix}"
    assert refused.rule == "D2"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Volume, "u"), (Plex, "u-01"), (Subdisk, "d1-01"), (Disk, "d1")],
)
def test_a_record_bears_a_comment_and_another_name(
    kind: type[Volume | Plex | Subdisk | Disk], name: str
) -> None:
    world = given().does(put(name, comment="c"), rename(name, "other"))
    record = world.one(kind, "other")
    assert record.labels is not None
    assert record.labels.comment == "c"
    assert world.does(put("other", comment="")).one(kind, "other").labels is None


def test_a_group_bears_a_comment() -> None:
    group = given().does(put("dg", comment="c")).state.group("dg")
    assert isinstance(group, DiskGroup)
    assert group.labels is not None


def test_only_what_differs_is_an_event() -> None:
    world = given().does(put("u", comment="c"))
    (event,) = world.would(put("u", "s", comment="c"))
    assert world.one(Volume, "s").rid == getattr(event, "rid", None)


def test_a_stopped_volume_goes_without_force() -> None:
    world = given().does(cmd.StopVolumes("dg"), rm("u", "w-02", recursive=True))
    assert set(world.volume_states()) == {"s", "w"}
