"""What `vxnotify` says of a cluster's nodes."""

from __future__ import annotations

from typing import Any

import pytest

from cli.render import notify

ELECTED = {"name": "master-elected", "master": "node2"}
JOINED = {"name": "node-joined", "node": "node3"}
LEFT = {"name": "node-left", "node": "node1", "clean": False}


def commit(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events), "command": None}


def test_who_joins_and_who_leaves_is_told_in_the_order_of_the_log() -> None:
    assert notify.lines(commit(LEFT, ELECTED, JOINED), "", None, "lab") == [
        "left cluster lab node node1",
        "joined cluster lab as master node node2",
        "joined cluster lab as slave node node3",
    ]


@pytest.mark.parametrize(("letters", "group"), [("ci", None), ("s", "datadg")])
def test_events_of_the_cluster_are_of_their_own_class_and_of_no_group(
    letters: str, group: str | None
) -> None:
    assert notify.lines(commit(JOINED), letters, group, "lab") == []
