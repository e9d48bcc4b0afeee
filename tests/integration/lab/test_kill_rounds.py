"""Rounds of SIGKILL under load: what was acknowledged is there, and adds up."""

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import demo_burst
from tests.support.lab import RunningLab, running_lab
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.long]

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
LARGE_SECTORS = 2**31
"""1 TiB: room for two hundred rounds of growing."""


@pytest.fixture(params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningLab]:
    """A lab whose log is in a file, or on a server."""
    in_file = request.param == "sqlite"
    database = "" if in_file else request.getfixturevalue("postgres").database()
    with running_lab(tmp_path, disks=1, database=database) as made:
        made.resize("vxd0", LARGE_SECTORS)
        wait_until(lambda: made.data("disk", "list")[0]["size_sectors"] == LARGE_SECTORS)
        made.ok("vxdisk", "init", "vxd0")
        made.ok("vxdg", "init", "datadg", "data01=vxd0")
        made.ok("vxassist", "-g", "datadg", "make", "vol01", "1m")
        yield made


def length(lab: RunningLab) -> int:
    return int(lab.data("get", "datadg/vol01")["length_sectors"])


def killing(lab: RunningLab, pause_s: float) -> Callable[[], None]:
    """Kill the daemon a little later: at any moment of what it does."""

    def kill() -> None:
        threading.Event().wait(pause_s)
        lab.kill()

    return kill


def test_no_round_of_kill_loses_what_was_acknowledged(lab: RunningLab) -> None:
    chance = random.Random(20)
    socket = str(lab.home / "vxconfigd.sock")
    for number in range(ROUNDS):
        before = length(lab)
        burst = demo_burst.run([socket], "datadg", "vol01", killing(lab, chance.random() / 20))
        lab.start()
        kept = demo_burst.took_effect(socket, burst.acknowledged)
        others = demo_burst.took_effect(socket, burst.unanswered)
        assert kept == burst.acknowledged, f"round {number}"
        grown = demo_burst.GROW_SECTORS * len(kept + others)
        assert length(lab) == before + grown, f"round {number}"
    assert lab.data("verify", "--replay")["ok"]
