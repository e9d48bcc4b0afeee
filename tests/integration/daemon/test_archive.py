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


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of the test's own, whose log is long; it serves."""
    with daemon_without_disks(tmp_path) as made:
        with Store.open(made.home / DATABASE) as store:
            extend(store, COMMITS)
            cut_at(store, {KEYFRAME})
        made.start()
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
    assert [(row["log"], row["first"], row["last"]) for row in data["segments"]] == [
        ("node/node1", 1, KEYFRAME - 2)
    ]
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
    assert (planned["first"], planned["last"], planned["segments"]) == (1, 800, 1)
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
    assert [row["state"] for row in daemon.query("archive.list")] == ["missing"]


def test_the_command_line_archives_lists_and_verifies(daemon: Daemon) -> None:
    home = RunningHome(daemon.home)
    document = json.loads(home.vx("archive", "--keep", "200", "--json"))
    assert problems(document) == []
    (row,) = document["data"]["segments"]
    assert row["live_bytes"] > 5 * row["bytes"]
    for word in ("list", "verify"):
        document = json.loads(home.vx("archive", word, "--json"))
        assert problems(document) == []
        assert [one["state"] for one in document["data"]] == ["ok"]
    assert home.run("vx", "archive", "--keep", "10", "--log", str(daemon.home)).code == 69
    daemon.stop()
    assert home.run("vx", "archive", "--keep", "105", "--log", str(daemon.home)).code == 0
    assert home.run("vx", "verify", "--replay", "--log", str(daemon.home)).code == 0
    Path(row["file"]).write_bytes(b"")
    done = home.run("vx", "archive", "verify", "--log", str(daemon.home))
    assert (done.code, "do not hold" in done.err) == (70, True)
    assert done.out.splitlines()[0].startswith(f"node/node1 @1 to @{row['last']}: damaged")
