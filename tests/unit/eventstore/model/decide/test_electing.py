"""What an election takes with it: activations, who left, what needs recovery (B1, B7, F1)."""

import pytest

from eventstore.model import commands as cmd, events as ev
from tests.support.sharing import Cluster, a_cluster, activate

WRITING = ["ew", "sw"]


def left(cluster: Cluster, *nodes: str) -> list[ev.NodeLeft]:
    return [e for e in cluster.would_elect(*nodes) if isinstance(e, ev.NodeLeft)]


def needs_recovery(mode: str) -> Cluster:
    """Node3 had the group active when it went."""
    return a_cluster().does(activate(mode), node="node3").elects("node1", "node2")


def test_a_node_that_is_absent_has_nothing_active_any_more() -> None:
    cluster = a_cluster().does(activate("sw"), node="node3").does(activate("sw"), node="node2")
    assert cluster.elects("node1", "node2").modes() == ["off", "sw", "off"]


def test_a_node_that_started_anew_has_nothing_active_though_it_is_here() -> None:
    cluster = a_cluster().does(activate("sw")).does(activate("sw"), node="node2")
    cluster.starts_anew("node2").elects("node1", "node2", "node3")
    assert cluster.modes() == ["sw", "off", "off"]


def test_a_daemon_that_started_anew_keeps_what_its_node_has_active() -> None:
    cluster = a_cluster().does(activate("ew"))
    assert cluster.elects("node1", "node2", "node3").modes()[0] == "ew"


@pytest.mark.parametrize("mode", WRITING)
def test_started_volumes_need_recovery_where_a_node_went_that_could_write(mode: str) -> None:
    assert needs_recovery(mode).states() == ("ENABLED", "NEEDSYNC")


@pytest.mark.parametrize("mode", ["ro", "sr"])
def test_nothing_needs_recovery_where_a_node_went_that_only_read(mode: str) -> None:
    assert needs_recovery(mode).states() == ("ENABLED", "ACTIVE")


def test_a_node_that_crashed_and_is_back_at_once_leaves_volumes_to_recover_too() -> None:
    cluster = a_cluster().does(activate("sw")).starts_anew("node1")
    assert cluster.elects("node1", "node2", "node3").states() == ("ENABLED", "NEEDSYNC")


def test_volumes_that_were_stopped_need_no_recovery() -> None:
    cluster = a_cluster().does(activate("sw"), cmd.StopVolumes("dg"))
    assert cluster.elects("node2", "node3").states() == ("DISABLED", "CLEAN")


@pytest.mark.parametrize(
    "recovers",
    [
        [cmd.ResyncVolumes("dg", ("vol",))],
        [cmd.StartVolumes("dg")],
        [cmd.StopVolumes("dg"), cmd.StartVolumes("dg")],
    ],
)
def test_resync_or_the_next_start_recovers(recovers: list[cmd.AnyCommand]) -> None:
    assert needs_recovery("sw").does(*recovers).states() == ("ENABLED", "ACTIVE")


def test_a_volume_that_needs_recovery_does_not_become_clean_by_being_stopped() -> None:
    cluster = needs_recovery("sw").does(cmd.StopVolumes("dg"))
    assert cluster.states() == ("DISABLED", "NEEDSYNC")


def test_a_leave_is_clean_if_the_node_had_nothing_in_use() -> None:
    """B7, B8."""
    cluster = a_cluster().does(activate("sr"), node="node3")
    assert left(cluster, "node1") == [
        ev.NodeLeft("node2", clean=True),
        ev.NodeLeft("node3", clean=False),
    ]
    cluster.does(activate("off"), node="node3")
    assert left(cluster, "node1", "node2") == [ev.NodeLeft("node3", clean=True)]


def test_the_start_after_the_last_node_went_uncleanly_marks_what_it_left() -> None:
    """B8."""
    cluster = a_cluster().does(activate("sw")).elects("node1")
    cluster.starts_anew("node1", "node2")
    assert cluster.elects("node2", "node1").states() == ("ENABLED", "NEEDSYNC")


def test_the_start_after_a_clean_end_recovers_nothing() -> None:
    cluster = a_cluster().does(activate("sw"), activate("off")).elects("node1")
    assert cluster.starts_anew("node1").elects("node1").states() == ("ENABLED", "ACTIVE")
