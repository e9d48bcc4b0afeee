"""The command line against a real daemon: what it answers is what was agreed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.json_schema import problems
from tests.support.lab import RunningLab, running_lab

pytestmark = pytest.mark.integration

READS = [
    "vxprint -ht",
    "vxprint -g datadg -v",
    "vx print -g datadg vol01 -h",
    "vx dg list",
    "vx volume list",
    "vx tree datadg",
    "vxdg -g datadg free",
    "vx dg list datadg",
    "vx disk list",
    "vx disk list vxd0",
    "vx get datadg/vol01",
    "vx state",
    "vx log",
    "vx log --object datadg/vol01",
    "vx show head",
    "vx show @1",
    "vx diff @3 head",
    "vx blame datadg/vol01",
    "vx verify --replay",
    "vx outcome make-vol01",
]
LIVE = ["vx status"]
CHANGES = [
    "vxassist -g datadg make vol02 10m --dry-run",
    "vxassist -g datadg growby vol01 1m --dry-run",
    "vxdg -g datadg adddisk vxd2 --dry-run",
    "vxassist -g datadg remove volume vol01 --dry-run",
    "vxassist -g datadg make vol02 10m layout=mirror --dry-run",
    "vxassist -g datadg make vol02 10m layout=stripe ncol=2 stripeunit=64k --dry-run",
    "vxassist -g datadg growto vol01 200m --dry-run",
    "vxassist -g datadg shrinkby vol01 1m --dry-run",
    "vxassist -g datadg mirror vol01 --dry-run",
    "vxvol -g datadg stopall --dry-run",
    "vxdg rename datadg payroll --dry-run",
    "vxdg -g datadg rename disk datadg01 fast01 --dry-run",
    "vxdg -g datadg set diskdetpolicy=local --dry-run",
    "vxdisk offline vxd2 --dry-run",
    "vxdisk rm vxd2 --dry-run",
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("cli")) as running:
        for disk in ("vxd0", "vxd1", "vxd2"):
            running.ok("vxdisk", "init", disk)
        running.ok("vxdg", "init", "datadg", "datadg01=vxd0", "vxd1")
        running.ok(
            *[
                "vxassist",
                "-g",
                "datadg",
                "make",
                "vol01",
                "100m",
                "--id",
                "make-vol01",
                "-m",
                "payroll",
            ]
        )
        yield running


@pytest.mark.parametrize("line", [*READS, *LIVE, *CHANGES])
def test_what_the_daemon_answers_is_what_the_schema_says(line: str, lab: RunningLab) -> None:
    assert problems(json.loads(lab.ok(*line.split(), "--json"))) == []


@pytest.mark.parametrize("line", [*READS, *LIVE, *CHANGES])
def test_it_is_shown_as_text_too(line: str, lab: RunningLab) -> None:
    assert lab.ok(*line.split()).endswith("\n")
    assert lab.ok(*line.split(), "-o", "tsv").endswith("\n")


@pytest.mark.parametrize("line", READS)
def test_a_log_itself_answers_as_its_daemon_does(line: str, lab: RunningLab) -> None:
    asked = json.loads(lab.ok(*line.split(), "--json"))
    read = json.loads(lab.ok(*line.split(), "--json", "--log", str(lab.home)))
    assert read == asked


def test_every_time_and_position_that_log_prints_can_be_given_back(lab: RunningLab) -> None:
    for line in lab.ok("vx", "log", "-o", "plain").splitlines():
        position, time = line.split()[:2]
        assert lab.run("vx", "show", position).code == 0
        assert lab.run("vx", "state", "--at", time).code == 0


def test_the_moment_that_was_meant_is_told_on_stderr(lab: RunningLab) -> None:
    done = lab.run("vxprint", "-g", "datadg", "--at", "now")
    assert re.fullmatch(r"at @\d+ \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\)\n", done.err)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("vxassist -g datadg make vol01 1m", 1, "already used"),
        ("vxassist -g datadg make vol09 0", 1, "Length 0"),
        ("vxassist -g datadg make vol09 100g", 1, "No free space"),
        ("vxassist -g nodg make vol09 1m", 3, "No such disk group"),
        ("vxassist -g datadg make vol09 1m --expect @1", 4, "changed after @1"),
        ("vxassist -g datadg make vol09 1m --at @3", 2, "--at"),
        ("vxdg destroy datadg", 2, "--yes"),
        ("vxprint -g datadg --at nonsense", 3, "2h30m ago"),
        ("vxprint -g datadg --at 25:61", 2, "2h30m ago"),
        ("vxprint -g datadg --at @99999", 3, "no commit @99999"),
        ("vxprint -g nodg", 3, "No such disk group"),
        ("vx get nothing", 3, "no such object"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_says_why(
    line: str, code: int, said: str, lab: RunningLab
) -> None:
    done = lab.run(*line.split())
    assert (done.out, done.code) == ("", code)
    assert done.err.startswith(f"VxVM {line.split(maxsplit=1)[0]} ERROR V-5-1-")
    assert said in done.err


def test_without_a_daemon_a_read_is_unavailable_and_the_log_still_answers(
    tmp_path: Path,
) -> None:
    with running_lab(tmp_path) as lab:
        lab.kill()
        assert lab.run("vx", "log").code == 69
        assert lab.run("vx", "log", "--log", str(lab.home)).code == 0
