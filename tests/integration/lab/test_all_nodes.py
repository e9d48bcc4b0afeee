"""Three nodes are asked as one: what each tells is woven, and who is missing is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clusters import Cluster, running_cluster
from tests.support.json_schema import problems
from tests.support.lab import Done

pytestmark = pytest.mark.integration

NAMES = ["node1", "node2", "node3"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as made:
        made["node1"].ok("vxdisk", "init", "vxd0")
        made["node1"].ok("vxdg", "-s", "init", "shareddg", "vxd0")
        made["node1"].vx("tag", "empty", "shared@head")
        made["node2"].ok("vxassist", "-g", "shareddg", "make", "vol01", "10m", "--id", "first")
        made["node2"].run("vxassist", "-g", "shareddg", "make", "huge", "99g", "--id", "huge")
        made["node3"].ok("vxdisk", "init", "vxd1")
        made["node3"].ok("vxdg", "init", "own", "vxd1", "--id", "private")
        yield made


def asked(cluster: Cluster, *words: str, node: str = "node1") -> Any:
    done = cluster[node].run("vx", *words, "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert problems(document) == []
    return document["data"]


def offline(cluster: Cluster, *nodes: str) -> list[str]:
    return [word for node in nodes for word in ("--log", str(cluster[node].home))]


def test_the_logs_of_all_nodes_are_one_listing_on_every_node_and_offline(cluster: Cluster) -> None:
    told = [asked(cluster, "log", "--all-nodes", node=node) for node in NAMES]
    told.append(asked(cluster, "log", *offline(cluster, *NAMES)))
    assert {row["log"] for row in told[0]} == {"shared", *(f"node/{node}" for node in NAMES)}
    assert told[0] == told[1] == told[2] == told[3]


def test_a_trace_goes_from_the_command_line_on_one_node_to_all_nodes(cluster: Cluster) -> None:
    steps = asked(cluster, "trace", "tx:first", "--all-nodes", node="node3")["steps"]
    assert (steps[0]["step"], steps[0]["node"], steps[0]["actor"]) == ("asked", "node2", "root")
    assert [s["node"] for s in steps if s["step"] == "decided"] == ["node1"]
    assert {s["node"] for s in steps if s["step"] == "applied"} == set(NAMES)


def test_a_request_that_was_refused_elsewhere_is_traced_to_its_refusal(cluster: Cluster) -> None:
    steps = asked(cluster, "trace", "tx:huge", "--all-nodes")["steps"]
    assert [(s["step"], s["node"]) for s in steps][:2] == [
        ("asked", "node2"),
        ("rejected", "node2"),
    ]


def test_a_commit_says_when_each_node_had_it(cluster: Cluster) -> None:
    nodes = asked(cluster, "show", "shared@3", "--all-nodes")["nodes"]
    assert sorted(row["node"] for row in nodes) == NAMES
    assert len({row["hash"] for row in nodes}) == 1


def test_what_another_node_has_alone_is_told_by_that_node(cluster: Cluster) -> None:
    assert asked(cluster, "get", "own", "--at", "node/node3@head")["name"] == "own"
    rows = asked(cluster, "blame", "own", "--all-nodes")
    assert {row["log"] for row in rows} == {"node/node3"}
    where = asked(cluster, "show", "tx:private", "--all-nodes")
    assert where["node"] == "node3"


def test_every_node_says_what_it_knew(cluster: Cluster) -> None:
    nodes = asked(cluster, "knew", "--all-nodes")["nodes"]
    assert sorted(row["node"] for row in nodes) == NAMES
    assert len({row["shared"] for row in nodes}) == 1


@pytest.mark.parametrize("line", ["print -g shareddg -ht", "state", "get shareddg --json"])
@pytest.mark.parametrize("when", ["empty", "tx:first", "shared@head"])
def test_the_shared_past_is_the_same_bytes_on_any_node(
    cluster: Cluster, line: str, when: str
) -> None:
    told = {cluster[node].vx(*line.split(), "--at", when) for node in NAMES}
    told |= {cluster["node1"].vx(*line.split(), "--at", when, *offline(cluster, "node2"))}
    assert len(told) == 1


def test_bisect_finds_the_commit_that_made_a_volume(cluster: Cluster) -> None:
    found = asked(cluster, "bisect", "empty", "shared@head", "--run", "! grep -q vol01")
    assert found["commit"]["tx"] == "first"


def test_a_tag_is_there_on_every_node_and_can_be_taken_away_on_any(cluster: Cluster) -> None:
    cluster["node1"].vx("tag", "for-a-while")
    assert cluster["node2"].vx("diff", "for-a-while", "for-a-while") == ""
    cluster["node2"].vx("tag", "delete", "for-a-while")
    done = cluster["node3"].run("vx", "state", "--at", "for-a-while")
    assert (done.code, "V-5-1-9223" in done.err) == (3, True)


def test_a_node_that_is_out_of_reach_is_named_and_the_others_answer(cluster: Cluster) -> None:
    cluster.lab_vx("kill", "node3")
    try:
        for words in (["log"], ["knew"], ["show", "shared@3"], ["trace", "shared@3"]):
            done: Done = cluster["node1"].run("vx", *words, "--all-nodes")
            assert (done.code, "without node3: node node3 is out of reach" in done.err) == (
                0,
                True,
            )
        assert cluster["node1"].run("vx", "show", "node/node3@1").code == 69
    finally:
        cluster.lab_vx("start", "node3")
