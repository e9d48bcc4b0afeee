"""What followers are told: every commit once, with the names of its own time."""

from __future__ import annotations

from typing import Any

import pytest

from eventstore.errors import NotFound
from tests.support.past import Past


def _follow(past: Past, after: int, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = past.data("follow", after=after, n=count)
    return rows


@pytest.mark.parametrize("count", [1, 3, 256])
def test_pieces_of_any_size_make_the_whole_log(past: Past, count: int) -> None:
    told: list[dict[str, Any]] = []
    while piece := _follow(past, len(told), count):
        told += piece
    assert told == _follow(past, 0, 256)
    assert [row["position"] for row in told] == list(range(1, len(told) + 1))


def test_a_row_says_what_the_log_and_the_commit_say(past: Past) -> None:
    lines = {row["position"]: row for row in past.data("log")}
    for row in _follow(past, 0, 256):
        line = lines[row["position"]]
        assert [event["name"] for event in row["events"]] == line["events"]
        assert {key: row[key] for key in ("tx", "time", "node", "actor", "command")} == {
            key: line[key] for key in ("tx", "time", "node", "actor", "command")
        }


def test_every_event_of_a_group_names_it(past: Past) -> None:
    events = [event for row in _follow(past, 0, 256) for event in row["events"]]
    of_groups = [event for event in events if "dgid" in event]
    assert of_groups
    assert [event for event in of_groups if not event["dg"]] == []


def test_after_the_end_nothing_is_told_and_beyond_it_there_is_no_log(past: Past) -> None:
    last = len(_follow(past, 0, 256))
    assert _follow(past, last, 256) == []
    with pytest.raises(NotFound, match=f"no commit @{last + 1}"):
        _follow(past, last + 1, 256)


def test_without_a_position_it_is_only_said_where_the_head_is(past: Past) -> None:
    answer = past.asks("follow")
    assert (answer["data"], answer["position"]) == ([], len(_follow(past, 0, 256)))
