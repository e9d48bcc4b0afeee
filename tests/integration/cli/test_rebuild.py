"""The commands that `vx print -o commands` gives build the same again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.lab import RunningLab, running_lab

pytestmark = pytest.mark.integration

LINES = [
    "vxdisk init vxd0 privlen=32m",
    "vxdisk init vxd1",
    "vxdisk init vxd2",
    "vxdg init datadg d0=vxd0 d1=vxd1 d2=vxd2",
    "vxassist -g datadg make vol01 20m layout=mirror nmirror=2 d0 d1",
    "vxassist -g datadg make vol02 30m layout=stripe ncol=3 stripeunit=32k",
    "vxassist -g datadg make vol03 10m init=none d2",
    "vxvol -g datadg stop vol01",
]


def _rows(lab: RunningLab) -> list[str]:
    """All rows but the group's own, which names its ID."""
    lines = lab.ok("vxprint", "-g", "datadg", "-ht", "-o", "plain").splitlines()
    return [line for line in lines if not line.startswith("dg ")]


def test_what_is_printed_as_commands_builds_the_same_again(tmp_path: Path) -> None:
    with running_lab(tmp_path / "first") as lab:
        for line in LINES:
            lab.ok(*line.split())
        commands = lab.vx("print", "-o", "commands").splitlines()
        wanted = _rows(lab)
    with running_lab(tmp_path / "second") as lab:
        for line in commands:
            lab.ok(*shlex.split(line))
        assert _rows(lab) == wanted
