"""A node that is far behind stores what it lacks, gets a keyframe, and begins anew (C3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.core.station import FAR_BEHIND
from daemon.shell.repeat import repeat
from eventstore.proofs.verify import verify
from eventstore.source import DATABASE
from eventstore.storage.offline import read_store
from tests.soak.clients import GROUP
from tests.soak.ground import Ground
from tests.support.clusters import Cluster, running_cluster
from tests.support.far_behind import leave_behind
from tests.support.lab import RunningHome
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

SAYS = "all that was missing is stored, a keyframe @"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        ground = Ground(running, 0)
        ground.make_group(2)
        args: dict[str, object] = {"group": GROUP, "name": "v1", "length_sectors": 64}
        ground.do("node1", "volume.make", args, "make-v1")
        yield running


def archive(cluster: Cluster, node: str) -> None:
    """Archive nearly all that a node has of the shared log, once it has a keyframe behind it."""
    words = ("vx", "archive", "--before", f"shared@{FAR_BEHIND}")
    wait_until(lambda: cluster[node].run(*words).code == 0, 60)
    assert cluster[node].data("archive", "list")


def is_redacted(node: RunningHome, position: int) -> bool:
    """Whether a node has taken a context out: as soon as its index tells where that is said."""
    redacted: bool = node.data("show", f"shared@{position}")["context"]["redacted"]
    return redacted


def test_a_node_far_behind_is_given_what_is_archived(cluster: Cluster) -> None:
    lab = cluster.lab
    before, head = leave_behind(lab, FAR_BEHIND + 3000)
    for node in ("node1", "node2"):
        archive(cluster, node)
    cluster["node1"].vx("redact", f"shared@{before + 7}", "--yes")
    lab.join("node3")
    wait_until(lambda: len(cluster.heads()) == 1, 60)
    assert SAYS in (lab.home("node3") / "vxconfigd.log").read_text()
    wait_until(lambda: is_redacted(cluster["node3"], before + 7), 60)
    for node in cluster.nodes:
        assert cluster[node].run("vx", "verify", "--replay").code == 0
    lab.down()
    with read_store(lab.home("node3") / DATABASE) as logs:
        assert logs["shared"].last() >= head
        assert logs["shared"].archive.all() == []


def test_a_node_far_behind_is_equal_to_all_others_in_the_end(cluster: Cluster) -> None:
    lab = cluster.lab
    _before, head = leave_behind(lab, FAR_BEHIND + 3000)
    lab.join("node3")
    wait_until(lambda: len(cluster.heads()) == 1, 60)
    assert SAYS in (lab.home("node3") / "vxconfigd.log").read_text()
    lab.down()
    with read_store(lab.home("node3") / DATABASE) as logs:
        verdict = verify(logs["shared"], with_replay=True)
        assert verdict.ok
        assert verdict.commits >= head
        assert max(frame.position for frame in logs["shared"].keyframes.all()) > FAR_BEHIND
    assert [run.differs for run in repeat(lab.home("node3"))] == [None] * 3
