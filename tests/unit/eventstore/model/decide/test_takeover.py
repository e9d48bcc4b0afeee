"""A disk group of another system is taken over whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given

from eventstore.errors import Rejected
from eventstore.forms import vxprint
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import faults
from eventstore.model.objects import Disk, Foreign, Subdisk, Volume
from tests.support.listings import FIXTURES, SMALL, configurations, one_group
from tests.support.model import World, a_world, appears, scan, snapshot

EVERYTHING = FIXTURES / "everything_htr.txt"


def the_command(text: str) -> cmd.TakeOverDiskGroup:
    return cmd.TakeOverDiskGroup(one_group(text).rows)


def refused(world: World, rows: Sequence[cmd.AnyRow]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        world.would(cmd.TakeOverDiskGroup(tuple(rows)))
    return caught.value


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda path: path.name)
def test_what_is_taken_over_keeps_every_invariant(path: Any) -> None:
    world = World()
    for group in vxprint.parse(path.read_text()).groups:
        world.does(cmd.TakeOverDiskGroup(group.rows))
    assert world.state.groups()


@given(configurations())
def test_any_configuration_keeps_every_invariant_and_goes_again(text: str) -> None:
    world = World()
    before = snapshot(world.state)
    command = the_command(text)
    world.does(command)
    name = world.state.groups()[0].name
    world.does(cmd.DestroyDiskGroup(name))
    assert snapshot(world.state) == before


def test_a_command_survives_the_wire() -> None:
    for group in vxprint.parse(EVERYTHING.read_text()).groups:
        command = cmd.TakeOverDiskGroup(group.rows)
        plain = msgspec.to_builtins(command)
        assert msgspec.convert(plain, cmd.AnyCommand) == command


def test_everything_has_its_place() -> None:
    world = World().does(
        cmd.TakeOverDiskGroup(vxprint.parse(EVERYTHING.read_text()).groups[0].rows)
    )
    kinds = {Disk: 3, Volume: 9, Subdisk: 12, Foreign: 17}
    found = {kind: sum(isinstance(r, kind) for r in world.state.records()) for kind in kinds}
    assert found == kinds


def test_scans_leave_a_disk_that_was_taken_over_alone() -> None:
    world = World().does(the_command(SMALL))
    (group,) = world.state.groups()
    disks = world.state.disks(group)
    world.sees(appears("c1t1d0"), scan())
    assert world.state.disks(group) == disks


def test_space_of_a_disk_that_is_not_here_is_not_given_away() -> None:
    world = World().does(the_command(SMALL))
    with pytest.raises(Rejected, match="No free space"):
        world.would(cmd.MakeVolume("dg1", "more", 16))


def test_a_group_of_the_name_is_in_the_way_and_named() -> None:
    error = refused(a_world(1600, group="dg1"), one_group(SMALL).rows)
    assert error.message == "Disk group dg1: cannot create: Disk group exists"


def test_a_group_of_the_same_id_is_in_the_way() -> None:
    world = World().does(the_command(SMALL), cmd.RenameDiskGroup("dg1", "other"))
    assert "with its ID exists" in refused(world, one_group(SMALL).rows).message


def test_the_daemon_checks_the_rows_again() -> None:
    rows = one_group(SMALL).rows
    error = refused(World(), rows[:-1])
    assert error.cause is not None
    assert error.cause.startswith("line 13: plex vol2-01 is not whole")
    assert refused(World(), ()).message == "there is no row of a group"
    assert refused(World(), rows[1:]).cause is not None


def test_rows_out_of_order_are_refused_so_that_nothing_stands_below_itself() -> None:
    head, *rest = one_group(SMALL).rows
    again = [msgspec.structs.replace(row, line=1) for row in rest]
    assert any("it comes after line 1" in fault.reason for fault in faults([head, *again]))
    volume = next(row for row in rest if isinstance(row, cmd.VolumeRow))
    inside = msgspec.structs.replace(volume, place="v", below=volume.name)
    rows = [inside if row is volume else row for row in rest]
    assert faults([head, *rows])[0].reason == "vol1, in whose block it stands, is missing"


KEPT = {
    ("d1", ("comment",), ("",) * 2): "it has no words",
    ("d1", (), ()): "it has no words",
    ("d9", ("comment",), ("x",)): "d9, at which words are kept, is missing",
    ("d1", ("user",), ("x",)): "such words cannot be kept: user",
    ("", ("putil0",), ("x",)): "such words cannot be kept: putil0",
    ("vol1", ("user", "user"), ("x", "y")): "such words cannot be kept: user, user",
    ("vol1", ("comment",), ("x\n",)): "a word is too long, or no text",
}


@pytest.mark.parametrize(("name", "fields", "values"), KEPT)
def test_words_that_cannot_be_kept_are_refused(
    name: str, fields: tuple[str, ...], values: tuple[str, ...]
) -> None:
    rows = one_group(SMALL).rows
    words = cmd.WordsRow(rows[-1].line, name, fields, values)
    assert [fault.reason for fault in faults((*rows, words))] == [KEPT[name, fields, values]]
    assert "cannot be taken over" in str(refused(World(), (*rows, words)))


def test_words_come_behind_the_record_at_which_they_are_kept() -> None:
    head, *rows = one_group(SMALL).rows
    words = cmd.WordsRow(head.line, "d1", ("comment",), ("x",))
    assert "d1, at which words are kept, is missing" in {
        fault.reason for fault in faults((head, words, *rows))
    }
