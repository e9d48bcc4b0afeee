"""What vxconfigd is told at its start: -k, -m, -r, -x; and looking at the disks on demand."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from daemon.errors import RequestFailed
from daemon.shell.restart import end_running
from tests.support.daemons import DEADLINE_S, Daemon, change, daemon_with_disks, make_group, volume
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def pid_of(daemon: Daemon) -> int:
    return int((daemon.home / "vxconfigd.lock").read_text())


def test_k_takes_the_place_of_the_daemon_that_runs(daemon: Daemon) -> None:
    daemon.start()
    other = Daemon(daemon.home)
    other.output = daemon.home / "other"
    other.spawn("-k")
    assert daemon.process is not None
    assert daemon.process.wait(DEADLINE_S) == 0
    other.wait_for("serving")
    assert pid_of(daemon) == other.pid
    names = [name for row in other.query("log", n=4) for name in row["events"]]
    assert "daemon-stopped" in names
    assert other.stop() == 0


def test_k_ends_a_daemon_that_hangs_too(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.shell.restart.ORDERLY_S", 0.0)
    daemon.start()
    os.kill(daemon.pid, signal.SIGSTOP)
    assert end_running(daemon.home) == daemon.pid
    assert daemon.process is not None
    assert daemon.process.wait(DEADLINE_S) == -signal.SIGKILL


def test_k_where_none_runs_is_a_start(daemon: Daemon) -> None:
    daemon.start("-k")
    assert daemon.stop() == 0


@pytest.mark.parametrize("text", ["", "4194305\n", "many\n", "{mine}\n"])
def test_a_process_that_does_not_have_the_home_is_not_ended(tmp_path: Path, text: str) -> None:
    (tmp_path / "vxconfigd.lock").write_text(text.format(mine=os.getpid()))
    assert end_running(tmp_path) is None


@pytest.mark.parametrize(
    ("flags", "mode"), [(("-m", "disable"), "disabled"), (("-d",), "disabled"),
                        (("-m", "boot"), "booted")]
)  # fmt: skip
def test_m_starts_a_daemon_that_takes_no_changes_until_it_is_enabled(
    daemon: Daemon, flags: tuple[str, ...], mode: str
) -> None:
    daemon.start(*flags)
    status = daemon.query("status")
    assert status["mode"] == mode
    assert mode in status["problems"][0]["text"]
    with pytest.raises(RequestFailed, match=mode):
        daemon.make("vol")
    daemon.do("ctl.enable", {})
    assert daemon.query("status")["mode"] == "enabled"
    with pytest.raises(RequestFailed, match="No such disk group"):
        daemon.make("vol")
    daemon.assert_sound()


def test_a_mode_ends_with_its_daemon(daemon: Daemon) -> None:
    daemon.start()
    daemon.do("ctl.disable", {})
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.query("status")["mode"] == "enabled"


def test_r_begins_anew_and_what_was_before_can_be_read(tmp_path: Path) -> None:
    with daemon_with_disks(tmp_path) as daemon:
        daemon.start()
        make_group(daemon)
        daemon.make("vol")
        head = daemon.query("status")["logs"][1]["position"]
        assert daemon.stop() == 0
        assert "Volume vol is in use" in daemon.refuses_to_start("-r", "reset")[1]
        daemon.start()
        daemon.do("volume.stop", {"group": "datadg", "names": []})
        assert daemon.stop() == 0
        daemon.start("-r", "reset")
        assert daemon.query("status")["groups"] == 0
        assert daemon.query("status")["logs"][1]["position"] < head
        assert (daemon.home / "log.db.before-reset-1").exists()
        assert "log.db.before-reset-1" in daemon.said
        daemon.assert_sound()


def test_r_leaves_a_home_alone_that_another_daemon_has(daemon: Daemon) -> None:
    daemon.start()
    other = Daemon(daemon.home)
    other.output = daemon.home / "other"
    code, said = other.refuses_to_start("-r", "reset")
    assert (code, "another daemon" in said) == (69, True)
    assert not list(daemon.home.glob("*before-reset*"))


def test_x_says_more_and_where(daemon: Daemon, tmp_path: Path) -> None:
    file = tmp_path / "messages"
    daemon.start("-x", "9", "-x", f"logfile={file}")
    assert "serving" in file.read_text()
    assert daemon.said == ""


@pytest.mark.parametrize("word", ["10", "syslog", "logfile=", "logfile=/nowhere/at/all"])
def test_x_names_what_it_does_not_know(daemon: Daemon, word: str) -> None:
    code, said = daemon.refuses_to_start("-x", word)
    assert (code, "Traceback" in said) == (1, False)
    assert word.removeprefix("logfile=") in said


def test_a_look_at_the_disks_is_a_commit_with_an_identifier(tmp_path: Path) -> None:
    with daemon_with_disks(tmp_path) as daemon:
        daemon.start()
        daemon.do("disk.rm", {"device": "vxd0"})
        assert [row["device"] for row in daemon.query("disk.list", device=None)] == ["vxd1"]
        position = daemon.do("disk.scandisks", {}, "look")
        assert daemon.outcome("look") == ("done", position)
        assert daemon.do("disk.scandisks", {}, "look") == position
        (row,) = daemon.query("log", n=1)
        assert row["events"] == ["device-added", "devices-scanned"]
        names = {row["device"] for row in daemon.query("disk.list", device=None)}
        assert names == {"vxd0", "vxd1"}
        daemon.assert_sound()


def test_a_look_without_a_monitor_is_refused_at_once(tmp_path: Path) -> None:
    with daemon_with_disks(tmp_path) as daemon:
        daemon.start()
        pid_file = next((tmp_path / "monitor").glob("*.pid"))
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        wait_until(lambda: "monitor lost" in daemon.said)
        with pytest.raises(RequestFailed, match="cannot be asked for a scan"):
            daemon.ask(change("disk.scandisks", {}))
        daemon.do("ctl.disable", {})
        daemon.do("ctl.enable", {})
        with pytest.raises(RequestFailed):
            daemon.ask(change("volume.make", volume("vol")))
