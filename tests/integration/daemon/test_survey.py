"""The survey beside the daemon: keyframes come, damage is found, and nobody waits for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import RequestFailed
from eventstore.source import DATABASE
from eventstore.storage.keyframes import COMMITS_MIN
from eventstore.storage.offline import read_store
from eventstore.storage.store import Store
from tests.support.daemons import Daemon, change, daemon_without_disks
from tests.support.keyframes import good_positions, look_over
from tests.support.long_history import extend
from tests.support.processes import surveys
from tests.support.stores import raw
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

COMMITS = 2500
OLD = 500


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of the test's own, not started yet, whose log is long."""
    with daemon_without_disks(tmp_path) as made:
        with Store.open(made.home / DATABASE) as store:
            extend(store, COMMITS)
        yield made


def own_log(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.query("status")["logs"][1]
    return found


def is_verified(daemon: Daemon) -> bool:
    return (own_log(daemon)["verified"] or 0) >= COMMITS and not surveys(daemon.pid)


def kept(daemon: Daemon) -> list[int]:
    with read_store(daemon.home / DATABASE) as logs:
        return good_positions(logs["node"])


def damage(daemon: Daemon, position: int) -> None:
    with raw(daemon.home / DATABASE) as connection:
        connection.execute(f"UPDATE node_commits SET payload = x'90' WHERE position = {position}")


def with_keyframes(daemon: Daemon) -> None:
    with Store.open(daemon.home / DATABASE) as store:
        look_over(store, commits_min=1000)


def problems(daemon: Daemon) -> list[str]:
    return [problem["text"] for problem in daemon.query("status")["problems"]]


def test_a_log_is_looked_over_from_its_start_and_gets_its_keyframes(daemon: Daemon) -> None:
    daemon.start()
    wait_until(lambda: is_verified(daemon))
    wanted = list(range(1, COMMITS // COMMITS_MIN + 1))
    assert [position // COMMITS_MIN for position in kept(daemon)] == wanted
    daemon.assert_sound()
    digest = own_log(daemon)["digest"]
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.query("state", at={"log": None, "kind": "relative", "value": -3})["digest"]
    wait_until(lambda: is_verified(daemon))
    assert own_log(daemon)["digest"] == digest  # the node's record is as it was: running
    daemon.assert_sound()


def test_damage_in_an_old_commit_lets_the_daemon_serve_and_then_stops_its_promises(
    daemon: Daemon,
) -> None:
    with_keyframes(daemon)
    damage(daemon, OLD)
    daemon.start()
    wait_until(lambda: any(f"@{OLD}" in text for text in problems(daemon)))
    assert daemon.state == "serving"
    with pytest.raises(RequestFailed, match=f"@{OLD}") as refused:
        daemon.do("disk.init", {"device": "vxd1"})
    assert refused.value.exit_code == 70
    ((now, then),) = [(ask(daemon, None), ask(daemon, {"log": None, "kind": "head"}))]
    for answer in (now, then):
        assert answer["data"]["digest"] == own_log(daemon)["digest"]
        assert any(f"@{OLD}" in note for note in answer["notes"])
    with pytest.raises(RequestFailed) as no_such_disk:
        daemon.ask({**change("disk.init", {"device": "no-such"}), "dry_run": True})
    assert no_such_disk.value.exit_code != 70


def ask(daemon: Daemon, at: dict[str, object] | None) -> dict[str, Any]:
    return daemon.ask({"v": 1, "op": "query", "question": "state", "args": {}, "at": at})


def test_damage_behind_the_newest_keyframe_is_found_before_serving(daemon: Daemon) -> None:
    with_keyframes(daemon)
    damage(daemon, COMMITS - 10)
    code, said = daemon.refuses_to_start()
    assert code == 70
    assert f"@{COMMITS - 10}" in said


def test_a_daemon_that_is_killed_while_keyframes_are_cut_starts_again_and_has_them_in_the_end(
    daemon: Daemon,
) -> None:
    for wanted in range(2):
        daemon.start()
        wait_until(lambda wanted=wanted: len(kept(daemon)) > wanted)  # type: ignore[misc]
        daemon.stop(signal.SIGKILL)
        assert len(kept(daemon)) >= wanted
    daemon.start()
    wait_until(lambda: is_verified(daemon))
    assert len(kept(daemon)) == COMMITS // COMMITS_MIN
    daemon.assert_sound()


def test_a_survey_that_is_killed_is_said_and_hurts_nobody(daemon: Daemon) -> None:
    daemon.spawn()
    wait_until(lambda: daemon.process is not None and surveys(daemon.pid))
    for child in surveys(daemon.pid):
        os.kill(child, signal.SIGKILL)
    daemon.wait_for("serving")
    wait_until(lambda: "the survey of the logs ended early" in daemon.said)
    daemon.assert_sound()
    assert daemon.stop() == 0


def test_a_keyframe_that_a_question_finds_damaged_is_cut_anew_while_the_daemon_serves(
    daemon: Daemon,
) -> None:
    daemon.start()
    wait_until(lambda: is_verified(daemon))
    places = kept(daemon)
    with raw(daemon.home / DATABASE) as connection:
        connection.execute(f"UPDATE keyframes SET seal = x'00' WHERE position = {places[0]}")
    assert kept(daemon) == places[1:]
    at: dict[str, object] = {"log": None, "kind": "position", "value": places[0] + 10}
    assert daemon.query("state", at=at)["digest"]
    wait_until(lambda: kept(daemon) == places)
    daemon.assert_sound()


def test_a_survey_ends_with_its_daemon(daemon: Daemon) -> None:
    daemon.start()
    there = surveys(daemon.pid)
    assert daemon.stop() == 0
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in there))
