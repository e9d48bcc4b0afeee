"""What is said of a whole log that somebody brought: `vx rehearse` and `vx report html`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon import rehearsal
from eventstore.model import events as ev
from eventstore.model.evolve import HANDLERS, STORED_HANDLERS
from eventstore.storage.store import Store
from tests.support.commands import Done, Runner
from tests.support.json_schema import problems

SITES = Path(__file__).parents[1] / "sites"
PARTS = ("open", "replay", "crashes", "start", "recording")
Report = Callable[..., Done]


@pytest.fixture(autouse=True)
def few_io_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "IO_LAST", 1)


@pytest.fixture
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of one node's home: who reads a log leaves files of the driver beside it."""
    return Path(shutil.copytree(SITES / "single", tmp_path_factory.mktemp("site") / "single"))


@pytest.fixture
def soak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SITES / "soak", tmp_path_factory.mktemp("site") / "soak"))


@pytest.fixture
def report(run: Runner, tmp_path: Path) -> Report:
    """Write a report of a site; more words may follow."""

    def written(site: Path, *words: str) -> Done:
        file = str(tmp_path / "report.html")
        return run.alone(["vx", "report", "html", "--log", str(site), "-O", file, *words])

    return written


def test_a_rehearsal_says_part_by_part_what_came_of_it(single: Path, run: Runner) -> None:
    done = run.alone(["vx", "rehearse", "--log", str(single), "--last", "2"])
    assert done.code == 0
    parts = [line.split()[:2] for line in done.out.splitlines()[1:]]
    assert parts == [
        [part, "same"] for part in ("open", "replay", "crashes", "start", "recording")
    ]


def test_a_rehearsal_that_differs_answers_no_and_names_it_first(
    single: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in (HANDLERS, STORED_HANDLERS):
        monkeypatch.setitem(table, ev.VolumeResized, lambda _state, _event: ())
    words = ["vx", "rehearse", "--log", str(single), "--last", "1"]
    done = run.alone(words)
    assert done.code == 6
    assert "the first difference is in replay\n  commit    node/node1 @13\n" in done.out
    assert "  object    datadg/vol02\n  field     length_sectors\n" in done.out
    assert "  recorded  196608\n  found     131072\n" in done.out
    document = run.alone([*words, "--json"]).document
    assert problems(document) == []
    assert document["data"]["first_difference"]["position"] == 13


def test_a_rehearsal_in_json_is_what_its_schema_says(single: Path, run: Runner) -> None:
    document = run.alone(
        ["vx", "rehearse", "--log", str(single), "--last", "1", "--json"]
    ).document
    assert problems(document) == []
    assert document["data"]["ok"]


def test_a_log_that_is_not_there_is_not_rehearsed(run: Runner, tmp_path: Path) -> None:
    assert run.alone(["vx", "rehearse", "--log", str(tmp_path)]).code == 3


def test_a_report_has_both_logs_and_counts_what_is_in_it(single: Path, report: Report) -> None:
    document = report(single, "--json").document
    assert problems(document) == []
    own, shared = document["data"]["logs"]
    assert (own["log"], shared["log"]) == ("node/node1", "shared")
    counts = {name: own[name] for name in ("changes", "notifications", "unknown", "refused")}
    assert counts == {"changes": 8, "notifications": 6, "unknown": 1, "refused": 1}


def test_a_report_is_of_its_interval_in_either_log(
    soak: Path, report: Report, tmp_path: Path
) -> None:
    document = report(soak, "--since", "shared@20", "--until", "shared@30", "--json").document
    shared, own = document["data"]["logs"]
    assert (shared["from"], shared["to"]) == (20, 30)
    assert 1 < own["from"] <= own["to"]
    written = (tmp_path / "report.html").read_text()
    assert "<td>@30</td>" in written
    assert "<td>@31</td>" not in written


def test_the_state_in_a_report_is_that_of_its_end(
    single: Path, report: Report, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    assert report(single, "--until", "@9").code == 0
    assert "v  vol02 " in file.read_text()
    assert report(single).code == 0
    assert "v  vol02 " not in file.read_text()
    assert list(tmp_path.iterdir()) == [file]


def test_a_report_of_a_damaged_log_says_so_and_has_what_comes_before(
    single: Path, report: Report, tmp_path: Path
) -> None:
    copy = tmp_path / "log.db"
    copy.write_bytes((single / "log.db").read_bytes())
    with Store.open(copy) as store:
        sql = "UPDATE shared_commits SET context = x'90' WHERE position = 4"
        store._driver.execute(sql)
    data: Any = report(copy, "--json").document["data"]
    assert not data["ok"]
    assert "does not hold from @4 on" in (tmp_path / "report.html").read_text()


def test_a_page_that_cannot_be_written_is_an_error_that_leaves_nothing(
    single: Path, run: Runner, tmp_path: Path
) -> None:
    file = str(tmp_path / "none" / "report.html")
    done = run.alone(["vx", "report", "html", "--log", str(single), "-O", file])
    assert done.code == 1
    assert "V-5-1-9311" in done.err
    assert list(tmp_path.iterdir()) == []
