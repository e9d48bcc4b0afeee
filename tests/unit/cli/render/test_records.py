"""`vxdisk list` and `vxdg list` in the original's lines."""

from __future__ import annotations

from typing import Any

from cli.render import records
from tests.support.answers import DEVICES

OURS: dict[str, Any] = {
    **DEVICES[0],
    "deported_group": None,
    "group_id": "1790000000.1.node1",
    "private_offset_sectors": 256,
    "private_sectors": 65536,
    "public_sectors": 2031360,
    "node": "node1",
}
DEPORTED = {**OURS, "disk": None, "group": None, "deported_group": "olddg"}


def test_a_device_is_described_as_in_the_original() -> None:
    assert records.disk_detail([OURS], True) == (
        "Device:    loop0\n"
        "devicetag: loop0\n"
        "type:      auto\n"
        "hostid:    node1\n"
        "disk:      name=datadg01 id=1790000000.2.node1\n"
        "group:     name=datadg id=1790000000.1.node1\n"
        "info:      format=cdsdisk,privoffset=256\n"
        "flags:     online ready private autoconfig autoimport imported\n"
        "udid:      loop:7a\n"
        "public:    offset=65792 len=2031360\n"
        "private:   offset=256 len=65536\n"
    )


def test_a_disk_of_a_shared_group_is_the_cluster_s() -> None:
    shared = {**OURS, "status": "online shared"}
    described = records.disk_detail([shared], True, cluster="north")
    assert "type:      auto\nclusterid: north\ndisk:" in described
    flags = "flags:     online ready private autoconfig shared autoimport imported\n"
    assert flags in described


def test_a_device_without_a_disk_has_empty_names() -> None:
    described = records.disk_detail([DEVICES[1]], True)
    assert "disk:      name= id=\ngroup:     name= id=\n" in described
    assert "flags:     online autoconfig invalid\n" in described


def test_a_deported_group_stands_in_parentheses_only_where_it_is_asked_for() -> None:
    assert records.disk_list([DEPORTED], False) == (
        "loop0        auto:cdsdisk    -            -            online\n"
    )
    assert records.in_parentheses(records.disk_list)([DEPORTED], False) == (
        "loop0        auto:cdsdisk    -            (olddg)      online\n"
    )
    assert records.in_parentheses(records.disk_rows)([OURS])[1][3] == "datadg"


def test_the_extended_list_names_the_device_of_the_system_too() -> None:
    assert records.disk_list_extended(DEVICES, True) == (
        "DEVICE       TYPE           DISK         GROUP       STATUS               "
        "OS_NATIVE_NAME   ATTR\n"
        "loop0        auto:cdsdisk   datadg01     datadg      online               "
        "loop0            -\n"
        "loop1        auto:none      -            -           online invalid       "
        "loop1            -\n"
        "-            -              datadg02     datadg      failed was:loop2     "
        "-                -\n"
    )


def test_several_values_are_one_line_whether_a_daemon_or_the_log_told_them() -> None:
    assert records.value(("a", "b")) == records.value(["a", "b"]) == "a,b"
