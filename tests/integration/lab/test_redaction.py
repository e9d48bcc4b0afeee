"""A context of the shared log is taken out on every node, also on one that was away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clusters import Cluster, running_cluster
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("redaction")) as made:
        yield made


def context(cluster: Cluster, node: str, position: int) -> Any:
    return cluster[node].data("show", f"shared@{position}")["context"]


def test_a_shared_context_is_redacted_on_every_node(cluster: Cluster) -> None:
    node1 = cluster["node1"]
    node1.vx("retention", "set", "--keep", "5000", "-m", "the-secret-word")
    since = node1.data("retention", "show")["since"]
    wait_until(lambda: len(cluster.heads()) == 1)
    assert context(cluster, "node3", since)["message"] == "the-secret-word"
    cluster.lab_vx("leave", "node3")
    cluster["node2"].vx("redact", f"shared@{since}", "--reason", "a secret", "--yes")
    assert context(cluster, "node1", since)["redacted"]
    cluster.lab_vx("join", "node3")
    wait_until(lambda: len(cluster.heads()) == 1)
    for node in cluster.nodes:
        told = context(cluster, node, since)
        assert (told["redacted"], told["message"]) == (True, None)
        assert told["redacted_by"]["reason"] == "a secret"
        assert cluster[node].data("retention", "show")["keep"] == 5000
        assert cluster[node].run("vx", "verify", "--replay").code == 0
