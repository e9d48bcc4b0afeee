"""Nodes that are hindered: a full disk, I/O that does not end, certificates of others.

Each test leaves the cluster as it found it: all joined, all equal, taking changes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli import lab_homes
from daemon.errors import RequestFailed
from daemon.wire import control
from tests.soak.clients import GROUP
from tests.soak.ground import Ground
from tests.support.clusters import running_cluster
from tests.support.faults import fill, make_larger, needs_mount, small_disk
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

NODE = "node3"
VOLUME = f"{GROUP}/vol"


class Hindered(Ground):
    """A cluster with a volume that node3 has active."""

    def grow(self, request_id: str, node: str = "node1") -> int:
        args: dict[str, object] = {"group": GROUP, "name": "vol", "length_sectors": 8}
        return int(self.do(node, "volume.growby", args, request_id)["position"])

    def refusal(self, request_id: str) -> RequestFailed:
        with pytest.raises(RequestFailed) as caught:
            self.grow(request_id)
        return caught.value

    def refused_until_named(self, node: str) -> RequestFailed:
        """Grow until that is refused for a node's sake; others before are done, or failed."""
        found: list[RequestFailed] = []

        def refused() -> bool:
            try:
                self.grow(f"full-{self.head()}-{len(found)}")
            except RequestFailed as error:
                found.append(error)
            return bool(found) and found[-1].id == "V-5-1-7911"

        wait_until(refused)
        assert found[-1].node == node
        return found[-1]

    def activate(self, mode: str) -> None:
        args: dict[str, object] = {"group": GROUP, "values": {"activation": mode}}
        self.do(NODE, "dg.set", args, f"{mode}-{self.head()}")

    def head(self) -> int:
        """Where the shared log ends on the first node."""
        return int(self.ask("node1", control.query("status", {}))["logs"][0]["position"])

    def holding(self) -> bool:
        """Whether node3's kernel holds I/O, or is about to."""
        return bool(self.cluster.lab.monitor.status()["nodes"][NODE]["holding"])

    def master(self) -> str:
        return next(node for node, role in self.cluster.roles().items() if role == "master")

    def home(self) -> Path:
        return self.cluster.lab.home(NODE)

    def make_home(self) -> None:
        """Make node3's home anew; its log is caught up."""
        lab = self.cluster.lab
        cluster_id = lab.monitor.ask({"op": "status"})["members"]["cluster_id"]
        lab_homes.make_all(lab.directory, self.nodes, cluster_id, lab.monitor.socket)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hindered]:
    with running_cluster(tmp_path_factory.mktemp("hindered")) as cluster:
        ground = Hindered(cluster, 0)
        ground.make_group(2)
        volume: dict[str, object] = {"group": GROUP, "name": "vol", "length_sectors": 64}
        ground.do("node1", "volume.make", volume, "vol")
        yield ground


@pytest.fixture
def active(shared: Hindered) -> Iterator[Hindered]:
    """The cluster, while node3 has the group active: what changes there is held first."""
    shared.activate("sharedwrite")
    yield shared
    shared.activate("off")
    shared.rest()


def test_io_that_does_not_end_fails_the_change_and_names_the_node(active: Hindered) -> None:  # D4
    active.cluster.lab_vx("io", NODE, "stuck", VOLUME)
    error = active.refusal("stuck")
    assert (error.id, error.node, error.exit_code) == ("V-5-1-7915", NODE, 1)
    active.cluster.lab_vx("io", NODE, "end", VOLUME)
    assert active.refusal("stuck").id == "V-5-1-7915"  # the first outcome, for ever (D13)
    active.grow("unstuck")


def test_a_change_waits_for_io_in_flight(active: Hindered) -> None:  # D4
    active.cluster.lab_vx("io", NODE, "busy", VOLUME)
    with ThreadPoolExecutor(1) as pool:
        growing = pool.submit(active.grow, "busy")
        wait_until(active.holding)
        assert not growing.done()
        active.cluster.lab_vx("io", NODE, "end", VOLUME)
        assert growing.result(60)
    wait_until(lambda: not active.holding())


@pytest.mark.parametrize("victim", ["held", "master"])
def test_a_hold_ends_also_where_a_node_dies_meanwhile(active: Hindered, victim: str) -> None:
    lab = active.cluster.lab
    lab.monitor.ask({"op": "io", "node": NODE, "load": "busy", "volume": None})
    with ThreadPoolExecutor(1) as pool:
        growing = pool.submit(active.grow, f"dies-{victim}", "node2")
        wait_until(active.holding)
        node = NODE if victim == "held" else active.master()
        lab.kill(node)
        lab.monitor.ask({"op": "io", "node": NODE, "load": None, "volume": None})
        lab.start(node)
        outcome = growing.exception(60)
    active.rest()
    wait_until(lambda: not active.holding())
    said = {active.outcomes([f"dies-{victim}"], name)[0] for name in active.nodes}
    assert len(said) == 1
    assert (next(iter(said))[0] == "done") == (outcome is None)


@needs_mount
def test_a_full_disk_refuses_changes_and_names_the_node(shared: Hindered, tmp_path: Path) -> None:
    lab = shared.cluster.lab
    lab.kill(NODE)
    shutil.move(shared.home(), tmp_path / "kept")
    try:
        with small_disk(shared.home(), 8) as home:
            shared.make_home()
            lab.start(NODE)
            shared.rest()
            fill(home)
            error = shared.refused_until_named(NODE)
            assert (error.id, error.rule) == ("V-5-1-7911", "D1")
            make_larger(home, 40)
            shared.rest()
            shared.grow("room-again")
            lab.kill(NODE)
    finally:
        shared.home().rmdir()
        shutil.move(tmp_path / "kept", shared.home())
        lab.start(NODE)
    shared.rest()


def test_a_certificate_of_another_authority_is_no_conversation(
    shared: Hindered, tmp_path: Path
) -> None:  # G1
    lab, home = shared.cluster.lab, shared.home()
    cluster_id = lab.monitor.ask({"op": "status"})["members"]["cluster_id"]
    lab.kill(NODE)
    shutil.move(home / "tls", tmp_path / "tls")
    authority, names = str(tmp_path / "ca"), ["--node", NODE, "--home", str(home)]
    lab_homes._vxconfigd("ca", "init", "--dir", authority, "--cluster", cluster_id)
    lab_homes._vxconfigd("node-cert", "--ca", authority, *names)
    lab.start(NODE)
    said = lab.home("node1") / "vxconfigd.log"
    wait_until(lambda: "node3: not reached" in said.read_text())
    assert "its certificate does not hold" in said.read_text()
    assert shared.cluster.roles() == dict.fromkeys(shared.nodes, "joining")
    lab.kill(NODE)
    shutil.rmtree(home / "tls")
    shutil.move(tmp_path / "tls", home / "tls")
    lab.start(NODE)
    shared.rest()
    shared.grow("ours-again")
