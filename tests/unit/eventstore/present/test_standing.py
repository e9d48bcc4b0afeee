"""What a node shows of both its logs: whose disk groups are, and what it may do with them."""

from typing import Any

import pytest

from cli.render import records
from eventstore.asking import questions
from eventstore.errors import NotFound
from eventstore.model import commands as cmd
from eventstore.model.state import State
from eventstore.present.standing import Log, Standing
from tests.support.model import World, appears, init_disk, make, make_group, size_for
from tests.support.sharing import PUBLIC, Cluster, a_cluster, activate


def with_a_private_group() -> Cluster:
    cluster = a_cluster()
    for name in ("sdc", "sdd"):
        cluster.own.sees(appears(name, size=size_for(PUBLIC))).does(init_disk(name))
    cluster.own.does(make_group("mine", "m1=sdc"), make("own", 8, group="mine"))
    return cluster


def asked(cluster: Cluster, question: str, *, enabled: bool = True, **args: object) -> Any:
    states: dict[Log, State] = {"shared": cluster.state, "node": cluster.own.state}
    standing = Standing("shared", states.__getitem__, enabled=enabled)
    return questions.answer_now(standing, question, args).data


def devices(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return {row["device"]: row for row in asked(cluster, "disk.list")}


def test_private_and_shared_groups_are_listed_together() -> None:
    rows = asked(with_a_private_group(), "dg.list")
    assert [(row["name"], row["states"]) for row in rows] == [
        ("dg", ["enabled", "shared", "cds"]),
        ("mine", ["enabled", "cds"]),
    ]


def test_a_group_is_named_in_either_log() -> None:
    cluster = with_a_private_group()
    shared = [asked(cluster, "dg.list", group=name)[0]["shared"] for name in ("dg", "mine")]
    assert shared == [True, False]
    with pytest.raises(NotFound):
        asked(cluster, "dg.list", group="none")


def test_shared_groups_of_a_node_that_is_not_connected_are_shown_disabled() -> None:
    """C1, E3."""
    rows = asked(with_a_private_group(), "dg.list", enabled=False)
    assert [row["states"][0] for row in rows] == ["disabled", "enabled"]


def test_the_activation_of_each_node_is_shown_in_the_words_of_the_original() -> None:
    cluster = a_cluster().does(activate("ew")).does(activate("sr"), node="node3")
    text = records.group_detail(asked(cluster, "dg.list", group="dg"), True)
    assert "local-activation: exclusive-write\n" in text
    assert "cluster-actv-modes: node1=ew node2=off node3=sr\n" in text
    assert "flags:     shared cds\n" in text


def test_a_private_group_is_read_and_written_by_its_host() -> None:
    text = records.group_detail(asked(with_a_private_group(), "dg.list", group="mine"), True)
    assert "local-activation: read-write\n" in text
    assert "cluster-actv-modes" not in text


def test_a_device_of_a_shared_group_is_online_shared() -> None:
    rows = devices(with_a_private_group())
    shown = [(rows[name]["status"], rows[name]["group"]) for name in ("sda", "sdc", "sdd")]
    assert shown == [("online shared", "dg"), ("online", "mine"), ("online", None)]


def test_a_device_that_another_node_initialised_is_shown_as_the_cluster_has_it() -> None:
    cluster = a_cluster()
    cluster.own = World().sees(appears("sdx", "id-x"))
    row = devices(cluster)["sdx"]
    assert (row["status"], row["type"], row["disk"]) == ("online shared", "auto:cdsdisk", "a")


def test_a_deported_shared_group_is_told_apart() -> None:
    row = devices(a_cluster().does(cmd.DeportDiskGroup("dg")))["sda"]
    assert (row["group"], row["deported_group"], row["status"]) == (None, "dg", "online")
