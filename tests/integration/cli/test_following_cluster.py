"""Following in a cluster: the same stream on every node, through a take-over, from a cursor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.clusters import DEADLINE_S, Cluster, running_cluster
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def _watch(cluster: Cluster, node: str, cursor: Path, *more: str) -> list[dict[str, Any]]:
    """What a node tells behind a cursor within two seconds."""
    line = ("watch", "--cursor-file", str(cursor), "--timeout", "2", "-o", "ndjson")
    return [json.loads(one)["data"] for one in cluster[node].vx(*line, *more).splitlines()]


def _positions(rows: list[dict[str, Any]], log: str) -> list[int]:
    return [row["position"] for row in rows if row["log"] == log]


def test_a_cursor_is_gone_on_from_on_another_node_and_after_a_take_over(tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    with running_cluster(tmp_path) as cluster:
        cluster["node1"].ok("vxdisk", "init", "vxd0")
        told = _watch(cluster, "node1", cursor, "--after", "@1")
        cluster["node2"].ok("vxdg", "-s", "init", "datadg", "d0=vxd0")
        told += _watch(cluster, "node3", cursor)
        cluster.lab_vx("abort", "node1")
        wait_until(lambda: _others(cluster) == {"master", "slave"}, DEADLINE_S)
        told += _watch(cluster, "node3", cursor)
        told += _watch(cluster, "node2", cursor)
        head = cluster["node2"].data("status")["logs"][0]["position"]
        assert _positions(told, "shared") == list(range(2, head + 1))
        _ahead(cluster, cursor)
        _both(cluster, tmp_path)
        _cut_off(cluster)


def _others(cluster: Cluster) -> set[str]:
    roles = cluster.roles()
    return {roles[node] for node in ("node2", "node3")}


def _ahead(cluster: Cluster, cursor: Path) -> None:
    """A cursor from a node that is further is waited for; the daemon says how far it is."""
    log, position, lineage, digest = cursor.read_text().split()
    cursor.write_text(f"{log} {int(position) + 1} {lineage} {digest}\n")
    waiting = cluster["node2"].run(
        "vx", "watch", "--cursor-file", str(cursor), "--timeout", "1", "--heartbeat", "0.3"
    )
    assert (waiting.code, waiting.out) == (0, "")
    assert f"waiting: shared ends at @{position} here" in waiting.err
    cluster["node2"].ok("vxassist", "-g", "datadg", "make", "vol01", "10m")
    refused = cluster["node2"].run("vx", "watch", "--cursor-file", str(cursor), "--timeout", "5")
    assert (refused.code, "V-5-1-9300" in refused.err) == (3, True)


def _copy(cursor: Path) -> Path:
    copy = cursor.with_suffix(".copy")
    copy.write_text(cursor.read_text())
    return copy


def _both(cluster: Cluster, tmp_path: Path) -> None:
    """A node's own log is told with the shared one, in the order of what it had applied."""
    kept = tmp_path / "both"
    _watch(cluster, "node2", kept, "--log-of", "both")
    lab = str(cluster.lab.directory)
    cluster["node2"].ok("vx", "lab", "disk", "fail", lab, "vxd1", "--node", "node2")
    cluster["node3"].ok("vxassist", "-g", "datadg", "make", "vol02", "10m")
    said = cluster["node2"].ok("vxnotify", "--cursor-file", str(_copy(kept)), "-t", "3")
    assert "change disk vxd1 dm - dg - dgid -" in said
    assert "change dg datadg dgid" in said
    rows = _watch(cluster, "node2", kept)
    assert {row["log"] for row in rows} == {"shared", "node/node2"}
    applied = 0
    for row in rows:
        assert row["shared_position"] is None or applied in (0, row["shared_position"])
        applied = row["position"] if row["log"] == "shared" else applied
    assert {place.split()[0] for place in kept.read_text().splitlines()} == {
        "shared",
        "node/node2",
    }


def _cut_off(cluster: Cluster) -> None:
    """A node that takes no part says that it knows nothing, and not that nothing happened."""
    cluster.lab_vx("cut", "node3")
    wait_until(lambda: cluster.roles()["node3"] not in ("master", "slave"), DEADLINE_S)
    said = cluster["node3"].run("vx", "watch", "--heartbeat", "0.3", "--timeout", "5")
    assert "nothing known after shared @" in said.err
    assert "takes no part" in said.err
