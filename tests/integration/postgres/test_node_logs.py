"""Nodes whose logs are in a database, each in a schema of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.config import CONFIG_FILE
from eventstore.proofs.verify import verify
from eventstore.source import DATABASE
from eventstore.storage.location import POINTER, location_of
from eventstore.storage.offline import read_store
from tests.soak.clients import GROUP
from tests.soak.ground import Ground
from tests.support.clusters import Cluster, running_cluster
from tests.support.json_schema import problems
from tests.support.lab import RunningHome
from tests.support.postgres_server import Server
from tests.support.postgres_stores import database_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NODES = ("node1", "node2", "node3")


def grow(cluster: Cluster, number: int, node: str = "node1") -> None:
    """Make a volume; also if the daemons have to come to themselves first."""
    name = f"v{number}"

    def made() -> bool:
        cluster[node].run("vxassist", "-g", GROUP, "make", name, "64")
        return name in volumes(cluster[node])

    wait_until(made, 60)


def volumes(node: RunningHome) -> set[str]:
    done = node.run("vx", "volume", "list", "--json")
    return {row["name"] for row in json.loads(done.out)["data"]} if done.code == 0 else set()


def hashes(cluster: Cluster) -> set[str]:
    """Where the shared log ends, according to the logs themselves."""
    found = set()
    for node in NODES:
        with read_store(cluster.lab.home(node) / DATABASE) as readers:
            assert verify(readers["shared"], with_replay=True).ok
            assert verify(readers["node"], with_replay=True).ok
            found.add(readers["shared"].head().hash.hex())
    return found


@pytest.fixture
def cluster(tmp_path: Path, own_postgres: Server) -> Iterator[Cluster]:
    with running_cluster(tmp_path, database=own_postgres.database()) as running:
        Ground(running, 0).make_group(2)
        yield running


@pytest.mark.long
def test_three_nodes_with_logs_on_one_server_outlive_a_daemon_and_the_server(
    cluster: Cluster, own_postgres: Server
) -> None:
    for node in NODES:
        home = cluster.lab.home(node)
        assert (home / POINTER).exists()
        assert not (home / DATABASE).exists()
    grow(cluster, 1)
    own_postgres.kill()
    own_postgres.start()
    grow(cluster, 2)
    cluster.lab.kill("node1")
    cluster.lab.start("node1")
    cluster.lab.kill("node3")
    cluster.lab.start("node3")
    grow(cluster, 3, "node2")
    wait_until(lambda: len(cluster.heads()) == 1 and "down" not in cluster.roles().values(), 60)
    assert {"v1", "v2", "v3"} <= volumes(cluster["node3"])
    assert "schema=node2" in cluster["node2"].data("status")["daemon"]["log"]
    cluster.lab.down()
    assert len(hashes(cluster)) == 1


@pytest.mark.long
def test_a_node_is_moved_into_a_database_and_back(tmp_path: Path, own_postgres: Server) -> None:
    url = f"{own_postgres.database()}&schema=moved"
    with running_cluster(tmp_path, nodes=1) as running:
        node, home = running["node1"], running.lab.home("node1")
        node.ok("vxdisk", "init", "vxd0")
        node.ok("vxdg", "init", "dg1", "d1=vxd0")
        refused = node.run("vx", "store", "copy", str(home), url)
        assert refused.code == 69
        assert "a daemon runs" in refused.err
        running.lab.down()
        document = json.loads(node.vx("store", "copy", str(home), url, "--json"))
        assert problems(document) == []
        with (home / CONFIG_FILE).open("a") as config:
            config.write(f'\n[log]\ndatabase = "{url}"\n')
        (home / DATABASE).rename(home / "log.db.before")
        running.lab.up([], 0, 0)
        assert node.data("status")["daemon"]["log"] == str(location_of(url))
        node.ok("vxassist", "-g", "dg1", "make", "v1", "1m")
        running.lab.down()
        copied = node.data("store", "copy", str(home), str(tmp_path / "back.db"))
        assert [row["copied_from"] for row in copied["logs"]] == [1, 1]
        with read_store(tmp_path / "back.db") as back, read_store(home / DATABASE) as moved:
            assert list(back["node"].commits()) == list(moved["node"].commits())
        kept = node.data("backup", str(tmp_path / "kept.db"))
        assert kept["logs"][1]["position"] == copied["logs"][1]["position"]


def vxconfigd(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_a_home_that_has_both_a_log_and_a_database_starts_no_daemon(
    tmp_path: Path, postgres: Server
) -> None:
    home = tmp_path / "home"
    names = ("--cluster", "c", "--node", "n", "--kernel", "monitor")
    assert vxconfigd("init", "--home", str(home), *names)[0] == 0
    with (home / CONFIG_FILE).open("a") as config:
        config.write(f'\n[log]\ndatabase = "{database_of(postgres)}"\n')
    code, said = vxconfigd("--home", str(home))
    assert code == 1
    assert "V-5-1-9157" in said


def test_a_schema_is_the_log_of_one_node(tmp_path: Path, postgres: Server) -> None:
    names = ("--cluster", "c", "--node", "n", "--kernel", "monitor")
    where = ("--database", postgres.database())
    assert vxconfigd("init", "--home", str(tmp_path / "one"), *names, *where)[0] == 0
    code, said = vxconfigd("init", "--home", str(tmp_path / "two"), *names, *where)
    assert code == 1
    assert "there is a log already" in said
    assert not (tmp_path / "two" / POINTER).exists()


def test_an_owner_makes_the_tables_and_a_role_that_may_make_none_uses_them(
    tmp_path: Path, postgres: Server
) -> None:
    url = f"{postgres.database()}&schema=owned"
    postgres.sql("CREATE ROLE daemon_role LOGIN")
    node = RunningHome(tmp_path)
    document = json.loads(node.vx("store", "migrate", url, "--grant", "daemon_role", "--json"))
    assert problems(document) == []
    names = ("--cluster", "c", "--node", "n", "--kernel", "monitor")
    used = url.replace("//postgres@", "//daemon_role@")
    code, said = vxconfigd("init", "--home", str(tmp_path / "n"), *names, "--database", used)
    assert (code, said) == (0, "")
    assert node.data("verify", "--log", used)["ok"]
