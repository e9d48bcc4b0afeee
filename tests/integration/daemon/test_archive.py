"""Archiving on a running node: nobody who asks notices, whatever is killed or lost meanwhile."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import RequestFailed
from eventstore.source import DATABASE
from eventstore.storage.archive import directory_of
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.support.daemons import Daemon, change, daemon_without_disks
from tests.support.json_schema import problems
from tests.support.keyframes import cut_at
from tests.support.lab import RunningHome
from tests.support.long_history import extend
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

COMMITS, KEYFRAME = 1200, 1100
SMALL = ("--set", "archive.commits=256")
"""Commits in a segment."""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of the test's own, whose log is long; it serves."""
    with daemon_without_disks(tmp_path) as made:
        with Store.open(made.home / DATABASE) as store:
            extend(store, COMMITS)
            cut_at(store, {KEYFRAME})
        made.start(*SMALL)
        yield made


def archive(daemon: Daemon, **args: object) -> Any:
    return daemon.ask(change("log.archive", {"keep": 10, **args}))["data"]


def at(position: int) -> dict[str, object]:
    return {"log": "node/node1", "kind": "position", "value": position}


def answers(daemon: Daemon) -> list[Any]:
    """What is said of some moments, in both parts of the log, and of all of it."""
    states = [daemon.query("state", at=at(position)) for position in (2, 500, 1098, 1150)]
    shown = [daemon.query("show", at=at(position)) for position in (3, 700, 1199)]
    diff = daemon.query("diff", a=at(100), b=at(1100))
    log = daemon.query("log", until=at(1200), n=1200, which="node/node1")
    followed = daemon.query("follow", after=50, n=100, which="node/node1")
    return [states, shown, diff, log, followed]


def test_every_question_has_the_answer_that_it_had(daemon: Daemon) -> None:
    before = answers(daemon)
    data = archive(daemon)
    spans = [(row["first"], row["last"]) for row in data["segments"]]
    assert spans == [(1, 256), (257, 512), (513, 768), (769, 1024), (1025, KEYFRAME - 2)]
    assert answers(daemon) == before
    daemon.assert_sound()
    daemon.stop(signal.SIGKILL)
    daemon.start()
    assert answers(daemon) == before
    with read_store(daemon.home / DATABASE) as logs:
        assert logs["node"].archive.last() == KEYFRAME - 2


def test_what_would_be_archived_is_told_and_what_cannot_is_refused(daemon: Daemon) -> None:
    request = {**change("log.archive", {"before": at(801)}), "dry_run": True}
    (planned,) = daemon.ask(request)["data"]["planned"]
    assert (planned["first"], planned["last"], planned["segments"]) == (1, 800, 4)
    assert not directory_of(daemon.home / DATABASE).exists()
    with pytest.raises(RequestFailed, match="nothing to archive"):
        archive(daemon, keep=100_000)
    with pytest.raises(RequestFailed, match="not said what"):
        archive(daemon, keep=None)


def test_a_node_without_its_segments_takes_changes_and_says_what_is_missing(
    daemon: Daemon,
) -> None:
    archive(daemon)
    for file in directory_of(daemon.home / DATABASE).iterdir():
        file.rename(daemon.home / file.name)
    daemon.stop()
    daemon.start()
    assert daemon.query("state", at=at(1150))["digest"]
    daemon.do("ctl.disable", {})
    with pytest.raises(RequestFailed, match="which is missing") as caught:
        daemon.query("state", at=at(500))
    assert caught.value.id == "V-5-1-9280"
    wait_until(lambda: "goes on without it" in daemon.said)
    assert daemon.query("status")["state"] == "serving"
    assert {row["state"] for row in daemon.query("archive.list")} == {"missing"}


def test_the_command_line_archives_lists_and_verifies(daemon: Daemon) -> None:
    home = RunningHome(daemon.home)
    document = json.loads(home.vx("archive", "--keep", "200", "--json"))
    assert problems(document) == []
    row = document["data"]["segments"][0]
    assert row["live_bytes"] > 5 * row["bytes"]
    for word in ("list", "verify"):
        document = json.loads(home.vx("archive", word, "--json"))
        assert problems(document) == []
        assert [one["state"] for one in document["data"]] == ["ok"] * 4
    assert home.run("vx", "archive", "--keep", "10", "--log", str(daemon.home)).code == 69
    daemon.stop()
    before = (daemon.home / DATABASE).stat().st_size
    assert home.run("vx", "archive", "--keep", "105", "--log", str(daemon.home)).code == 0
    assert (daemon.home / DATABASE).stat().st_size < before / 2
    assert home.run("vx", "verify", "--replay", "--log", str(daemon.home)).code == 0
    Path(row["file"]).write_bytes(b"")
    done = home.run("vx", "archive", "verify", "--log", str(daemon.home))
    assert (done.code, "do not hold" in done.err) == (70, True)
    assert done.out.splitlines()[0].startswith(f"node/node1 @1 to @{row['last']}: damaged")


def test_a_context_is_redacted_in_the_live_log_and_in_a_segment(daemon: Daemon) -> None:
    home = RunningHome(daemon.home)
    archive(daemon)
    for position in (300, 1150):
        home.vx("redact", f"node/node1@{position}", "--reason", "a password", "--yes")
    wait_until(lambda: context(daemon, 300)["redacted"])
    for position in (300, 1150):
        assert context(daemon, position)["redacted_by"]["reason"] == "a password"
        by = context(daemon, context(daemon, position)["redacted_by"]["position"])
        assert "vx redact" in by["command"]
    daemon.assert_sound()
    assert "a password" in home.vx("show", "node/node1@300")
    assert home.run("vx", "redact", "node/node1@300", "--yes").code == 1
    segments = daemon.query("archive.list", check=True)
    assert [row["redactions"] for row in segments] == [0, 1, 0, 0, 0]
    named = {Path(row["file"]).name for row in segments}
    directory = directory_of(daemon.home / DATABASE)
    wait_until(lambda: {file.name for file in directory.iterdir()} == named)


def context(daemon: Daemon, position: int) -> Any:
    return daemon.query("show", at=at(position))["context"]


def test_the_rule_is_a_commit_and_the_daemon_archives_by_itself(daemon: Daemon) -> None:
    home = RunningHome(daemon.home)
    assert home.data("retention", "show")["on"] is False
    home.vx("retention", "set", "--keep", "500")
    assert home.data("retention", "show")["keep"] == 500
    wait_until(lambda: len(daemon.query("archive.list")) == 2)
    home.vx("retention", "set", "--archive-after", "5200w", "--keep", "1")
    daemon.stop()
    daemon.start(*SMALL)
    home.vx("retention", "set", "--archive-after", "1s")
    wait_until(lambda: len(daemon.query("archive.list")) == 4)
    daemon.assert_sound()
    assert home.data("retention", "show", "--at", "shared@1")["on"] is False
