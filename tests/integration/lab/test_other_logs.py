"""Homes that are not what they were: restored, blank, of another history. None is ever merged.

Each test leaves the cluster as it found it: all joined, all equal, taking changes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import lab_homes
from tests.soak.clients import GROUP
from tests.soak.ground import Ground
from tests.support.clusters import Cluster, running_cluster
from tests.support.json_schema import problems
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

FILES = ("log.db", "log.db-wal", "log.db-shm")


class Homes:
    """The logs of a cluster's nodes, taken away and put back while their daemons are down."""

    def __init__(self, cluster: Cluster, ground: Ground, copies: Path) -> None:
        self.cluster = cluster
        self.ground = ground
        self._copies = copies
        self._made = 0

    @property
    def nodes(self) -> list[str]:
        return self.ground.nodes

    def make(self, node: str) -> str:
        """Make a volume by way of a node; return its name."""
        self._made += 1
        name = f"v{self._made}"
        args: dict[str, object] = {"group": GROUP, "name": name, "length_sectors": 64}
        self.ground.do(node, "volume.make", args, f"make-{name}")
        return name

    def shows(self, node: str) -> set[str]:
        """Return the volumes that a node shows, as of now."""
        return {row["name"] for row in self.cluster[node].data("volume", "list", "-g", GROUP)}

    def keep(self, label: str, *nodes: str) -> None:
        """Copy logs as they are; the daemons are down."""
        for node in nodes:
            for file in FILES:
                source = self.cluster.lab.home(node) / file
                if source.exists():
                    shutil.copy(source, self._copies / f"{label}-{node}-{file}")

    def put_back(self, label: str, *nodes: str) -> None:
        """Put copies in the place of logs; the daemons are down."""
        for node in nodes:
            for file in FILES:
                copy = self._copies / f"{label}-{node}-{file}"
                (self.cluster.lab.home(node) / file).unlink(missing_ok=True)
                if copy.exists():
                    shutil.copy(copy, self.cluster.lab.home(node) / file)

    def anew(self, node: str) -> None:
        """Make a node's home anew, of the same cluster; the daemon is down."""
        lab = self.cluster.lab
        shutil.rmtree(lab.home(node))
        cluster_id = lab.monitor.ask({"op": "status"})["members"]["cluster_id"]
        lab_homes.make_all(lab.directory, self.nodes, cluster_id, lab.monitor.socket)

    def problems(self, node: str) -> str:
        """Return what a node's status complains of."""
        return "; ".join(one["text"] for one in self.cluster[node].data("status")["problems"])


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    with running_cluster(tmp_path_factory.mktemp("homes")) as cluster:
        ground = Ground(cluster, 0)
        ground.make_group(2)
        yield Homes(cluster, ground, tmp_path_factory.mktemp("copies"))


def master(homes: Homes) -> str:
    return next(node for node, role in homes.cluster.roles().items() if role == "master")


def another(homes: Homes, node: str) -> str:
    return next(name for name in homes.nodes if name != node)


@pytest.mark.parametrize("leads", [False, True], ids=["slave", "master"])
def test_a_restored_backup_is_caught_up(homes: Homes, leads: bool) -> None:
    lab, chief = homes.cluster.lab, master(homes)
    node = chief if leads else another(homes, chief)
    lab.kill(node)
    homes.keep("old", node)
    lab.start(node)
    homes.ground.rest()
    later = {homes.make(another(homes, node)) for _ in range(3)}
    lab.kill(node)
    homes.put_back("old", node)
    lab.start(node)
    homes.ground.rest()
    assert later <= homes.shows(node)
    homes.make(node)


@pytest.mark.parametrize("leads", [False, True], ids=["slave", "master"])
def test_a_blank_home_is_caught_up(homes: Homes, leads: bool) -> None:
    lab, chief = homes.cluster.lab, master(homes)
    node = chief if leads else another(homes, chief)
    before = {homes.make(node)} | homes.shows(node)
    lab.kill(node)
    homes.anew(node)
    lab.start(node)
    homes.ground.rest()
    assert homes.shows(node) == before
    homes.make(node)


def test_nothing_is_decided_where_a_majority_of_logs_was_restored(homes: Homes) -> None:  # C1, I9
    lab, chief = homes.cluster.lab, master(homes)
    others = [node for node in homes.nodes if node != chief]
    for node in others:
        lab.kill(node)
    homes.keep("old", *others)
    for node in others:
        lab.start(node)
    homes.ground.rest()
    later = homes.make(chief)
    for node in others:
        lab.kill(node)
    homes.keep("new", *others)
    homes.put_back("old", *others)
    for node in others:
        lab.start(node)
    wait_until(lambda: "no majority" in homes.problems(chief))
    refused = homes.cluster[chief].run("vx", "volume", "make", "-g", GROUP, "no", "64")
    assert (refused.code, "C1" in refused.err) == (69, True)
    for node in others:
        lab.kill(node)
    homes.put_back("new", *others)
    for node in others:
        lab.start(node)
    homes.ground.rest()
    assert all(later in homes.shows(node) for node in homes.nodes)


def with_another_log(homes: Homes) -> tuple[list[str], list[str]]:
    """Let two histories begin at one point; return what was made in the kept one, and in this."""
    lab = homes.cluster.lab
    lab.down()
    homes.keep("base", *homes.nodes)
    lab.up([], 0, 1)
    kept = [homes.make("node1") for _ in range(3)]
    lab.down()
    homes.keep("other", *homes.nodes)
    homes.put_back("base", *homes.nodes)
    lab.up([], 0, 1)
    return kept, [homes.make("node1") for _ in range(5)]


def said(homes: Homes, node: str, *arguments: str) -> Any:
    done = homes.cluster[node].run("vx", *arguments, "--json")
    document = json.loads(done.out or done.err)
    assert problems(document) == []
    assert done.code == 0, document
    return document["data"]


def is_quarantined(homes: Homes, node: str) -> bool | None:
    """Whether the log of a node is; None while its daemon begins anew."""
    done = homes.cluster[node].run("vx", "quarantine", "list", "--json")
    if done.code == 69:
        return None
    return json.loads(done.out)["data"]["quarantined"] is not None


@pytest.fixture(scope="module")
def histories(homes: Homes) -> tuple[list[str], list[str]]:
    return with_another_log(homes)


@pytest.mark.parametrize("leads", [False, True], ids=["slave", "master"])
def test_another_history_is_put_out_and_joins_once_it_is_set_aside(
    homes: Homes,
    histories: tuple[list[str], list[str]],
    leads: bool,
) -> None:  # B3
    kept, made = histories
    lab, chief = homes.cluster.lab, master(homes)
    node = chief if leads else another(homes, chief)
    lab.kill(node)
    homes.put_back("other", node)
    lab.start(node)
    wait_until(lambda: is_quarantined(homes, node) is True)
    homes.cluster.until_roles(**{node: "out"})
    assert "is another one" in homes.problems(node)
    refused = homes.cluster[node].run("vx", "volume", "make", "-g", GROUP, "no", "64")
    assert (refused.code, "B3" in refused.err) == (69, True)
    made.append(homes.make(another(homes, node)))
    aside = said(homes, node, "quarantine", "set-aside", "--yes")
    assert aside["from"] <= aside["through"]
    wait_until(lambda: is_quarantined(homes, node) is False)
    lab.join(node)
    homes.ground.rest()
    assert len(said(homes, node, "quarantine", "list")["aside"]) == 1
    assert (homes.shows(node) & {*kept, *made}) == set(made)
    assert said(homes, node, "verify", "--replay")["ok"]
    homes.make(node)
