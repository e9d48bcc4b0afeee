"""The way back on three real daemons: whoever is master undoes what nobody confirmed (D14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clusters import Cluster, running_cluster
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NAMES = ["node1", "node2", "node3"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as made:
        made["node1"].ok("vxdisk", "init", "vxd0")
        made["node1"].ok("vxdg", "-s", "init", "shareddg", "vxd0")
        made["node1"].ok("vxassist", "-g", "shareddg", "make", "vol01", "10m")
        yield made


def volumes(cluster: Cluster, node: str) -> dict[str, Any]:
    (group,) = cluster[node].data("print", "-g", "shareddg")["groups"]
    return {row["name"]: row["length_sectors"] for row in group["records"] if row["type"] == "v"}


def until_everywhere(cluster: Cluster, wanted: dict[str, int]) -> None:
    wait_until(lambda: all(volumes(cluster, node) == wanted for node in NAMES))


def master(cluster: Cluster) -> str:
    (found,) = (node for node, role in cluster.roles().items() if role == "master")
    return found


def test_what_was_done_on_one_node_is_undone_and_done_again_on_another(cluster: Cluster) -> None:
    before = volumes(cluster, "node1")
    cluster["node1"].ok("vxassist", "-g", "shareddg", "growby", "vol01", "5m")
    after = volumes(cluster, "node1")
    cluster["node2"].vx("undo", "--yes")
    until_everywhere(cluster, before)
    cluster["node3"].vx("redo", "--yes")
    until_everywhere(cluster, after)


def test_a_change_for_a_time_is_undone_although_its_master_and_its_daemon_are_gone(
    cluster: Cluster,
) -> None:
    before, chief = volumes(cluster, "node1"), master(cluster)
    cluster[chief].ok(
        "vxassist", "-g", "shareddg", "growby", "vol01", "2m",
        "--confirm-within", "3s", "--id", "grow-1",
    )  # fmt: skip
    cluster.lab_vx("abort", chief)
    left = [node for node in NAMES if node != chief]
    wait_until(lambda: all(volumes(cluster, node) == before for node in left))
    cluster.lab_vx("join", chief)
    until_everywhere(cluster, before)
    about = [row for row in cluster[left[0]].data("log", "-n", "9") if "grow-1" in str(row)]
    assert sorted(row["tx"] == "grow-1" for row in about) == [False, True]


def test_a_change_that_is_confirmed_on_another_node_stays(cluster: Cluster) -> None:
    before = volumes(cluster, "node1")["vol01"]
    cluster["node1"].ok(
        "vxassist", "-g", "shareddg", "growby", "vol01", "2m",
        "--confirm-within", "1h", "--id", "grow-2",
    )  # fmt: skip
    cluster["node2"].vx("confirm", "grow-2")
    until_everywhere(cluster, {"vol01": before + 4096})
    assert cluster["node3"].run("vx", "confirm", "grow-2").code != 0
