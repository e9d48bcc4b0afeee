"""Daemons ship what they log beside their work, and over a database that goes and comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.keeping import fleet
from eventstore.proofs.verify import verify
from eventstore.source import open_log
from tests.support.clusters import Cluster, running_cluster
from tests.support.json_schema import problems
from tests.support.lab import RunningHome, running_lab
from tests.support.postgres_server import Server, postgres_server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
NODES = ("node1", "node2", "node3")


@pytest.fixture
def server() -> Iterator[Server]:
    with postgres_server() as found:
        yield found


def keeps_up(lab: RunningHome) -> bool:
    archive = lab.data("status")["archive"]
    return archive["problem"] is None and all(row["lag"] == 0 for row in archive["logs"])


def holds(url: str) -> bool:
    with open_log(url) as source:
        return all(verify(reader, with_replay=True).ok for reader in source.readers.values())


@pytest.mark.long
def test_the_daemons_of_a_cluster_ship_its_log_once_and_each_its_own(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.database()
    monkeypatch.setenv("VX_ARCHIVE_URL", url)
    with running_cluster(tmp_path) as cluster:
        _make(cluster)
        wait_until(lambda: all(keeps_up(cluster[node]) for node in NODES))
        rows = fleet.status(url)
        assert {(row["log"], row["node"], row["problem"]) for row in rows} == {
            *(("shared", node, None) for node in NODES),
            *((f"node/{node}", node, None) for node in NODES),
        }
        told = cluster["node2"].run("vx", "print", "-g", "shareddg", "-ht").out
        name = rows[0]["cluster"]
        where = ("--log", url, "--cluster", name, "--node", "node2")
        assert cluster["node2"].run("vx", "print", "-g", "shareddg", "-ht", *where).out == told
        for line in ("vx print -g shareddg -ht", "vx log --json"):
            here = cluster["node1"].run(*line.split(), "--cluster", name)
            assert here.out == cluster["node1"].run(*line.split()).out
        found = cluster["node2"].data("find", "vol01")
        assert [row["object"] for row in found] == ["shareddg/vol01"]
        assert len(cluster["node1"].data("archive", "status")) == len(rows)
    for node in NODES:
        assert holds(f"{url}#{name}/{node}")


def _make(cluster: Cluster) -> None:
    cluster["node1"].ok("vxdisk", "init", "vxd0")
    cluster["node1"].ok("vxdg", "-s", "init", "shareddg", "vxd0")
    cluster["node2"].ok("vxassist", "-g", "shareddg", "make", "vol01", "10m")


@pytest.mark.long
def test_a_database_that_goes_holds_up_nobody_and_gets_the_rest_when_it_is_back(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.database()
    monkeypatch.setenv("VX_ARCHIVE_URL", url)
    with running_lab(tmp_path) as lab:
        lab.ok("vxdisk", "init", "vxd0")
        wait_until(lambda: keeps_up(lab))
        server.stop("immediate")
        lab.ok("vxdg", "init", "datadg", "vxd0")
        wait_until(lambda: lab.data("status")["archive"]["problem"] is not None)
        document = json.loads(lab.vx("status", "--json"))
        assert problems(document) == []
        status = document["data"]
        assert status["archive"]["problem"].startswith("archive postgresql://")
        assert status["archive"]["problem"] in status["problems"][-1]["text"]
        assert status["archive"]["logs"][1]["lag"] > 0
        told = lab.run("vx", "doctor", "--json")
        assert told.code == 6
        assert "archive" in told.out
        assert "archive postgresql://" in lab.vx("status")
        server.start()
        wait_until(lambda: keeps_up(lab))
        lab.kill()
        lab.start()
        lab.ok("vxassist", "-g", "datadg", "make", "vol01", "10m")
        wait_until(lambda: keeps_up(lab))
        with open_log(str(lab.home)) as here, open_log(f"{url}#") as there:
            last = there.readers["node"].last()
            ours = list(here.readers["node"].commits(high=last))
            assert list(there.readers["node"].commits()) == ours


def test_a_node_whose_log_is_in_a_database_ships_too(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.database()
    monkeypatch.setenv("VX_ARCHIVE_URL", url)
    with running_cluster(tmp_path, nodes=1, database=server.database()) as cluster:
        node = cluster["node1"]
        node.ok("vxdisk", "init", "vxd0")
        wait_until(lambda: keeps_up(node))
        assert "0 commits shipped" in node.vx("archive", "to", url)
    assert holds(f"{url}#")
