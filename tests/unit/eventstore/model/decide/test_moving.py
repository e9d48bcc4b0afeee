"""Disk groups as a whole, and devices out of use."""

import pytest

from eventstore.model import commands as cmd
from eventstore.model.objects import Device, DiskGroup
from tests.support.model import (
    World,
    a_world,
    appears,
    goes,
    init_disk,
    make,
    make_group,
    size_for,
)


def names(world: World) -> list[str]:
    return [group.name for group in world.state.groups()]


def test_a_deported_group_is_not_shown_and_comes_back_stopped() -> None:
    world = a_world(160).does(make("vol", 100), cmd.DeportDiskGroup("dg"))
    assert names(world) == []
    world.does(cmd.ImportDiskGroup("dg"))
    assert (names(world), world.volume_states()) == (["dg"], {"vol": "DISABLED"})


def test_a_group_is_imported_by_its_id_under_another_name() -> None:
    world = a_world(160)
    dgid = world.state.groups()[0].space
    world.does(cmd.DeportDiskGroup("dg"), cmd.ImportDiskGroup(dgid, new_name="other"))
    assert (names(world), world.state.groups()[0].space) == (["other"], dgid)


def test_a_name_that_was_taken_meanwhile_is_refused() -> None:
    world = a_world(160).does(cmd.DeportDiskGroup("dg"))
    world.sees(appears("sd9")).does(init_disk("sd9"), make_group("dg", "sd9"))
    assert world.refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-585"
    world.does(cmd.ImportDiskGroup("dg", new_name="old"))
    assert names(world) == ["dg", "old"]


def test_of_two_deported_groups_of_one_name_the_id_says_which() -> None:
    world = a_world(160).does(cmd.DeportDiskGroup("dg"))
    world.sees(appears("sd9")).does(init_disk("sd9"), make_group("dg", "sd9"))
    world.does(cmd.DeportDiskGroup("dg"))
    assert world.refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-588"


def test_a_group_without_a_disk_is_imported_only_by_force() -> None:
    world = a_world(160).does(cmd.DeportDiskGroup("dg")).sees(goes("sd1"))
    assert world.refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-587"
    assert names(world.does(cmd.ImportDiskGroup("dg", force=True))) == ["dg"]


def test_what_was_lost_comes_back_in_a_deported_group_without_running() -> None:
    world = a_world(160).does(make("vol", 100)).sees(goes("sd1"))
    world.does(cmd.DeportDiskGroup("dg")).sees(appears("sd1", size=size_for(160)))
    world.does(cmd.ImportDiskGroup("dg"))
    assert world.volume_states() == {"vol": "DISABLED"}
    assert world.does(cmd.StartVolumes("dg")).volume_states() == {"vol": "ENABLED"}


def test_what_is_imported_or_unknown_is_not_imported() -> None:
    assert a_world(160).refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-582"
    assert a_world(160).refuses(cmd.ImportDiskGroup("nothing")).id == "V-5-1-582"


def test_a_disk_of_a_deported_group_is_not_given_to_another() -> None:
    world = a_world(160).does(cmd.DeportDiskGroup("dg"))
    assert world.refuses(make_group("new", "sd1")).id == "V-5-1-2349"
    assert world.refuses(init_disk("sd1")).id == "V-5-1-2349"


def test_a_group_is_renamed_unless_the_name_is_taken() -> None:
    world = a_world(160).does(cmd.RenameDiskGroup("dg", "new"))
    assert names(world) == ["new"]
    assert world.refuses(cmd.RenameDiskGroup("new", "new")).id == "V-5-1-585"


def test_attributes_are_set_all_or_none() -> None:
    world = a_world(160).does(cmd.SetDiskGroup("dg", {"diskdetpolicy": "local"}))
    (group,) = world.state.groups()
    assert isinstance(group, DiskGroup)
    assert (group.detach_policy, group.fail_policy) == ("local", "dgdisable")
    refused = cmd.SetDiskGroup("dg", {"dgfailpolicy": "leave", "diskdetpolicy": "nonsense"})
    assert world.refuses(refused).id == "V-5-1-589"


