"""Answers of several nodes are woven by cause, then by time; who is missing is named."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from eventstore.errors import NotFound
from eventstore.past.weaving import PIECE, SHARED, Answer, Asked, everywhere, finished, woven

NODES = ["node1", "node2", "node3"]
LOST = {"ok": False, "error": {"id": "V-5-1-9137", "message": "node3 is out of reach"}}


def row(log: str, position: int, time: int, shared: int | None = None) -> Answer:
    return {
        "log": log,
        "position": position,
        "time": f"{time:04}",
        "shared_position": shared,
        "node": log.removeprefix("node/"),
    }


def places(rows: list[Answer]) -> list[str]:
    return [f"{one['log']}@{one['position']}" for one in rows]


@st.composite
def logs(draw: Any) -> list[list[Answer]]:
    """A shared log and two nodes' logs: times never go back, nor does what was applied."""
    times = st.lists(st.integers(0, 99), max_size=8).map(sorted)
    shared = [row(SHARED, i, time) for i, time in enumerate(draw(times), 1)]
    found = [shared]
    for node in NODES[:2]:
        own = draw(times)
        seen = sorted(draw(st.integers(0, len(shared))) for _ in own)
        pairs = enumerate(zip(own, seen, strict=True), 1)
        found.append([row(f"node/{node}", i, time, at) for i, (time, at) in pairs])
    return found


@given(logs())
def test_each_log_keeps_its_order_and_no_row_comes_before_what_it_follows_from(
    given_: list[list[Answer]],
) -> None:
    told = woven(given_)
    for log in given_:
        assert [one for one in told if log and one["log"] == log[0]["log"]] == log
    for i, one in enumerate(told):
        known = [p["position"] for p in told[:i] if p["log"] == SHARED]
        assert (one["shared_position"] or 0) in (0, *known) or one["log"] == SHARED


def test_a_clock_that_is_wrong_does_not_put_an_effect_before_its_cause() -> None:
    shared = [row(SHARED, 1, 50), row(SHARED, 2, 60)]
    early = [row("node/node2", 1, 10, 0), row("node/node2", 2, 20, 1)]
    told = places(woven([shared, early]))
    assert told == ["node/node2@1", "shared@1", "node/node2@2", "shared@2"]


class Nodes:
    """Nodes that answer from lists of rows; the third is out of reach."""

    def __init__(self, commits: int = 3) -> None:
        self.asked: list[Asked] = []
        self.rows = {SHARED: [row(SHARED, i, 10 * i) for i in range(1, commits + 1)]}
        for node in NODES:
            log = f"node/{node}"
            self.rows[log] = [row(log, i, 10 * i + 1, i) for i in range(1, commits + 1)]

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.node == "node3":
            return LOST
        data = getattr(self, f"_{asked.question}")(asked)
        log = asked.args.get("which") or (asked.at or {}).get("log") or SHARED
        return {"ok": True, "log": log, "position": 3, "notes": [], "data": data}

    def _log(self, asked: Asked) -> list[Answer]:
        until = asked.args["until"]
        high = 10**9 if until is None or until["kind"] == "time" else until["value"]
        rows = [one for one in self.rows[asked.args["which"]] if one["position"] <= high]
        return rows[-asked.args["n"] :]

    def _moments(self, asked: Asked) -> Answer:
        when = asked.args["whens"][0]
        if when["kind"] == "tx" and asked.node != "node2":
            raise AssertionError("only node2 has it")
        moment = {"position": 2, "time": "0020", "time_us": 20}
        return {"log": when.get("log") or SHARED, "moments": [moment]}

    def _show(self, asked: Asked) -> Answer:
        return {"applied": "0021", "hash": f"h-{asked.node}", "digest": "d", "term": 1}

    def _knew(self, asked: Asked) -> Answer:
        return {"node": asked.args["node"], "shared": 2}

    def _blame(self, asked: Asked) -> list[Answer]:
        return [{"field": asked.args["object"], "position": 2}]

    def _trace(self, asked: Asked) -> Answer:
        def step(kind: str, node: str | None) -> Answer:
            log = f"node/{node}" if kind == "rejected" else SHARED
            return {"step": kind, "log": log, "position": 2, "node": node, "time": "0020"}

        steps = [step("asked", "node2"), step("decided", "node1"), step("applied", asked.node)]
        return {"steps": steps[:1] + [step("rejected", "node2")] * (asked.node == "node2")
                + steps[1:]}  # fmt: skip


