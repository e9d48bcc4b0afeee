from pathlib import Path

from daemon.kernel.sysfs import MAX_IDENTITY_CHARS, boot_id, is_watched, read_fact, scan
from eventstore.model.notifications import DeviceFact
from tests.support.sysfs import make_disk


def identity(root: Path, **attributes: str) -> str:
    make_disk(root, "sda", **attributes)
    fact = read_fact(root, "sda", "boot")
    assert fact is not None
    return fact.identity


def test_a_disk_is_known_by_the_best_name_it_has(tmp_path: Path) -> None:
    attributes = {"diskseq": "9"}
    assert identity(tmp_path, **attributes) == "diskseq:boot:9"
    attributes["loop/backing_file"] = "/disks/a.img"
    assert identity(tmp_path, **attributes) == "loop:/disks/a.img"
    attributes["serial"] = "S2"
    assert identity(tmp_path, **attributes) == "serial:S2"
    attributes["device/serial"] = "S1"
    assert identity(tmp_path, **attributes) == "serial:S1"
    attributes["device/wwid"] = "naa.2"
    assert identity(tmp_path, **attributes) == "wwid:naa.2"
    attributes["wwid"] = "eui.1"
    assert identity(tmp_path, **attributes) == "wwid:eui.1"


def test_an_empty_serial_is_no_name(tmp_path: Path) -> None:
    assert identity(tmp_path, serial="", diskseq="3") == "diskseq:boot:3"


def test_two_offsets_in_one_file_are_two_disks(tmp_path: Path) -> None:
    attributes = {"loop/backing_file": "/disks/a.img"}
    whole = identity(tmp_path, **attributes, **{"loop/offset": "0"})
    part = identity(tmp_path, **attributes, **{"loop/offset": "4096"})
    assert (whole, part) == ("loop:/disks/a.img", "loop:/disks/a.img+4096")


def test_a_disk_stays_the_same_when_its_file_is_unlinked(tmp_path: Path) -> None:
    attributes = {"loop/backing_file": "/disks/a.img (deleted)"}
    assert identity(tmp_path, **attributes) == "loop:/disks/a.img"


def test_an_identity_is_bounded_and_printable(tmp_path: Path) -> None:
    found = identity(tmp_path, wwid="x" * 1000 + "\x1b[31m-end")
    assert len(found) == MAX_IDENTITY_CHARS
    assert found.endswith("x?[31m-end")


def test_a_disk_without_a_medium_is_not_there(tmp_path: Path) -> None:
    make_disk(tmp_path, "loop0", size="0")
    assert read_fact(tmp_path, "loop0", "boot") is None
    assert read_fact(tmp_path, "loop1", "boot") is None


def test_a_size_that_is_no_number_is_no_disk(tmp_path: Path) -> None:
    make_disk(tmp_path, "loop0", size="many")
    assert read_fact(tmp_path, "loop0", "boot") is None


def test_a_scan_lists_watched_disks_by_name(tmp_path: Path) -> None:
    for name in ("sdb", "sda", "zram0", "vda"):
        make_disk(tmp_path, name, serial=name)
    assert scan(tmp_path, ["sd*", "zram*"], "boot") == (
        DeviceFact("sda", "serial:sda", 2048),
        DeviceFact("sdb", "serial:sdb", 2048),
    )


def test_a_scan_of_a_machine_without_disks_is_empty(tmp_path: Path) -> None:
    assert scan(tmp_path, ["*"], "boot") == ()


def test_memory_and_stacked_devices_are_never_watched() -> None:
    assert is_watched("sda", ["*"])
    assert not any(is_watched(name, ["*"]) for name in ("ram0", "zram1", "dm-3", "md127"))


def test_the_boot_has_a_name() -> None:
    assert len(boot_id()) == 36
