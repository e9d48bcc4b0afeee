"""Followers: nothing is missed, nothing comes twice, and nobody waits for one that is slow."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from cli import exit_codes
from daemon.client import Subscription
from daemon.errors import RequestFailed
from daemon.wire import control
from eventstore import library
from tests.support.json_schema import problems
from tests.support.lab import DEADLINE_S, START, RunningLab, running_lab
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RunningLab]:
    with running_lab(tmp_path) as running:
        yield running


@contextmanager
def _running(lab: RunningLab, line: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", START, *line.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "VX_HOME": str(lab.home)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().rstrip("\n")


def _rows(text: str) -> list[dict[str, Any]]:
    documents = [json.loads(line) for line in text.splitlines()]
    assert [problem for document in documents for problem in problems(document)] == []
    return [document["data"] for document in documents]


def test_a_follower_goes_on_where_it_was_across_a_restart(lab: RunningLab) -> None:
    with _running(lab, "vx watch -o ndjson") as watching:
        begin = int(_line(watching.stderr).rpartition("@")[2])
        lab.ok("vxdisk", "init", "vxd0")
        first = _rows(_line(watching.stdout))[0]
        lab.kill()
        assert _line(watching.stderr) == "disconnected"
        lab.start()
        assert _line(watching.stderr).startswith("connected, after node/node1 @")
        head = lab.data("status")["logs"][1]["position"]
        rest = [_rows(_line(watching.stdout))[0] for _ in range(head - begin - 1)]
    rows = [first, *rest]
    assert [row["position"] for row in rows] == list(range(begin + 1, head + 1))
    assert first["events"][0]["name"] == "disk-initialized"
    assert [row["gap"]["reason"] for row in rows if row["gap"]] == ["the daemon was down"]


def test_a_cursor_is_kept_and_gone_on_from(lab: RunningLab, tmp_path: Path) -> None:
    line = ["vx", "watch", "--cursor-file", str(tmp_path / "cursor"), "-o", "ndjson"]
    first = lab.ok(*line, "--after", "@1", "-n", "1")
    lab.ok("vxdisk", "init", "vxd0")
    second = lab.ok(*line, "-n", "2")
    assert [row["position"] for row in _rows(first + second)] == [2, 3, 4]


def test_a_follower_goes_on_after_its_reader_was_killed(lab: RunningLab) -> None:
    with _running(lab, "vx watch -o ndjson") as watching:
        assert _line(watching.stderr).startswith("connected")
        for reader in _children(lab.data("status")["daemon"]["pid"]):
            os.kill(reader, signal.SIGKILL)
        lab.ok("vxdisk", "init", "vxd0")
        lab.ok("vxdisk", "init", "vxd1")
        rows = [_rows(_line(watching.stdout))[0] for _ in range(2)]
    assert [row["objects"] for row in rows] == [["vxd0"], ["vxd1"]]


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_a_status_that_is_watched_is_shown_again_after_a_change(lab: RunningLab) -> None:
    with _running(lab, "vx status --watch -o ndjson") as watching:
        before = json.loads(_line(watching.stdout))["logs"][1]["position"]
        lab.ok("vxdisk", "init", "vxd0")
        assert _line(watching.stdout) == ""
        assert json.loads(_line(watching.stdout))["logs"][1]["position"] == before + 1


def test_vxnotify_says_what_the_original_says(lab: RunningLab) -> None:
    with _running(lab, "vxnotify -n 7") as following:
        assert _line(following.stdout) == "connected"
        lab.ok("vxdisk", "init", "vxd0")
        lab.ok("vxdg", "init", "datadg", "d0=vxd0")
        lab.ok("vxassist", "-g", "datadg", "make", "vol01", "10m")
        lab.ok("vxdg", "deport", "datadg")
        lines = [_line(following.stdout) for _ in range(7)]
        assert following.wait(DEADLINE_S) == 0
    found = [re.sub(r"dgid \d\S*", "dgid ID", line) for line in lines]
    assert found == [
        "change disk vxd0 dm - dg - dgid -",
        "import dg datadg dgid ID",
        "change disk vxd0 dm d0 dg datadg dgid ID",
        "change dg datadg dgid ID",
        "change dg datadg dgid ID",
        "deport dg datadg dgid ID",
        "change dg datadg dgid ID",
    ]


def test_vxnotify_waits_for_a_daemon_and_says_that_it_is_quiet(lab: RunningLab) -> None:
    lab.kill()
    with _running(lab, "vxnotify -w 0.5") as following:
        assert _line(following.stdout) == "disconnected"
        lab.start()
        assert _line(following.stdout) == "connected"
        assert _line(following.stdout) == "waiting ..."


def test_a_slow_follower_is_dropped_with_its_place_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VX_LIMITS_FOLLOWER_SECONDS", "0.3")
    with running_lab(tmp_path) as lab, lab.client() as client:
        slow = Subscription(str(lab.home / "vxconfigd.sock"), control.watch(0))
        for number in range(200):
            request = control.command(
                "dg.destroy",
                {"group": "none"},
                request_id=f"r{number}",
                cmdline="x" * control.LINE_MAX,
                program="test",
            )
            with pytest.raises(RequestFailed, match="No such disk group"):
                client.ask(request)
        lab.ok("vxdisk", "init", "vxd0")
        log = lab.home / "vxconfigd.log"
        wait_until(lambda: "too slow" in log.read_text())
        positions, error = _rest(slow)
    assert positions == list(range(1, len(positions) + 1))
    assert error.exit_code == exit_codes.TRY_AGAIN
    assert f"@{positions[-1]}'" in str(error.fix)


def _rest(slow: Subscription) -> tuple[list[int], RequestFailed]:
    """Return what had been sent before the daemon gave up, and its last word."""
    positions: list[int] = []
    while True:
        try:
            message = slow.next(DEADLINE_S)
        except RequestFailed as error:
            slow.close()
            return positions, error
        assert message is not None
        if isinstance(message["data"], list):
            positions += [row["position"] for row in message["data"]]


def test_silence_is_told_with_position_and_time_and_a_daemon_that_hangs_is_not_silence(
    lab: RunningLab,
) -> None:
    with _running(lab, "vx watch -o ndjson --heartbeat 0.5") as watching:
        assert _line(watching.stderr).startswith("connected")
        head = lab.data("status")["logs"][1]["position"]
        beat = _rows(_line(watching.stdout))[0]
        assert (beat["role"], beat["places"][0]["position"]) == ("master", head)
        pid = lab.data("status")["daemon"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            assert _line(watching.stderr) == "disconnected"
        finally:
            os.kill(pid, signal.SIGCONT)
        assert _line(watching.stderr).startswith("connected")


def test_what_nobody_observed_is_a_gap_with_its_times_and_reason(lab: RunningLab) -> None:
    with _running(lab, "vx watch -o tsv") as watching:
        assert _line(watching.stderr).startswith("connected")
        lab.kill()
        assert _line(watching.stderr) == "disconnected"
        lab.start()
        assert _line(watching.stderr).startswith("connected")
        gap = _line(watching.stderr)
    assert re.fullmatch(
        r"gap: node/node1 @\d+: from \S+Z to \S+Z nothing was observed \(the daemon was down\)",
        gap,
    )


def test_a_cursor_is_refused_by_a_log_that_never_had_it(lab: RunningLab, tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    line = ("vx", "watch", "--cursor-file", str(cursor), "-n", "1")
    lab.ok(*line, "--after", "@1")
    words = cursor.read_text().split()
    cursor.write_text(" ".join([*words[:3], "0" * 64]))
    done = lab.run(*line)
    assert (done.code, "V-5-1-9300" in done.err) == (exit_codes.NOT_FOUND, True)
    cursor.write_text(" ".join(["node/elsewhere", *words[1:]]))
    assert "V-5-1-9301" in lab.run(*line).err


def test_the_library_follows_a_home_that_is_served_across_a_restart(lab: RunningLab) -> None:
    with library.follow(str(lab.home), 0, timeout=DEADLINE_S) as told:
        commits = iter(told)
        first = next(commits)
        lab.kill()
        lab.start()
        lab.ok("vxdisk", "init", "vxd0")
        head = lab.data("status")["logs"][1]["position"]
        rest = [next(commits) for _ in range(head - 1)]
    positions = [one.position for one in (first, *rest) if isinstance(one, library.Commit)]
    assert positions == list(range(1, head + 1))


def test_commits_are_cloudevents_with_one_identity_in_every_command(lab: RunningLab) -> None:
    lab.ok("vxdisk", "init", "vxd0")
    lines = [
        lab.vx("watch", "--after", "@1", "-n", "3", "-o", "cloudevents"),
        lab.vx("log", "--since", "@2", "-o", "cloudevents"),
        lab.vx("export", "--since", "@2", "-o", "cloudevents"),
    ]
    told = [[json.loads(line) for line in text.splitlines()] for text in lines]
    ids = [[(event["source"], event["id"], event["type"]) for event in one] for one in told]
    assert len(ids[0]) == 3
    assert ids[0] == ids[1] == ids[2]
    assert lab.run("vx", "status", "-o", "cloudevents").code == exit_codes.USAGE
