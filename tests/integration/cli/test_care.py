"""Looking after a node: doctor, backup and restore, export, the original's two logs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.json_schema import problems
from tests.support.lab import RunningHome, RunningLab, running_lab
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("care")) as running:
        running.ok("vxdisk", "init", "vxd0")
        running.ok("vxdg", "init", "datadg", "d0=vxd0")
        assert running.run("vxdg", "destroy", "nodg", "--yes").code == 3
        yield running


def test_a_sound_node_has_nothing_wrong(lab: RunningLab) -> None:
    done = lab.run("vx", "doctor", "--json")
    document = json.loads(done.out)
    assert problems(document) == []
    assert [row for row in document["data"] if row["verdict"] == "wrong"] == []
    assert done.code == 0


def test_what_is_wrong_is_named_with_its_way_out(lab: RunningLab, tmp_path: Path) -> None:
    home = RunningHome(tmp_path / "home")
    shutil.copytree(lab.home, home.home, ignore=shutil.ignore_patterns("*.sock"))
    home.home.joinpath("log.db").chmod(0o644)
    home.home.joinpath("config.toml").write_text("[cluster]\nname = 7\n")
    done = home.run("vx", "doctor", "--json")
    wrong = {
        row["check"]: row for row in json.loads(done.out)["data"] if row["verdict"] == "wrong"
    }
    assert done.code == 6
    assert set(wrong) == {"settings", "daemon", "permissions"}
    assert wrong["permissions"]["fix"] == f"chmod o= {home.home}/log.db"


def test_every_setting_says_where_it_comes_from(
    lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VX_LOG_LEVEL", "debug")
    document = json.loads(lab.vx("config", "show", "--origin", "--json"))
    assert problems(document) == []
    found = {row["setting"]: (row["value"], row["origin"]) for row in document["data"]}
    assert found["log.level"] == ("debug", "VX_LOG_LEVEL")
    assert found["node.name"] == ("node1", str(lab.home / "config.toml"))
    assert found["limits.connections"] == (256, "default")


def test_a_backup_is_made_while_the_daemon_runs_and_a_node_of_it(
    lab: RunningLab, tmp_path: Path
) -> None:
    file, home = tmp_path / "copy.db", tmp_path / "restored"
    document = json.loads(lab.vx("backup", str(file), "--json"))
    assert problems(document) == []
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    config = lab.home / "config.toml"
    done = lab.run(
        "vx", "backup", "restore", str(file), "--home", str(home), "--config", str(config)
    )
    assert done.code == 0
    assert "not the same as the lost one" in done.err
    assert lab.vx("state", "--log", str(home)) == lab.vx("state", "--at", "head")
    assert lab.run("vx", "backup", "restore", str(file), "--home", str(home)).code == 1
    assert lab.run("vx", "backup", str(file)).code == 1


def test_a_copy_is_told_from_another_history(lab: RunningLab, tmp_path: Path) -> None:
    file, fork = tmp_path / "copy.db", RunningHome(tmp_path / "fork")
    lab.vx("backup", str(file))
    lab.ok("vxdisk", "init", "vxd2")
    assert "the same as the other up to @" in lab.vx("verify", "--against", str(file))
    config = str(lab.home / "config.toml")
    lab.vx("backup", "restore", str(file), "--home", str(fork.home), "--config", config)
    last = lab.data("show", "head")["position"]
    fork_by_itself(fork)
    done = lab.run("vx", "verify", "--against", str(fork.home))
    assert done.code == 6
    assert f"node/node1: another history from @{last} on" in done.out
    assert "shared: the same as the other up to @3" in done.out


def fork_by_itself(fork: RunningHome) -> None:
    """Let a restored node begin a history of its own, on whatever disks are here."""
    daemon = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "daemon",
            "--home",
            str(fork.home),
            "--set",
            "kernel.type=linux",
            "--set",
            "kernel.devices=none*",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: fork.run("vx", "status").code == 0)
    daemon.terminate()
    assert daemon.wait(20) == 0


def test_a_log_is_rehearsed_beside_its_daemon_and_after_it_was_killed(
    lab: RunningLab,
) -> None:
    beside = lab.data("rehearse", "--last", "3")
    lab.kill()
    killed = lab.data("rehearse", "--log", str(lab.home), "--last", "3")
    lab.start()
    for data in (beside, killed):
        assert data["first_difference"] is None
        assert {part["outcome"] for part in data["parts"]} == {"same"}
    assert "writes of the WAL that it came with" in killed["parts"][2]["text"]


def test_a_report_of_a_running_node_is_the_one_of_its_log(lab: RunningLab, tmp_path: Path) -> None:
    head = str(lab.data("show", "head")["position"])
    pages = []
    for where in ([], ["--log", str(lab.home)]):
        file = tmp_path / "page.html"
        lab.vx("report", "html", "--until", f"node/node1@{head}", "-O", str(file), *where)
        pages.append(file.read_text().partition("<h2>")[2].partition("To repeat")[0])
    assert len(pages[0]) > 1000
    assert pages[0] == pages[1]


def test_an_export_has_every_commit_with_its_hash(lab: RunningLab) -> None:
    documents = [json.loads(line) for line in lab.vx("export").splitlines()]
    assert [problem for document in documents for problem in problems(document)] == []
    head = lab.data("show", "head")
    assert [d["position"] for d in documents] == list(range(1, head["position"] + 1))
    assert documents[-1]["data"]["hash"] == head["hash"]
    assert lab.vx("export", "--log", str(lab.home)) == lab.vx("export")


def test_one_history_is_told_in_both_forms_of_the_original(lab: RunningLab) -> None:
    commands, transactions = lab.ok("vxcmdlog", "-l"), lab.ok("vxtranslog", "-l")
    client = (
        commands.partition("\nvxdg init datadg d0=vxd0\n")[0].rpartition("# ")[2].split(",")[0]
    )
    assert f"Clid = {client}, PID = " in transactions
    assert "GROUP_CREATED datadg" in transactions
    assert "Status = 1, Abort Reason = 582" in transactions


def test_settings_of_the_originals_logs_are_answered_by_name(lab: RunningLab) -> None:
    assert lab.run("vxcmdlog", "-m", "on").code == 0
    done = lab.run("vxtranslog", "-q", "off", "-n", "no_limit")
    assert (done.code, done.out, done.err.count("\n")) == (0, "", 2)
    done = lab.run("vxcmdlog", "-m", "off")
    assert (done.code, "V-5-1-7970" in done.err) == (1, True)
    assert "vxdg init datadg" in lab.run("vxcmdlog", "-l", "-m", "on").out
