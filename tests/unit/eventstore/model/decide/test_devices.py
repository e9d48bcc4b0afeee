"""What follows from notifications: for devices, and for what rests on them."""

import pytest

from eventstore.model import events as ev
from eventstore.model.notifications import DeviceNotified, Notification
from eventstore.model.objects import Device, Disk
from tests.support.model import (
    BOOT,
    World,
    a_world,
    add_disks,
    appears,
    changes,
    fact,
    fails,
    goes,
    init_disk,
    make,
    make_group,
    said,
    scan,
    size_for,
)

NOTICE = ev.Notice("add", 7, 99, BOOT)


def two_disks() -> World:
    """Disks d1 and d2 hold one volume together, and d2 another alone."""
    return a_world(160, 160).does(make("both", 200), make("one", 40))


def names(events: tuple[ev.AnyEvent, ...]) -> list[str]:
    return [ev.stored_name(type(event))[0] for event in events]


def test_every_announcement_is_an_event_with_the_kernels_own_words() -> None:
    world = World().sees(appears("sda"))
    assert world.commits[-1] == (ev.DeviceAdded(1, "sda", "id-sda", 2880, NOTICE),)


@pytest.mark.parametrize(
    ("notification", "expected"),
    [
        (appears("new"), "device-added"),
        (changes("new"), "device-added"),
        (appears("sda"), "device-changed"),
        (changes("sda"), "device-changed"),
        (changes("sda", size=5000), "device-resized"),
        (said("resize", fact("sda", size=5000)), "device-resized"),
        (said("resize", fact("sda")), "device-changed"),
        (fails("sda"), "device-changed"),
        (fails("sda", 5000), "device-changed"),
        (said("heal", fact("sda")), "device-changed"),
        (goes("sda"), "device-removed"),
        (goes("new"), "notice-ignored"),
    ],
)
def test_an_announcement_becomes_one_event_about_its_device(
    notification: DeviceNotified, expected: str
) -> None:
    assert names(World().sees(appears("sda")).observes(notification)) == [expected]


def test_a_device_that_was_never_initialised_is_forgotten_when_it_goes() -> None:
    world = World().sees(appears("sda"), goes("sda"))
    assert world.devices() == {}
    assert names(world.observes(appears("sda"))) == ["device-added"]


def test_a_device_that_was_initialised_is_found_again_under_another_name() -> None:
    world = World().sees(appears("sda", "x")).does(init_disk("sda")).sees(goes("sda"))
    assert world.devices() == {"sda": False}
    world.sees(appears("sdz", "x"))
    assert world.devices() == {"sdz": True}
    assert world.one(Device, "sdz").disk_id != ""


def test_what_rests_on_a_lost_disk_is_disabled_in_the_same_commit() -> None:
    world = two_disks().sees(goes("sd1"))
    assert names(world.commits[-1]) == [
        "device-removed",
        "disk-state-set",
        "plex-state-set",
        "volume-state-set",
    ]
    assert world.disk_states() == {"d1": "NODEVICE", "d2": ""}
    assert world.volume_states() == {"both": "DISABLED", "one": "ENABLED"}


def test_what_rests_on_a_found_disk_is_enabled_again() -> None:
    size = size_for(160)
    world = two_disks().sees(goes("sd1"), appears("sdx", "id-sd1", size))
    assert world.disk_states() == {"d1": "", "d2": ""}
    assert world.volume_states() == {"both": "ENABLED", "one": "ENABLED"}
    assert world.one(Disk, "d1").device_name == "sdx"


def test_a_volume_needs_every_disk_below_it() -> None:
    size = size_for(160)
    world = two_disks().sees(goes("sd1"), goes("sd2"))
    assert world.volume_states() == {"both": "DISABLED", "one": "DISABLED"}
    world.sees(appears("sd2", size=size))
    assert world.volume_states() == {"both": "DISABLED", "one": "ENABLED"}
    world.sees(appears("sd1", size=size))
    assert world.volume_states() == {"both": "ENABLED", "one": "ENABLED"}


