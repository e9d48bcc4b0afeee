"""Each table against rows that stand as the original writes them, and against its own output."""

from __future__ import annotations

from typing import Any

import pytest

from cli.render import free, records, vxprint
from tests.support.listings import SAMPLES

DISKS = """\
c1t0d0s2     auto:LVM        -            -            LVM
disk_0       auto:cdsdisk    disk_8       votedg       online shared
disk_1       auto:none       -            -            online invalid
payroll01_disk_0 auto:cdsdisk    disk1        DG1          online clone_disk shared
emc_7        auto:cdsdisk    -            (fencedg)    online
"""
EXTENDED = """\
sdb          auto:cdsdisk   dg01         dg          online               sdb              -
a_device_of_long_name auto:none      -            -           online invalid       \
a_device_of_long_name -
"""
FREE = """\
dg01         c5t0d13s2    c5t0d13s2    53140416  1296      -
a_disk_of_long_name c5t0d13s2    c5t0d13s2    0         99        -
"""
GROUPS = """\
sharedg      enabled,shared,cds   1231954112.163.beta
localdg      enabled,cds          1245484407.6.alpha
"""
DETAIL = """\
Group:     paydg
dgid:      1273503890.14.alpha
import-id: 1024.10
flags:     cds
version:   140
alignment: 8192 (bytes)
local-activation: read-write
ssb:            on
detach-policy: global
dg-fail-policy: dgdisable
copies:    nconfig=default nlog=default
config:    seqno=0.1076 permlen=24072 free=24068 templen=2 loglen=3648
"""
NOT_KEPT = ("import-id:", "ssb:", "config:", "config", "log")
"""Lines of the original that say what is not kept here: they are left out."""

NAMES = ("device", "type", "disk", "group", "status")


def samples(*names: str) -> list[str]:
    return [p.read_text() for name in names for p in sorted(SAMPLES.glob(f"*{name}*.txt"))]


def disk_rows(text: str) -> list[str]:
    """The rows of tables of devices whose blanks were not lost."""
    lines = [line for line in text.splitlines() if not line.startswith("DEVICE")]
    return [line for line in lines if "  " in line]


@pytest.mark.parametrize("text", [DISKS, *samples("vxdisk_list", "vxdisk-list")])
def test_vxdisk_list(text: str) -> None:
    for line in disk_rows(text):
        cells = [None if cell == "-" else cell for cell in line.split(maxsplit=4)]
        row = dict(zip(NAMES, cells, strict=True))
        assert records.disk_list([row], False) == f"{line}\n"


def test_vxdisk_e_list() -> None:
    for line in EXTENDED.splitlines():
        name, kind, disk, group, rest = line.split(maxsplit=4)
        status = rest.rpartition(f" {name}")[0].strip()
        row = dict(zip(NAMES, (name, kind, disk, group, status), strict=True))
        assert records.disk_list_extended([row], False) == f"{line}\n"


@pytest.mark.parametrize("text", [FREE, *samples("vxdg_free")])
def test_vxdg_free(text: str) -> None:
    for line in text.splitlines():
        if line.startswith("DISK"):
            assert free.listing([], True) == f"{line}\n"
            continue
        row: dict[str, Any] = dict(zip(free._KEYS, line.split(), strict=True))
        assert free.listing([row], False) == f"{line}\n"


@pytest.mark.parametrize("text", [GROUPS, *samples("vxdg_list_shared")])
def test_vxdg_list(text: str) -> None:
    for line in text.splitlines():
        name, states, dgid = line.split()
        row = {"name": name, "states": states.split(","), "dgid": dgid}
        assert records.group_list([row], False) == f"{line}\n"


@pytest.mark.parametrize("text", [DETAIL, *samples("vxdg-list-dg-sap")])
def test_vxdg_list_of_a_group_has_the_lines_of_the_original_as_far_as_they_are_known(
    text: str,
) -> None:
    lines = [line for line in text.splitlines() if line.split()[0] not in NOT_KEPT]
    told = dict(line.split(":", 1) for line in lines)
    row = {
        "name": told["Group"].strip(),
        "dgid": told["dgid"].strip(),
        "states": ["enabled", *told["flags"].split()],
        "version": told["version"].strip(),
        "detach_policy": told["detach-policy"].strip(),
        "fail_policy": told["dg-fail-policy"].strip(),
        "nconfig": None,
        "nlog": None,
    }
    assert records.group_detail([row], True).splitlines() == lines


def test_of_a_shared_group_and_of_one_taken_over_only_what_is_known_is_told() -> None:
    row = {"name": "d", "dgid": "1.2.n", "version": 310, "states": ["enabled", "shared", "cds"]}
    cluster: dict[str, Any] = {"shared": True, "local_activation": None, "activations": []}
    shared = records.group_detail([{**row, **cluster}], True)
    assert "flags:     shared cds\n" in shared
    assert "local-activation: -\n" in shared
    taken = records.group_detail([{**row, "states": ["enabled"]}], True)
    assert "flags:\nversion:" in taken
    assert "alignment" not in taken


@pytest.mark.parametrize("text", samples("vxprint"))
def test_every_row_of_a_sample_of_vxprint_stands_at_our_columns(text: str) -> None:
    write = vxprint._plain_line if "\nTY " in f"\n{text}" else vxprint._typed_row
    kinds = vxprint.TYPED_HEADER
    rows = [line for line in text.splitlines() if line[:3].rstrip() in kinds and line[2] == " "]
    assert [write(tuple(line.split())) for line in rows] == rows
