"""B11: a node more in a cluster that runs, and one less."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clusters import running_cluster
from tests.support.lab import RunningHome

pytestmark = pytest.mark.integration


def test_a_node_is_added_and_another_is_removed(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        cluster.lab_vx("add")
        assert cluster.roles()["node4"] == "slave"
        cluster.lab_vx("remove", "node2")
        cluster.lab_vx("add")
        newest = RunningHome(cluster.lab.home("node5"))
        nodes = sorted(seen["node"] for seen in newest.data("status")["nodes"])
        assert nodes == ["node1", "node3", "node4", "node5"]
        first = [home.data("show", "shared@1")["hash"] for home in (newest, cluster["node1"])]
        assert first[0] == first[1]
        assert list((cluster.lab.directory / "removed").glob("node2-*"))
