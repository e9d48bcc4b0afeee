"""Every command that reads a state answers about any moment in the bytes of that moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import NamedTuple

import pytest

from cli.main import main
from tests.support.every_command import every_command, name_of
from tests.support.lab import RunningLab, running_lab

pytestmark = pytest.mark.integration

OPTIONS = "..."
"""Where a line takes options, if not at its end."""

READS = [
    *("vxprint -ht", "vxprint -g datadg -l", "vxprint -m", "vx print --json", "vx print -o yaml"),
    *("vxdg list", "vxdg list datadg", "vx dg list --json", "vxdg free", "vxdg -g datadg free"),
    *("vxdisk list", "vxdisk -o alldgs list", "vxdisk list vxd0", "vx disk list --json"),
    *("vx volume list", "vx volume list -o tsv", "vx tree", "vx tree --json"),
    *("vxassist -g datadg maxsize", "vxassist -g datadg maxgrow vol01"),
    *("vx get datadg", "vx get vxd0 --json", "vx state", "vx print -o commands"),
    *("vx blame datadg", "vx tag list", "vx tag list --json"),
    "vx retention show",
    f"vx what-if {OPTIONS} vxassist -g datadg make vol09 3m",
]
STEPS = [
    "vxdisk init vxd0",
    "vxdg init datadg vxd0",
    "vxassist -g datadg make vol01 10m",
    "vx tag in-between",
    "vxassist -g datadg growby vol01 5m",
    "vxassist -g datadg make vol02 20m",
    "vxvol -g datadg stop vol02",
    "vxedit -g datadg set comment=kept vol01",
]
IN_BETWEEN = STEPS.index("vx tag in-between") - 1


ASKED_ELSEWHERE = {"log", "knew", "verify"}
"""They answer about a stretch of a log, or with clocks: tests/unit/eventstore."""


class Told(NamedTuple):
    """What a line prints, and its exit code; what it refers to is on stderr."""

    code: int
    out: str


class Moment(NamedTuple):
    """What all reads said while a position was the newest."""

    position: int
    time: str
    said: dict[str, Told]


class Lived(NamedTuple):
    lab: RunningLab
    moments: list[Moment]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with running_lab(tmp_path_factory.mktemp("lived"), disks=2) as lab:
        moments = []
        for step in STEPS:
            lab.ok(*step.split())
            head = json.loads(lab.vx("dg", "list", "--json"))
            said = {line: told(lab, line) for line in READS}
            moments.append(Moment(head["position"], head["at"], said))
        yield Lived(lab, moments)


def told(lab: RunningLab, line: str, *more: str) -> Told:
    """Run a line in this process, as its user would."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("VX_HOME", str(lab.home))
        code = main(with_options(line.split(), more))
    return Told(code, out.getvalue())


def with_options(words: list[str], more: tuple[str, ...]) -> list[str]:
    if OPTIONS not in words:
        return [*words, *more]
    place = words.index(OPTIONS)
    return [*words[:place], *more, *words[place + 1 :]]


@pytest.mark.parametrize("offline", [False, True], ids=["live", "offline"])
@pytest.mark.parametrize("line", READS)
def test_a_read_of_the_past_is_byte_for_byte_what_it_was(
    lived: Lived, line: str, *, offline: bool
) -> None:
    where = ["--log", str(lived.lab.home)] if offline else []
    for moment in lived.moments:
        assert told(lived.lab, line, "--at", f"@{moment.position}", *where) == moment.said[line]


@pytest.mark.parametrize("line", READS)
def test_a_moment_is_the_same_by_position_time_tag_and_request(lived: Lived, line: str) -> None:
    moment = lived.moments[IN_BETWEEN]
    request = json.loads(told(lived.lab, f"vx show @{moment.position} --json").out)["data"]["tx"]
    for when in (moment.time, "in-between", f"tx:{request}", f"node/node1@{moment.position}"):
        assert told(lived.lab, line, "--at", when) == moment.said[line]


def test_every_command_that_takes_a_moment_is_asked_here() -> None:
    taking = {name for name, shown in every_command() if {"--at", "--log"} <= shown}
    assert taking - ASKED_ELSEWHERE == {name_of(line) for line in READS}