@pytest.mark.parametrize("values", [{}, {"colour": "red"}])
def test_an_attribute_that_is_not_known_is_refused(values: dict[str, str]) -> None:
    assert a_world(160).refuses(cmd.SetDiskGroup("dg", values)).id == "V-5-1-589"


def test_a_disk_is_renamed_unless_the_name_is_taken() -> None:
    world = a_world(160).does(make("vol", 100))
    assert world.refuses(cmd.RenameDisk("dg", "d1", "vol")).id == "V-5-1-120"


def test_an_offline_device_is_not_used_until_it_is_online() -> None:
    world = World().sees(appears("sd1", size=size_for(160))).does(cmd.OfflineDisk("sd1"))
    assert world.refuses(init_disk("sd1")).id == "V-5-1-8645"
    assert world.refuses(cmd.OfflineDisk("sd1")).id == "V-5-1-8644"
    world.does(cmd.OnlineDisk("sd1"), init_disk("sd1"))
    assert world.refuses(cmd.OnlineDisk("sd1")).id == "V-5-1-8644"


def test_a_device_in_a_group_is_neither_offlined_nor_forgotten() -> None:
    world = a_world(160)
    assert world.refuses(cmd.OfflineDisk("sd1")).id == "V-5-1-2349"
    assert world.refuses(cmd.ForgetDisk("sd1")).id == "V-5-1-2349"


def test_a_forgotten_device_is_found_again_by_the_next_notification() -> None:
    world = World().sees(appears("sd1")).does(cmd.ForgetDisk("sd1"))
    assert world.devices() == {}
    assert world.sees(appears("sd1")).one(Device, "sd1").disk_id == ""


def kept() -> World:
    return a_world(160).does(cmd.DeportDiskGroup("dg", "node7"))


def test_a_group_that_is_kept_for_another_host_is_imported_only_on_demand() -> None:
    world = kept()
    refused = world.refuses(cmd.ImportDiskGroup("dg", force=True))
    assert (refused.id, "in use by another host" in refused.message) == ("V-5-1-587", True)
    assert "node7" in str(refused.cause)
    world.does(cmd.ImportDiskGroup("dg", clear=True))
    assert (names(world), world.one(Device, "sd1").import_lock) == (["dg"], "")


def test_a_group_that_is_kept_for_this_host_is_imported_as_any_other() -> None:
    world = a_world(160).does(cmd.DeportDiskGroup("dg", "node1"), cmd.ImportDiskGroup("dg"))
    assert names(world) == ["dg"]


def test_a_host_has_a_name() -> None:
    assert a_world(160).refuses(cmd.DeportDiskGroup("dg", "a b")).id == "V-5-1-10129"


def test_a_lock_is_cleared_so_that_any_host_may_import() -> None:
    world = kept().does(cmd.ClearImport(("sd1",)), cmd.ImportDiskGroup("dg"))
    assert names(world) == ["dg"]


def test_a_lock_stays_with_a_disk_that_goes_and_comes_back() -> None:
    world = kept().sees(goes("sd1"), appears("sd1", size=size_for(160)))
    assert world.refuses(cmd.ImportDiskGroup("dg")).id == "V-5-1-587"


def test_a_lock_is_cleared_on_all_devices_that_are_named_or_on_none() -> None:
    world = kept().sees(appears("sd9"))
    assert world.refuses(cmd.ClearImport(("sd1", "sd8"))).id == "V-5-1-523"
    assert world.refuses(cmd.ClearImport(("sd9",))).id == "V-5-1-7939"
    assert len(world.would(cmd.ClearImport(("sd1", "sd9", "sd1")))) == 1
    assert a_world(160).refuses(cmd.ClearImport(("sd1",))).id == "V-5-1-7938"
