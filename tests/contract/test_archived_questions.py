"""Every question has the answer that it had before commits were archived; so has a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventstore import library
from eventstore.asking.questions import answer
from eventstore.errors import StoreError
from eventstore.keeping import bundling
from eventstore.model.tags import SetTag
from eventstore.past.moments import Moment
from eventstore.source import open_log
from eventstore.storage.store import Store
from eventstore.text import iso
from tests.support.archives import archived
from tests.support.core import stored, the_answer
from tests.support.histories import the_whole_story
from tests.support.keyframes import cut_at
from tests.support.past import at
from tests.support.stores import raw

LOG = "node/node1"
Told = list[tuple[str, Any]]
LIVE = 4
"""Commits that stay in the live table."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with a tag and an undo behind everything that can happen."""
    home = tmp_path_factory.mktemp("home")
    core = the_whole_story()
    said = the_answer(core.asks(SetTag("early", 3)))
    assert said["ok"], said
    stored(core, home / "log.db")
    return home


@pytest.fixture(scope="module")
def before(home: Path) -> Told:
    return told(home)


@pytest.fixture(scope="module")
def bundled(home: Path, before: Told) -> bytes:
    assert before
    return bundle(home)


@pytest.fixture(scope="module")
def last(home: Path, bundled: bytes) -> int:
    """Archive all but the newest commits, in three segments."""
    assert bundled
    with Store.open(home / "log.db") as store:
        last = store.heads["node"].position
        cut_at(store, {last - 1})
        for end in (2, last // 2, last - LIVE):
            archived(store, end)
    return last


def told(home: Path) -> Told:
    """What is said of every commit, of all of them, and of every object."""
    with open_log(str(home / "log.db")) as source:
        reader = source.readers["node"]
        positions = range(1, reader.last() + 1)
        asked: list[tuple[str, dict[str, object], dict[str, object] | None]] = [
            (question, {}, at(position))
            for position in positions
            for question in ("show", "trace", "state", "knew")
        ]
        for how in ("undo", "redo", "revert", "restore"):
            when = at(reader.last() - 1) if how in ("revert", "restore") else None
            asked.append(("way-back", {"how": how}, when))
        rows = answer(source, "follow", {"after": 0, "n": 250, "which": LOG}, None)["data"]
        names = sorted({name for row in rows for name in row["objects"]})
        asked += [(kind, {"object": name}, None) for name in names for kind in ("blame", "log")]
        place = {"log": "node", "position": 0}
        asked += [
            ("follow", {"after": 0, "n": 250, "which": LOG}, None),
            ("resume", {"places": [place], "n": 250}, None),
            ("tags", {}, None),
            ("moments", {"whens": [at(1), {"kind": "tag", "value": "early"}]}, None),
            ("diff", {"a": at(2), "b": at(reader.last())}, None),
            ("log", {"n": 250}, None),
            ("outcome", {"id": rows[4]["tx"]}, None),
            ("hashes", {"log": "node", "positions": [1, 5]}, None),
            ("verify", {"replay": True, "which": "node"}, None),
            ("verify", {"which": "node"}, None),
        ]
        return [(question, _said(source, question, args, when)) for question, args, when in asked]


def _said(source: Any, question: str, args: dict[str, object], when: object) -> Any:
    try:
        return answer(source, question, args, when)
    except StoreError as error:
        return error.to_map()


def bundle(home: Path) -> bytes:
    with open_log(str(home / "log.db")) as source:
        since = Moment("position", 5)
        wanted = bundling.Wanted(
            since, None, redact=False, heads=(), recording={}, made=iso(0), by="tests",
            programs={}, cluster_id="c1",
        )  # fmt: skip
        return bundling.bundle(source, wanted)[0]


def test_the_commits_are_archived(home: Path, last: int) -> None:
    with raw(home / "log.db") as driver:
        assert driver.execute("SELECT count(*) FROM node_commits").fetchone() == (LIVE,)
    assert last > 2 * LIVE


def test_every_question_has_the_answer_that_it_had(home: Path, before: Told, last: int) -> None:
    assert last
    for was, now in zip(before, told(home), strict=True):
        assert now == was


def test_a_bundle_is_the_same_to_the_byte(home: Path, bundled: bytes, last: int) -> None:
    assert last
    assert bundle(home) == bundled


def test_the_library_tells_archived_commits_and_states(home: Path, last: int) -> None:
    with library.open(str(home)) as log:
        assert [commit.position for commit in log.commits()] == list(range(1, last + 1))
        assert log.verify(replay=True).ok
        assert log.at(3).groups() is not None


def test_a_bundle_of_archived_commits_answers_of_its_first_commit_on(
    bundled: bytes, before: Told, tmp_path: Path
) -> None:
    file = tmp_path / "slice.vxb"
    file.write_bytes(bundled)
    with open_log(str(file)) as source:
        first = source.readers["node"].first
        assert first == 4
        was = dict.fromkeys(("trace", "show"), 0)
        for position in range(first, source.readers["node"].last() + 1):
            for question in was:
                found = _said(source, question, {}, at(position))
                assert found.get("data"), found
        place = {"log": "node", "position": first - 1}
        rows = answer(source, "resume", {"places": [place], "n": 250}, None)["data"]["rows"]
        assert rows[0]["position"] == first
        assert before