def test_two_disks_below_one_plex_are_lost_and_come_back_in_one_scan_each() -> None:
    size = size_for(160)
    world = two_disks().sees(scan())
    assert names(world.commits[-1]).count("plex-state-set") == 2
    assert world.volume_states() == {"both": "DISABLED", "one": "DISABLED"}
    world.sees(scan(fact("sd1", size=size), fact("sd2", size=size)))
    assert names(world.commits[-1]).count("plex-state-set") == 2
    assert world.volume_states() == {"both": "ENABLED", "one": "ENABLED"}


@pytest.mark.parametrize("one_by_one", [True, False])
def test_disks_that_swapped_names_stay_themselves(one_by_one: bool) -> None:
    size = size_for(160)
    world = two_disks()
    swapped = (fact("sd1", "id-sd2", size), fact("sd2", "id-sd1", size))
    told: list[Notification] = [scan(*swapped)]
    if one_by_one:
        told = [*(said("change", device) for device in swapped), *told]
    world.sees(*told)
    assert world.one(Device, "sd1").identity == "id-sd2"
    assert (world.one(Disk, "d1").device_name, world.one(Disk, "d2").device_name) == ("sd2", "sd1")
    assert world.volume_states() == {"both": "ENABLED", "one": "ENABLED"}


def test_a_scan_that_shows_what_is_known_says_nothing() -> None:
    world = World().sees(appears("sda"), appears("sdb"))
    assert world.observes(scan(fact("sdb"), fact("sda"))) == ()


def test_a_scan_finds_what_went_came_and_changed_meanwhile() -> None:
    world = World().sees(appears("sda"), appears("sdb"), appears("sdc"))
    told = scan(fact("sdd"), fact("sdb", size=5000), fact("sdc", failing=True))
    assert names(world.observes(told)) == [
        "device-removed",
        "device-resized",
        "device-changed",
        "device-added",
    ]


def test_another_disk_under_a_known_name_means_that_the_first_went_unseen() -> None:
    world = World().sees(appears("sda", "x"))
    assert names(world.observes(appears("sda", "y"))) == ["device-removed", "device-added"]


def test_a_second_path_to_a_disk_is_kept_apart_by_its_name() -> None:
    world = World().sees(appears("sda", "x"), appears("sdb", "x"))
    assert world.devices() == {"sda": True, "sdb": True}
    assert world.one(Device, "sda").identity == "x"
    assert world.observes(scan(fact("sda", "x"), fact("sdb", "x"))) == ()


@pytest.mark.parametrize("initialised", [True, False])
@pytest.mark.parametrize("told", [changes("sdb", "x"), scan(fact("sdb", "x"))])
def test_a_second_path_takes_the_place_of_the_first_that_is_gone(
    initialised: bool, told: Notification
) -> None:
    world = World().sees(appears("sda", "x"))
    if initialised:
        world.does(init_disk("sda"))
    world.sees(appears("sdb", "x"), goes("sda"), told)
    assert world.devices() == {"sdb": True}
    assert world.one(Device, "sdb").identity == "x"
    assert bool(world.one(Device, "sdb").disk_id) == initialised


def test_a_second_path_that_was_initialised_stays_what_it_is() -> None:
    world = World().sees(appears("sda", "x"), appears("sdb", "x")).does(init_disk("sdb"))
    disk_id = world.one(Device, "sdb").disk_id
    world.sees(goes("sda"), changes("sdb", "x"), scan(), scan(fact("sdb", "x")))
    assert world.one(Device, "sdb").disk_id == disk_id


def test_a_group_gets_its_disk_back_by_the_other_path() -> None:
    size = size_for(160)
    world = a_world(160).does(make("vol", 40)).sees(appears("sdx", "id-sd1", size), goes("sd1"))
    assert world.volume_states() == {"vol": "DISABLED"}
    world.sees(changes("sdx", "id-sd1", size))
    assert world.volume_states() == {"vol": "ENABLED"}
    assert world.one(Disk, "d1").device_name == "sdx"


def test_a_disk_may_change_its_group_and_still_follow_its_device() -> None:
    world = a_world(160, 160)
    world.sees(appears("e", size=size_for(160))).does(init_disk("e"), make_group("eg", "e"))
    world.sees(goes("e"))
    assert world.disk_states("eg") == {"eg01": "NODEVICE"}
    assert world.refuses(add_disks("dg", "d3=e")).id == "V-5-1-523"
