"""I/O in flight on a node of a real cluster, and changes that have to wait for it (D4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.clusters import Cluster, running_cluster
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

VOLUME = "datadg/vol01"
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("holds"), disks=1) as made:
        home = made["node1"]
        home.ok("vxdisk", "init", "vxd0")
        home.ok("vxdg", "-s", "init", "datadg", "data01=vxd0")
        home.ok("vxassist", "-g", "datadg", "make", "vol01", "1m")
        yield made


def grow(cluster: Cluster, request: str, *options: str) -> int:
    """Ask for a larger volume on the first node; return the exit code."""
    line = ["vxassist", "-g", "datadg", "--id", request, *options, "growby", "vol01", "1m"]
    return cluster["node1"].run(*line).code


def outcome(cluster: Cluster, request: str) -> int:
    return cluster["node1"].run("vx", "outcome", request).code


def holds(cluster: Cluster) -> list[str]:
    """The nodes whose kernels hold I/O, or are asked to."""
    return [n["node"] for n in cluster.status()["nodes"] if n["cluster"]["holding"]]


def test_a_change_waits_for_io_in_flight_on_any_node(cluster: Cluster) -> None:
    cluster.lab_vx("io", "node2", "busy", VOLUME)
    assert grow(cluster, "waits", "--timeout", "1") == 5
    wait_until(lambda: holds(cluster) == ["node1", "node2", "node3"], DEADLINE_S)
    cluster.lab_vx("io", "node2", "end", VOLUME)
    wait_until(lambda: outcome(cluster, "waits") == 0, DEADLINE_S)
    wait_until(lambda: holds(cluster) == [], DEADLINE_S)


def test_a_change_fails_where_io_does_not_end_and_names_the_node(cluster: Cluster) -> None:
    cluster.lab_vx("io", "node3", "stuck")
    done = cluster["node1"].run("vxassist", "-g", "datadg", "growby", "vol01", "1m")
    cluster.lab_vx("io", "node3", "end")
    assert done.code == 1
    assert "node: node3" in done.err
    wait_until(lambda: holds(cluster) == [], DEADLINE_S)


def test_a_hold_outlives_the_daemon_and_is_released_by_the_next_run(cluster: Cluster) -> None:
    cluster.lab_vx("io", "node2", "busy", VOLUME)
    assert grow(cluster, "dies", "--timeout", "1") == 5
    wait_until(lambda: "node3" in holds(cluster), DEADLINE_S)
    cluster.lab_vx("kill", "node3")
    assert "node3" in holds(cluster)
    cluster.lab_vx("io", "node2", "end", VOLUME)
    cluster.lab_vx("start", "node3")
    wait_until(lambda: outcome(cluster, "dies") != 5, DEADLINE_S)
    wait_until(lambda: holds(cluster) == [], DEADLINE_S)
    assert grow(cluster, "after") == 0


def test_the_object_of_io_has_to_be_a_volume(cluster: Cluster) -> None:
    line = ["io", str(cluster.lab.directory), "node1", "busy", "datadg/data01"]
    done = cluster["node1"].run("vx", "lab", *line)
    assert (done.code, "datadg/data01 is no volume" in done.err) == (3, True)
