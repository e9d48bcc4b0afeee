"""Followers as text: which lines, and which of them are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from cli import exit_codes
from cli.render import notify
from daemon.wire.frames import pack_message
from tests.support.commands import Runner
from tests.support.fake_daemon import TIME, Request, answer, fake_daemon

GROUP = {"dgid": "1.2.n", "dg": "datadg"}
DATADG = "dg datadg dgid 1.2.n"


def _commit(position: int, *events: dict[str, Any], command: str | None = None) -> dict[str, Any]:
    return {
        "position": position,
        "tx": "x",
        "time": TIME,
        "node": "n",
        "actor": "root",
        "command": command,
        "message": None,
        "objects": ["datadg/vol01"],
        "summary": "it was done",
        "gap": None,
        "events": [{"version": 1, "object": None, "dg": None, **event} for event in events],
    }


LOSS = _commit(
    7,
    {"name": "device-removed", "object": "sdb"},
    {
        "name": "disk-state-set",
        "object": "datadg/d0",
        "state": "NODEVICE",
        "device_name": "sdb",
        **GROUP,
    },
    {
        "name": "plex-state-set",
        "object": "datadg/vol01-01",
        "kstate": "DISABLED",
        "volume_name": "vol01",
        **GROUP,
    },
    {"name": "volume-state-set", "object": "datadg/vol01", "kstate": "DISABLED", **GROUP},
)
LINES = {
    "": [
        "change disk sdb dm - dg - dgid -",
        f"change disk sdb dm d0 {DATADG}",
        f"detach disk sdb dm d0 {DATADG}",
        f"detach plex vol01-01 volume vol01 {DATADG}",
        f"detach volume vol01 {DATADG}",
        f"change {DATADG}",
    ],
    "c": [f"change {DATADG}"],
    "i": [],
    "d": ["change disk sdb dm - dg - dgid -", f"change disk sdb dm d0 {DATADG}"],
}


@pytest.mark.parametrize("letters", LINES)
def test_each_class_of_events_has_its_letter(letters: str) -> None:
    assert notify.lines(LOSS, letters, None) == LINES[letters]


def test_with_a_group_only_its_own_events_are_told() -> None:
    assert notify.lines(LOSS, "", "other") == []
    assert "change disk sdb dm - dg - dgid -" not in notify.lines(LOSS, "", "datadg")


def test_what_was_told_to_stop_did_not_fail() -> None:
    stopped = _commit(
        8,
        {"name": "volume-state-set", "object": "datadg/v", "kstate": "DISABLED", **GROUP},
        command="vxvol stop v",
    )
    assert notify.lines(stopped, "f", None) == []


def test_what_nobody_observed_may_have_been_missed() -> None:
    assert notify.lines(_commit(9, {"name": "interval-unknown"}), "c", None) == ["more events"]


def _stream(_request: Request) -> bytes:
    begin, piece = answer({"after": 6}), answer([LOSS, _commit(8)])
    return pack_message(begin) + pack_message(piece)


def test_a_commit_is_a_line_and_the_count_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(_stream) as daemon:
        done = Runner(capsys, daemon)("vx watch --after @6 -n 2")
        assert daemon.requests[0]["after"] == 6
    assert [line.split()[0] for line in done.out.splitlines()] == ["@7", "@8"]
    assert (done.err, done.code) == ("connected, after node/node1 @6\n", 0)


def test_what_the_daemon_did_not_say_does_not_count(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(_stream) as daemon:
        done = Runner(capsys, daemon)("vxnotify -c -n 1")
    assert done.out == f"connected\nchange {DATADG}\n"


def test_the_time_is_over_when_it_was_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(lambda _: answer({"after": 6})) as daemon:
        done = Runner(capsys, daemon)("vxnotify -t 0.2 -w 0.05")
    assert (done.out, done.code) == ("connected\nwaiting ...\n", 0)


def test_a_commit_that_did_not_come_is_a_gap_with_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pieces = pack_message(answer({"after": 6})) + pack_message(answer([_commit(7), _commit(9)]))
    with fake_daemon(lambda _: pieces) as daemon:
        done = Runner(capsys, daemon)("vx watch -n 2")
        said = Runner(capsys, daemon)("vxnotify -n 1 -t 0.5")
    assert "gap: node/node1 @8: commits are missing (the daemon went from @7 to @9)" in done.err
    assert said.out.splitlines() == ["connected", "more events"]


def test_an_end_without_an_answer_is_no_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_daemon(lambda _: b"") as daemon:
        done = Runner(capsys, daemon)("vx watch --timeout 0.2")
    assert (done.out, "did not answer in time" in done.err, done.code) == (
        "",
        True,
        exit_codes.TRY_AGAIN,
    )


def test_both_cursors_of_a_file_are_sent_and_an_old_one_too(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"log": "shared", "position": 4, "lineage": "a" * 32, "hash": "b" * 64}
    (tmp_path / "c").write_text(f"{' '.join(map(str, shared.values()))}\nnode/node1 6\n")
    with fake_daemon(_stream) as daemon:
        Runner(capsys, daemon)(f"vx watch --cursor-file {tmp_path}/c -n 2")
        asked = daemon.requests[0]
    assert asked["places"][0] == shared
    assert asked["places"][1]["position"] == 6
    assert asked["after"] is None


def test_a_cursor_that_is_none_is_refused(run: Runner, tmp_path: Any) -> None:
    (tmp_path / "c").write_text("hello\n")
    done = run(f"vx watch --cursor-file {tmp_path}/c")
    assert done.code == 2
    assert "is no cursor" in done.err


def test_without_a_daemon_there_is_nothing_to_watch(run: Runner) -> None:
    assert run.alone(["vx", "watch", "--home", "/nonexistent"]).code == 69
