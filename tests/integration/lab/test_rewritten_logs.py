"""A log that root made anew on one node, hashes and all: others know better."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clusters import Cluster, running_cluster
from tests.support.json_schema import problems
from tests.support.tampering import rewrite

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("rewritten"), nodes=2) as found:
        found["node1"].ok("vxdisk", "scandisks")
        yield found


def copy_of(cluster: Cluster, where: Path, log: str, position: int) -> str:
    """A copy of node1's home with one of its logs made anew from a position on."""
    file = where / "copy.db"
    cluster["node1"].vx("backup", str(file))
    rewrite(file, position, log)
    return str(file)


def test_heads_are_what_the_schema_says_and_are_witnessed(
    cluster: Cluster, tmp_path: Path
) -> None:
    document = json.loads(cluster["node1"].vx("head", "--all-nodes", "--json"))
    assert problems(document) == []
    heads = document["data"]["heads"]
    assert [head["node"] for head in heads] == ["node1", "node1", "node2", "node2"]
    found = {head["log"]: head["witnesses"][0]["found"] for head in heads}
    assert found == {"shared": "same", "node/node1": "kept", "node/node2": "kept"}
    file = str(tmp_path / "heads.json")
    cluster["node1"].vx("head", "--all-nodes", "-O", file)
    said = json.loads(cluster["node1"].vx("verify", "--head", file, "--json"))
    assert problems(said) == []
    assert {row["log"]: row["known_to"] is not None for row in said["data"]["logs"]} == {
        "shared": True,
        "node/node1": True,
    }
    assert cluster["node1"].run("vx", "head", "-O", file).code == 1


@pytest.mark.parametrize("log", ["shared", "node"])
def test_a_log_made_anew_is_told_from_a_saved_head(
    log: str, cluster: Cluster, tmp_path: Path
) -> None:
    file = str(tmp_path / "heads.json")
    cluster["node1"].vx("head", "-O", file)
    copy = copy_of(cluster, tmp_path, log, 2)
    assert cluster["node1"].run("vx", "verify", "--replay", "--log", copy).code == 0
    done = cluster["node1"].run("vx", "verify", "--log", copy, "--head", file)
    assert done.code == 6
    assert "is another one than the head of" in done.out


def test_a_witness_has_what_tells(cluster: Cluster, tmp_path: Path) -> None:
    cluster["node1"].vx("head")
    copy = copy_of(cluster, tmp_path, "node", 2)
    kept = str(cluster.lab.home("node2") / "heads" / "node1.ndjson")
    authority = str(cluster.lab.home("node2") / "tls" / "ca.pem")
    words = ("verify", "--head", kept, "--ca", authority)
    home = str(cluster.lab.home("node1"))
    assert "keys by certificates" in cluster["node2"].vx(*words, "--log", home)
    done = cluster["node2"].run("vx", *words, "--log", copy)
    assert (done.code, "node/node1: the first position" in done.out) == (6, True)


def test_a_running_node_is_compared_with_another(cluster: Cluster) -> None:
    cluster["node1"].vx("head")
    said = cluster["node1"].data("verify", "--against", "node2")
    assert said["against"][0]["first_difference"] is None
    assert said["against"][0]["common"] > 0
    assert all(head["witnesses"] == ["node2 (kept)"] for head in said["heads"])
    done = cluster["node1"].run("vx", "verify", "--against", "node9")
    assert (done.code, "unknown node: node9" in done.err) == (3, True)


def test_a_node_whose_log_was_made_anew_is_told_by_the_other(cluster: Cluster) -> None:
    cluster["node1"].vx("head")
    cluster.lab_vx("kill", "node1")
    database = cluster.lab.home("node1") / "log.db"
    folded(database)
    rewrite(database, 2)
    cluster.lab_vx("start", "node1")
    cluster.until_roles(node1="master", node2="slave")
    assert cluster["node1"].run("vx", "verify", "--replay").code == 0
    done = cluster["node1"].run("vx", "verify", "--against", "node2")
    assert (done.code, "node/node1: the first position" in done.out) == (6, True)
    assert "is another one than the head of node2 says" in done.out


def folded(database: Path) -> None:
    """Fold the WAL in, as whoever changes the file first would do."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
