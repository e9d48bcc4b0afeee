"""`vx lab`: a cluster on one machine, from the command line."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.lab_processes import running
from tests.support.json_schema import problems
from tests.support.lab import BIN, NODE, Done, RunningLab, running_lab
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def vx(*arguments: str, cwd: Path | None = None) -> Done:
    done = subprocess.run(
        [BIN / "vx", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with running_lab(tmp_path) as made:
        yield made


def statuses(lab: RunningLab) -> dict[str, str]:
    return {one["device"]: one["status"] for one in lab.data("disk", "list")}


def test_a_lab_comes_up_and_goes_down_again(tmp_path: Path) -> None:
    name = "lab"
    first = vx("lab", "up", name, "--disks", "2", cwd=tmp_path)
    again = vx("lab", "up", name, cwd=tmp_path)
    status = vx("lab", "status", name, "--json", cwd=tmp_path)
    down = vx("lab", "down", name, cwd=tmp_path)
    down_again = vx("lab", "down", name, cwd=tmp_path)
    assert [d.code for d in (first, again, status, down, down_again)] == [0, 0, 0, 0, 0]
    assert "node1: started" in first.out
    assert "node1: running already" in again.out
    assert "node1: was not running" in down_again.out
    report = json.loads(status.out)
    assert report["schema"] == "vx.lab.status/v1"
    assert sorted(report["data"]["monitor"]["disks"]) == ["vxd0", "vxd1"]
    assert [n["state"] for n in report["data"]["nodes"]] == ["serving"]


def test_a_killed_daemon_is_down_until_it_is_started(lab: RunningLab) -> None:
    directory = str(lab.lab.directory)
    assert vx("lab", "kill", directory, NODE).code == 0
    assert "down" in vx("lab", "status", directory).out
    assert "was not running" in vx("lab", "kill", directory, NODE).out
    assert vx("lab", "start", directory, NODE).code == 0
    assert "running already" in vx("lab", "start", directory, NODE).out
    assert "serving" in vx("lab", "status", directory).out


def test_what_happens_to_a_disk_reaches_the_daemon(lab: RunningLab) -> None:
    directory = str(lab.lab.directory)
    assert sorted(statuses(lab)) == ["vxd0", "vxd1", "vxd2", "vxd3"]
    assert vx("lab", "disk", "pull", directory, "vxd0").code == 0
    wait_until(lambda: "vxd0" not in statuses(lab))
    assert vx("lab", "disk", "add", directory, "vxd0").code == 0
    assert vx("lab", "disk", "add", directory, "vxd9", "--size", "2g").code == 0
    wait_until(lambda: {"vxd0", "vxd9"} <= statuses(lab).keys())
    lab.ok("vxdisk", "init", "vxd1")
    assert vx("lab", "disk", "fail", directory, "vxd1", "--node", NODE).code == 0
    wait_until(lambda: statuses(lab)["vxd1"] == "online failing")
    assert vx("lab", "disk", "heal", directory, "vxd1").code == 0
    wait_until(lambda: statuses(lab)["vxd1"] != "online failing")


@pytest.mark.parametrize(
    "arguments",
    [
        ["up", "DIR"],
        ["status", "DIR"],
        ["disk", "pull", "DIR", "vxd1"],
        ["disk", "add", "DIR", "vxd1"],
        ["disk", "fail", "DIR", "vxd1"],
        ["disk", "heal", "DIR", "vxd1"],
        ["kill", "DIR", NODE],
        ["start", "DIR", NODE],
        ["down", "DIR/../other"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_it_says_as_json_is_what_its_schema_says(
    schema_lab: RunningLab, arguments: list[str]
) -> None:
    directory = str(schema_lab.lab.directory)
    done = vx("lab", *(a.replace("DIR", directory) for a in arguments), "--json")
    assert problems(json.loads(done.out or done.err)) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["disk", "pull", "DIR", "vxd9"], 3, "no such disk: vxd9"),
        (["disk", "add", "DIR", "vxd0"], 1, "disk vxd0 is already there"),
        (["disk", "pull", "DIR", "vxd0", "--node", "node9"], 3, "no node node9"),
        (["kill", "DIR", "node9"], 3, "no node node9"),
        (["status", "DIR/nowhere"], 3, "no lab in"),
        (["up", "DIR/new", "--nodes", "0"], 2, "--nodes 0: between 1 and 64"),
        (["up", "DIR", "--nodes", "3"], 2, "has 1 node(s): node1"),
        (["leave", "DIR", "node9"], 3, "no node node9"),
        (["join", "DIR", NODE], 1, "node node1 is in the cluster already"),
        (["cut", "DIR", NODE], 1, "nothing to cut"),
        (["master", "DIR", NODE], 1, "node node1 is master already"),
        (["io", "DIR", NODE, "sings"], 2, "'sings' is nothing that I/O does"),
        (["io", "DIR", NODE, "end"], 1, "no such I/O is in flight"),
        (["fault", "DIR"], 2, "name a fault, or --off"),
        (["fault", "DIR", "--late", "-1"], 1, "a delay is between 0 and 60000 ms"),
        (["restart", "DIR", "perhaps"], 2, "'perhaps' is neither on nor off"),
        (["up", "DIR/new", "--disk-size", "much"], 2, "is not a size"),
        (["up", "DIR/node1"], 2, "is not empty, and no lab"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    refusing_lab: RunningLab, arguments: list[str], code: int, message: str
) -> None:
    directory = str(refusing_lab.lab.directory)
    done = vx("lab", *(a.replace("DIR", directory) for a in arguments))
    assert (done.code, message in done.err) == (code, True), done.err


@pytest.fixture(scope="module")
def schema_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("schemas")) as made:
        yield made


@pytest.fixture(scope="module")
def refusing_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("refusing")) as made:
        yield made


def test_a_daemon_that_cannot_start_leaves_nothing_running(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        lab.lab.down()
        (lab.home / "config.toml").write_text("this is no toml")
        failed = vx("lab", "up", str(lab.lab.directory))
        assert failed.code != 0
        assert "node1 did not start" in failed.err
        assert running(lab.lab.monitor.process.pid_file) is None


def test_the_daemon_outlives_its_monitor(lab: RunningLab) -> None:
    lab.lab.monitor.ask({"op": "stop"})
    assert lab.lab.is_serving(NODE)
    lab.lab.monitor.start([], 0, 0)
    lab.pull("vxd0")
    wait_until(lambda: "vxd0" not in statuses(lab))
