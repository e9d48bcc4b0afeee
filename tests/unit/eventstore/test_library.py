"""The public library: what it gives is what the questions give, typed; its page is true."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eventstore import library
from eventstore.past.resuming import cursor_at
from tests.support.core import stored
from tests.support.histories import the_whole_story
from tests.support.library_page import PAGE, fresh
from tests.support.past import Past


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("home")
    stored(the_whole_story(), directory / "log.db")
    return directory


@pytest.fixture(scope="module")
def log(home: Path) -> Iterator[library.Log]:
    with library.open(str(home)) as found:
        yield found


def test_the_page_shows_the_examples_as_they_are_and_what_they_print() -> None:
    assert fresh(PAGE.read_text()) == PAGE.read_text()


def test_the_page_speaks_of_everything_public_and_all_of_it_is_described() -> None:
    described = {"Fields", "When"}
    for name in set(library.__all__) - described:
        assert inspect.getdoc(getattr(library, name)), name
    text = PAGE.read_text() + (library.__doc__ or "") + inspect.getsource(library)
    assert [name for name in library.__all__ if f"{name}" not in text] == []


def test_importing_it_loads_nothing_that_is_slow() -> None:
    program = (
        "import sys; from eventstore import library; "
        "slow = {'sqlalchemy', 'alembic', 'pysqlite3', 'msgspec', 'asyncio'} & set(sys.modules); "
        "sys.exit(','.join(slow) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_commits_are_those_of_the_log(log: library.Log, past: Past) -> None:
    told = list(log.commits())
    assert [commit.position for commit in told] == past.log()
    assert list(log.commits(3, 5)) == told[2:5]
    touched = [row["position"] for row in past.data("log", object="dg/vol")]
    assert [commit.position for commit in log.commits(object="dg/vol")] == touched
    assert {commit.actor for commit in log.commits(actor="ann")} == {"ann"}
    assert [commit.log for commit in log.commits(log="shared")][:1] in ([], ["shared"])


def test_every_way_to_name_a_moment_names_the_same(log: library.Log) -> None:
    commit = next(iter(log.commits(12, 12)))
    names: list[library.When] = [12, "@12", f"{commit.log}@12", commit.cursor, f"tx:{commit.tx}"]
    names += [commit.time, commit.time.isoformat(), 12 - log.head().position - 0]
    for when in names[:-1]:
        assert log.at(when).position == 12
    assert log.at(names[-1]).position == 12


@pytest.mark.parametrize("when", ["soon", "@", "2025-11-24T16:00:07", datetime(2025, 1, 1)])  # noqa: DTZ001
def test_what_names_no_moment_is_refused(log: library.Log, when: library.When) -> None:
    with pytest.raises(library.Rejected, match="is no moment"):
        log.at(when)


def test_a_state_is_what_it_was_and_says_what_is_not_known(log: library.Log, past: Past) -> None:
    state = log.at(13)
    assert state.get("dg/vol")["kstate"] == "DISABLED"
    assert state.digest == past.data("state", {"kind": "position", "value": 13})["digest"]
    assert [group["name"] for group in state.groups()] == ["dg"]
    assert {record["type"] for record in state.records("dg")} == {"dm", "v", "pl", "sd"}
    assert {disk["device"] for disk in state.disks()} >= {"sd2"}
    assert log.at(log.at(18).time + timedelta(minutes=5)).doubts != []
    with pytest.raises(library.NotFound):
        state.get("dg/none")


def test_diff_and_blame_are_typed(log: library.Log) -> None:
    (change,) = [one for one in log.diff(11, 12) if one.object == "dg/vol"]
    assert (change.op, change.fields["length_sectors"]) == ("~", (100, 108))
    (origin,) = [one for one in log.blame("dg/vol") if one.field == "length_sectors"]
    assert (origin.value, origin.position, origin.actor) == (108, 12, "ann")
    assert log.verify(replay=True).ok
    assert log.cluster is not None
    assert "node/node1" in log.logs


def test_a_commit_has_the_same_cloudevent_as_on_the_command_line(
    log: library.Log, past: Past
) -> None:
    from eventstore import cloudevents  # noqa: PLC0415 the form that is compared with

    for commit, row in zip(log.commits(), past.data("follow", after=0), strict=True):
        assert library.cloudevent(commit, "c") == cloudevents.commit("c", commit.log, row)


def test_following_goes_on_exactly_and_ends_in_time(home: Path, log: library.Log) -> None:
    with library.follow(str(home), 0, timeout=0) as first:
        told = []
        for commit in first:
            told.append(commit)
            if len(told) == 5:
                break
    with library.follow(str(home), first.cursors, timeout=0) as second:
        told += list(second)
    assert told == list(log.commits())
    assert list(library.follow(str(home), timeout=0)) == []


def test_a_file_that_is_replaced_by_a_longer_one_is_gone_on_with(
    home: Path, tmp_path: Path
) -> None:
    whole = (home / "log.db").read_bytes()
    (tmp_path / "log.db").write_bytes(whole)
    with library.follow(str(tmp_path), -0, timeout=30) as told:
        commits = iter(told)
        next(commits)
        (tmp_path / "other.db").write_bytes(whole)
        (tmp_path / "other.db").replace(tmp_path / "log.db")
        assert isinstance(one := next(commits), library.Commit)
        assert one.position == 2


def test_it_is_closed_from_another_thread(home: Path) -> None:
    told = library.follow(str(home))
    threading.Timer(0.1, told.close).start()
    assert list(told) == []


def test_silence_is_told_with_cursor_and_time_and_that_no_daemon_runs(home: Path) -> None:
    begun = datetime.now(UTC)
    with library.follow(str(home), heartbeat=0.01, timeout=30) as told:
        beat = next(iter(told))
    assert isinstance(beat, library.Heartbeat)
    assert (beat.cursors, beat.is_live, beat.ahead) == (told.cursors, False, ())
    assert beat.time >= begun


def test_a_cursor_of_another_log_is_refused_at_once(home: Path, past: Past) -> None:
    cursor = cursor_at(past.source.readers["node"], 7)
    with pytest.raises(library.NotFound, match="never had"):
        library.follow(str(home), cursor._replace(hash="0" * 64))
    with pytest.raises(library.NotFound):
        library.follow("/nonexistent/log.db")
    with library.follow(str(home), cursor._replace(position=99), heartbeat=0.01) as told:
        beat = next(iter(told))
    assert isinstance(beat, library.Heartbeat)
    assert [one.position for one in beat.ahead] == [99]