def ask(nodes: Nodes, question: str, at: Answer | None = None, **args: Any) -> Answer:
    return finished(everywhere(question, args, at, NODES), nodes)


def test_the_log_of_all_nodes_has_each_shared_commit_once_and_names_who_is_missing() -> None:
    found = ask(Nodes(), "log", since=None, until=None)
    assert len(found["data"]) == 9
    assert places(found["data"])[:3] == ["shared@1", "node/node1@1", "node/node2@1"]
    assert found["data"][1]["clock"] == "node1"
    assert found["positions"] == {"shared": 3, "node/node1": 3, "node/node2": 3}
    assert "without node3: node3 is out of reach" in found["notes"]


def test_a_long_log_is_asked_for_in_pieces_and_is_whole() -> None:
    nodes = Nodes(2 * PIECE + 5)
    found = ask(nodes, "log", since=None, until=None)
    assert len(found["data"]) == 3 * (2 * PIECE + 5)
    assert max(one.args["n"] for one in nodes.asked) == PIECE


def test_the_newest_of_all_nodes_are_the_newest_of_each() -> None:
    found = ask(Nodes(), "log", since=None, until=None, n=2, reverse=True)
    assert places(found["data"]) == ["node/node2@3", "node/node1@3"]


def test_a_bound_in_one_log_is_its_time_in_the_others() -> None:
    nodes = Nodes()
    ask(nodes, "log", since={"kind": "position", "value": 2, "log": SHARED}, until=None)
    since = {one.args["which"]: one.args["since"] for one in nodes.asked if one.args.get("which")}
    assert since[SHARED] == {"kind": "position", "value": 2, "log": SHARED}
    assert since["node/node2"] == {"kind": "time", "value": 20}


def test_a_commit_is_shown_with_when_each_node_had_it_and_whether_it_is_the_same() -> None:
    found = ask(Nodes(), "show", {"kind": "position", "value": 2})
    assert [one["node"] for one in found["data"]["nodes"]] == ["node1", "node2"]
    assert "node2 has another commit at shared@2" in found["notes"]


def test_a_commit_of_a_nodes_own_log_is_asked_of_that_node() -> None:
    nodes = Nodes()
    ask(nodes, "show", {"kind": "position", "value": 2, "log": "node/node2"})
    assert {one.node for one in nodes.asked} == {"node2"}


def test_a_trace_has_the_refusals_of_the_node_that_was_asked_and_when_all_had_it() -> None:
    found = ask(Nodes(), "trace", {"kind": "position", "value": 2})
    told = [(step["step"], step["node"]) for step in found["data"]["steps"]]
    assert told == [
        ("asked", "node2"),
        ("rejected", "node2"),
        ("decided", "node1"),
        ("applied", "node2"),
        ("applied", "node1"),
    ]


def test_what_each_node_knew_stands_beside_the_others() -> None:
    found = ask(Nodes(), "knew")["data"]
    assert [one["node"] for one in found["nodes"]] == ["node1", "node2"]
    assert found["node"] == "node1"


def test_a_shared_object_is_blamed_once() -> None:
    assert ask(Nodes(), "blame", object="dg")["data"] == [
        {"field": "dg", "position": 2, "log": SHARED}
    ]


def test_where_no_node_answers_the_first_error_is_the_answer() -> None:
    conversation = everywhere("knew", {}, None, ["node3"])
    assert finished(conversation, Nodes()) == LOST


def test_a_question_that_is_not_about_all_nodes_is_refused() -> None:
    with pytest.raises(NotFound, match="no question about all nodes"):
        everywhere("state", {}, None, NODES)
