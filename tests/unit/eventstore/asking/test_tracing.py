"""A commit is followed to who began it and to what came of it."""

from pathlib import Path
from typing import Any

import pytest

from eventstore.asking.questions import answer
from eventstore.codec import (
    ZERO_HASH,
    Cause,
    Commit,
    Context,
    Draft,
    Head,
    encode_context,
    encode_events,
    head_after,
    seal,
)
from eventstore.errors import NotFound
from eventstore.model import digest, events as ev
from tests.support.past import Past, When, at, log_of, tx


def steps(past: Past, when: When) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = past.data("trace", when)["steps"]
    return found


def kinds(past: Past, when: When) -> list[str]:
    return [step["step"] for step in steps(past, when)]


def test_a_change_goes_back_to_a_command_line_and_a_person(past: Past) -> None:
    asked, decided, commit, applied = steps(past, tx("grow-vol"))
    assert (asked["step"], asked["actor"], asked["command"]) == (
        "asked",
        "ann",
        "vx volume.growby",
    )
    assert decided["text"] == "node1 decided alone"
    assert commit["events"] == ["subdisk-resized", "plex-resized", "volume-resized"]
    assert commit["objects"] == ["dg/d1-01", "dg/vol-01", "dg/vol"]
    assert (applied["node"], applied["clock"]) == ("node1", "node1")


def test_a_disk_that_went_goes_back_to_the_kernels_notification(past: Past) -> None:
    said, *_rest = steps(past, at(13))
    assert (said["step"], said["action"], said["clock"]) == (
        "notification",
        "remove",
        "kernel of node1",
    )
    assert kinds(past, at(13)) == ["notification", "decided", "commit", "applied"]


@pytest.mark.parametrize("when", [tx("too-much"), at(10)])
def test_a_request_that_was_refused_leads_to_its_refusal(past: Past, when: When) -> None:
    assert kinds(past, when) == ["asked", "rejected", "commit", "applied"]
    asked, rejected, *_rest = steps(past, when)
    assert (asked["actor"], rejected["id"]) == ("ann", "V-5-1-15809")


def test_a_request_that_no_log_has_is_not_found(past: Past) -> None:
    with pytest.raises(NotFound, match="no log here has transaction nobody"):
        past.asks("trace", tx("nobody"))


@pytest.mark.parametrize("log", ["node", "shared"])
def test_every_commit_of_a_log_can_be_traced(past: Past, log: str) -> None:
    reader = past.source.readers[log]
    for position in range(1, reader.last() + 1):
        assert "commit" in kinds(past, {**at(position), "log": reader.name})


def planted(*causes: Cause | None) -> list[Commit]:
    """Commits of a node's log, the first its founding, each with what it follows from."""
    head, commits = Head(bytes(16), 0, ZERO_HASH, 0), []
    for number, cause in enumerate((None, *causes)):
        made: ev.AnyEvent = ev.DaemonStopped("") if number else ev.NodeCreated("node1", "c1")
        context = encode_context(Context(command=f"vx step {number}", cause=cause))
        draft = Draft(f"tx{number}", "node1", context, encode_events((made,)), digest.stored(0), 7)
        commits.append(seal(head, draft, 7))
        head = head_after(head, commits[-1])
    return commits


def test_causes_are_followed_back_and_what_follows_is_told(tmp_path: Path) -> None:
    commits = planted(None, Cause("commit", "@2"), Cause("transaction", "tx2"))
    with log_of(tmp_path, commits) as source:
        middle = answer(source, "trace", {}, at(3))["data"]["steps"]
        last = answer(source, "trace", {}, at(4))["data"]["steps"]
    assert [s["position"] for s in middle if s["step"] in ("cause", "followed")] == [2, 4]
    assert [s["position"] for s in last if s["step"] == "cause"] == [2, 3]


def test_a_cause_that_no_log_here_has_is_named(tmp_path: Path) -> None:
    with log_of(tmp_path, planted(Cause("transaction", "elsewhere"))) as source:
        first = answer(source, "trace", {}, at(2))["data"]["steps"][0]
    assert first["text"] == "transaction elsewhere, which no log here has"
