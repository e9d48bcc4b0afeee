"""Commits as CloudEvents 1.0: what the specification asks for, on every node alike."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from eventstore import cloudevents
from tests.support.past import Past

ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")


def problems(event: dict[str, Any]) -> list[str]:
    """What in an event is not as CloudEvents 1.0 has it, section 3.1 and the JSON format."""
    required = ("id", "source", "specversion", "type")
    found = [f"no {key}" for key in required if not isinstance(event.get(key), str)]
    found += [f"{key} is empty" for key in required if event.get(key) == ""]
    found += [f"name {key}" for key in event if not ATTRIBUTE.fullmatch(key)]
    if event.get("specversion") != "1.0":
        found.append("specversion")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event.get("time", "")):
        found.append("time")
    if event.get("subject") == "" or re.search(r"\s", event.get("source", "")):
        found.append("subject or source")
    return found


def test_every_commit_is_a_valid_event_with_an_identity_of_its_own(past: Past) -> None:
    rows = past.data("follow", after=0)
    events = [cloudevents.commit("test", row["log"], row) for row in rows]
    assert [problem for event in events for problem in problems(event)] == []
    assert len({(event["source"], event["id"]) for event in events}) == len(rows)
    assert sorted(events, key=lambda event: event["sequence"]) == events
    listed = [cloudevents.commit("test", rows[0]["log"], row) for row in past.data("log")]
    assert [event["id"] for event in listed] == [event["id"] for event in events]


def test_a_heartbeat_is_a_valid_event() -> None:
    beat = {"time": "2026-11-22T10:14:58.120000Z", "places": [{"position": 7}]}
    event = cloudevents.heartbeat(None, "shared", beat)
    assert problems(event) == []
    assert event["type"] != cloudevents.COMMIT


def test_the_source_is_a_reference_whatever_the_cluster_is_called() -> None:
    text = cloudevents.source("a b/ü", "node/n1")
    assert text == "/vxconfigd/a%20b%2F%C3%BC/node/n1"
    assert urlsplit(text).path == text


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [("id", "", "id is empty"), ("specversion", "0.3", "specversion"), ("Type", "x", "name Type")],
)
def test_a_wrong_event_is_found(key: str, value: str, found: str) -> None:
    beat = {"time": "2026-11-22T10:14:58.120000Z", "places": []}
    event = cloudevents.heartbeat(None, "shared", beat) | {key: value}
    assert found in problems(event)
