"""A volume's whole life from the command line: mirrored, striped, stopped, put away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lab import RunningLab, running_lab

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with running_lab(tmp_path) as running:
        for disk in ("vxd0", "vxd1", "vxd2"):
            running.ok("vxdisk", "init", disk)
        running.ok("vxdg", "init", "datadg", "d0=vxd0", "d1=vxd1", "d2=vxd2")
        yield running


def _does(lab: RunningLab, *lines: str) -> None:
    for line in lines:
        assert lab.ok(*line.split()).startswith("committed @")


def _volume(lab: RunningLab) -> dict[str, object]:
    (row,) = lab.data("volume", "list")
    return {key: row[key] for key in ("length_sectors", "kstate", "state", "plexes")}


def test_a_volume_is_mirrored_grown_shrunk_and_loses_a_plex(lab: RunningLab) -> None:
    _does(
        lab,
        "vxassist -g datadg make vol01 20m layout=mirror nmirror=2",
        "vxassist -g datadg mirror vol01",
        "vxassist -g datadg growto vol01 40m",
        "vxassist -g datadg shrinkby vol01 10m --yes",
        "vxplex -g datadg dis vol01-03",
        "vxplex -g datadg att vol01 vol01-03",
        "vxplex -g datadg -o rm dis vol01-03 --yes",
    )
    assert _volume(lab) == {
        "length_sectors": 30 * 2048,
        "kstate": "ENABLED",
        "state": "ACTIVE",
        "plexes": 2,
    }


def test_a_volume_is_made_empty_given_a_state_stopped_and_started(lab: RunningLab) -> None:
    _does(lab, "vxassist -g datadg make vol01 20m layout=stripe ncol=2 init=none")
    assert (_volume(lab)["kstate"], _volume(lab)["state"]) == ("DISABLED", "EMPTY")
    _does(lab, "vxvol -g datadg init active vol01", "vxvol -g datadg stop vol01")
    assert _volume(lab)["kstate"] == "DISABLED"
    _does(lab, "vxvol -g datadg startall")
    assert _volume(lab)["kstate"] == "ENABLED"


def test_a_group_is_put_away_and_comes_back_under_another_name(lab: RunningLab) -> None:
    _does(
        lab,
        "vxassist -g datadg make vol01 20m",
        "vxvol -g datadg stopall",
        "vxdg deport datadg",
        "vxdg -n payroll import datadg",
        "vxdg rename payroll wages",
        "vxdg -g wages rename disk d0 fast",
        "vxdg -g wages set dgfailpolicy=leave",
    )
    assert [row["name"] for row in lab.data("dg", "list")] == ["wages"]
    assert lab.data("get", "wages/fast")["name"] == "fast"


def test_a_device_goes_out_of_use_and_back(lab: RunningLab) -> None:
    _does(lab, "vxdisk offline vxd3", "vxdisk online vxd3", "vxdisk rm vxd3")
    assert "vxd3" not in lab.ok("vxdisk", "list")
