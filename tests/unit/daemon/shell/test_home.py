"""Founding a home, and holding it against any other daemon."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec
import pytest

from daemon.config import ClusterSettings, KernelSettings, NodeSettings, Settings, load
from daemon.shell import home as homes
from eventstore.codec import decode_events
from eventstore.errors import Rejected, Unavailable
from eventstore.model import events as ev
from eventstore.storage.offline import LOCK, read_store

SETTINGS = Settings(
    ClusterSettings("lab"), NodeSettings("node1"), KernelSettings("monitor", devices=("sd*", "x"))
)


def test_a_new_home_has_its_settings_and_position_one_of_both_logs(tmp_path: Path) -> None:
    homes.found(tmp_path / "home", SETTINGS)
    assert load(tmp_path / "home", environment={}) == SETTINGS
    with read_store(tmp_path / "home" / "log.db") as readers:
        (cluster,) = decode_events(readers["shared"].commit(1).payload)
        (node,) = decode_events(readers["node"].commit(1).payload)
        assert readers["shared"].last() == readers["node"].last() == 1
    assert isinstance(cluster, ev.ClusterCreated)
    assert isinstance(node, ev.NodeCreated)
    assert (cluster.name, cluster.nodes) == ("lab", ("node1",))
    assert (node.name, node.cluster_id) == ("node1", cluster.cluster_id)


def test_all_nodes_of_a_cluster_are_given_the_same_position_one(tmp_path: Path) -> None:
    nodes = ("node1", "node2", "node3")
    cluster_id = homes.found(tmp_path / "node1", SETTINGS, nodes)
    for name in nodes[1:]:
        settings = msgspec.structs.replace(SETTINGS, node=NodeSettings(name))
        assert homes.found(tmp_path / name, settings, nodes, cluster_id) == cluster_id
    firsts = []
    for name in nodes:
        with read_store(tmp_path / name / "log.db") as readers:
            firsts.append(readers["shared"].commit(1)[:5])
    assert firsts[0] == firsts[1] == firsts[2]


def test_a_node_that_joins_later_begins_with_the_same_position_one(tmp_path: Path) -> None:
    nodes = ("node1", "node2")
    cluster_id = homes.found(tmp_path / "node1", SETTINGS, nodes)
    later = msgspec.structs.replace(SETTINGS, node=NodeSettings("node3"))
    homes.found(tmp_path / "node3", later, nodes, cluster_id, joins=True)
    firsts = []
    for name in ("node1", "node3"):
        with read_store(tmp_path / name / "log.db") as readers:
            firsts.append(readers["shared"].commit(1)[:5])
    assert firsts[0] == firsts[1]
    with pytest.raises(Rejected, match="cannot be founded"):
        homes.found(tmp_path / "other", SETTINGS, nodes, cluster_id, joins=True)


@pytest.mark.parametrize(
    ("nodes", "cluster_id"),
    [
        (("node2", "node3"), None),
        (("node1", "node1"), None),
        (("node1", "no name"), None),
        (("node1", "node2"), "1b423bd5fc69384f5b36b02dabe51ce3"),
    ],
)
def test_a_cluster_that_cannot_be_is_not_founded(
    tmp_path: Path, nodes: tuple[str, ...], cluster_id: str | None
) -> None:
    with pytest.raises(Rejected, match="cannot be founded"):
        homes.found(tmp_path / "home", SETTINGS, nodes, cluster_id)
    assert not (tmp_path / "home").exists()


def test_a_home_is_not_for_everybody(tmp_path: Path) -> None:
    homes.found(tmp_path / "home", SETTINGS)
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "home" / "log.db").stat().st_mode & 0o777 == 0o640


def test_a_home_is_made_once(tmp_path: Path) -> None:
    homes.found(tmp_path, SETTINGS)
    before = (tmp_path / "log.db").read_bytes()
    with pytest.raises(Rejected, match="is a home already"):
        homes.found(tmp_path, SETTINGS)
    (tmp_path / "config.toml").unlink()
    with pytest.raises(Rejected, match="is a home already"):
        homes.found(tmp_path, SETTINGS)
    assert (tmp_path / "log.db").read_bytes() == before


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 32, "a\n", "../a"])
def test_a_bad_name_makes_no_home(tmp_path: Path, name: str) -> None:
    bad = Settings(ClusterSettings("lab"), NodeSettings(name))
    with pytest.raises(Rejected, match="not valid"):
        homes.found(tmp_path / "home", bad)
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_held_is_refused_and_its_holder_named(tmp_path: Path) -> None:
    with (
        homes.locked(tmp_path),
        pytest.raises(Unavailable, match="another daemon") as raised,
        homes.locked(tmp_path),
    ):
        pass
    assert f"process {os.getpid()} holds" in str(raised.value.cause)


def test_a_home_can_be_held_again_after_its_holder_died(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("4194305\n")
    for _ in range(2):
        with homes.locked(tmp_path):
            assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    assert (tmp_path / LOCK).read_text() == ""


def test_a_reader_that_copies_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / LOCK).open("a") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            fcntl.flock(reader, fcntl.LOCK_UN)

        monkeypatch.setattr(homes, "sleep", wait)
        with homes.locked(tmp_path):
            assert len(waits) == 1
