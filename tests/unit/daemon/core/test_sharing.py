"""Shared disk groups in a cluster of cores: made, activated, left behind (B1, B7, B8, D3, F1)."""

import pytest

from daemon.core.ready import Leave, LeaveAllowed, Viewed
from eventstore.model import commands as cmd, events as ev
from eventstore.model.activation import mode_of
from tests.support.cores import Cores, error_of
from tests.support.model import appears, init_disk, make, size_for
from tests.support.sharing import activate, share

NODES = ("node1", "node2", "node3")


def a_cluster_that_sees_disks() -> Cores:
    """Three nodes; each calls the one disk otherwise."""
    cores = Cores(*NODES)
    cores.views(*NODES)
    for name in NODES:
        cores.sees(name, appears(f"{name}-sda", "id-x", size_for(800)))
    return cores


def a_shared_group() -> Cores:
    """Made from node2, a slave, of a disk that was initialised there only."""
    cores = a_cluster_that_sees_disks()
    made = share("dg", (("a", "node2-sda"),))
    cores.done("node2", init_disk("node2-sda"), made, make("vol", 8))
    return cores


def modes(cores: Cores, name: str) -> list[str]:
    group = cores[name].node.shared.state.group("dg")
    assert group is not None
    return [mode_of(group, node) for node in NODES]


def state_of(cores: Cores, name: str) -> str:
    state = cores[name].node.shared.state
    group = state.group("dg")
    assert group is not None
    return state.volumes(group)[0].state


def may_leave(cores: Cores, name: str) -> bool:
    return bool(cores[name].asked_of_kernel(LeaveAllowed))


def test_a_slave_makes_a_shared_group_of_a_disk_that_it_initialised() -> None:
    """A6, D3: the master decides with what the asking node knows of the disk."""
    cores = a_shared_group()
    for name in NODES:
        assert [group.name for group in cores[name].node.shared.state.groups()] == ["dg"]
    assert len({one.node.shared.digest for one in cores.nodes.values()}) == 1


def test_a_node_that_does_not_reach_the_disk_refuses_and_is_named() -> None:
    """D3, D11."""
    cores = Cores(*NODES)
    cores.views(*NODES)
    for name in ("node1", "node2"):
        cores.sees(name, appears("sda", "id-x", size_for(800)))
    cores.done("node2", init_disk("sda"))
    answer = cores.asks("node2", share("dg", (("a", "sda"),)))
    assert error_of(answer) == "V-5-1-7921"
    assert answer["error"]["node"] == "node3"
    assert cores["node1"].node.shared.state.groups() == []


def test_each_node_activates_for_itself() -> None:
    """F1: the mode is that of the node where it was asked for."""
    cores = a_shared_group()
    cores.done("node3", activate("sw"))
    cores.done("node1", activate("sw"))
    assert error_of(cores.asks("node2", activate("ew"))) == "V-5-1-7995"
    assert [modes(cores, name) for name in NODES] == [["sw", "off", "sw"]] * 3


def test_what_a_node_had_active_is_kept_over_a_restart_of_its_daemon_only() -> None:
    """F1."""
    cores = a_shared_group()
    cores.done("node3", activate("sw"))
    cores.restarts("node3")
    cores.views(*NODES)
    assert modes(cores, "node1") == ["off", "off", "sw"]
    cores.reboots("node3")
    cores.views(*NODES)
    assert modes(cores, "node1") == ["off", "off", "off"]


def test_the_master_cleans_up_after_a_node_that_left() -> None:
    """B7."""
    cores = a_shared_group()
    cores.done("node3", activate("ew"))
    cores.views("node1", "node2")
    assert (modes(cores, "node2"), state_of(cores, "node2")) == (["off"] * 3, "NEEDSYNC")
    assert ev.NodeLeft("node3", clean=False) in cores.events("node2")
    cores.done("node2", cmd.ResyncVolumes("dg", ("vol",)))
    assert state_of(cores, "node1") == "ACTIVE"


def test_a_clean_leave_waits_until_nothing_is_in_use_and_needs_no_recovery() -> None:
    """B8."""
    cores = a_shared_group()
    cores.done("node3", activate("sw"))
    cores.steps("node3", Leave())
    assert not may_leave(cores, "node3")
    assert cores["node3"].node.leaving.waits_for == ("disk group dg is active as sw",)
    cores.done("node3", activate("off"))
    assert may_leave(cores, "node3")
    cores.views("node1", "node2")
    assert ev.NodeLeft("node3", clean=True) in cores.events("node1")
    assert state_of(cores, "node1") == "ACTIVE"


def test_a_node_that_has_nothing_in_use_may_leave_at_once() -> None:
    cores = a_shared_group()
    cores.steps("node1", Leave())
    assert may_leave(cores, "node1")


@pytest.mark.parametrize("name", ["node1", "node3"])
def test_a_node_that_is_about_to_leave_activates_nothing_any_more(name: str) -> None:
    """B8; the master no more than a slave."""
    cores = a_shared_group()
    cores.steps(name, Leave())
    assert error_of(cores.asks(name, activate("sr"))) == "V-5-1-9102"
    cores.done("node2", activate("sr"))


def test_a_node_that_stays_after_all_activates_again() -> None:
    cores = a_shared_group()
    cores.steps("node3", Leave())
    cores.steps("node3", Leave(wanted=False))
    cores.done("node3", activate("sr"))


def test_the_kernel_hears_once_that_a_node_may_leave() -> None:
    cores = a_shared_group()
    cores.steps("node3", Leave())
    cores.steps("node3", Leave())
    cores.done("node1", activate("sr"))
    assert len(cores["node3"].asked_of_kernel(LeaveAllowed)) == 1


def test_shared_groups_are_disabled_until_a_daemon_caught_up_and_out_of_quorum() -> None:
    """C1, E3."""
    cores = a_shared_group()
    assert cores["node3"].node.standing.enabled
    cores.restarts("node3")
    assert "not told" in cores["node3"].node.standing.why
    cores.cut = {"node3"}
    cores.views(*NODES)
    assert "not caught up" in cores["node3"].node.standing.why
    cores.cut = set()
    cores.passes(1000)
    assert cores["node3"].node.standing.enabled
    cores.views("node3", quorate=False)
    assert "quorum" in cores["node3"].node.standing.why


def test_a_masters_daemon_that_is_down_disables_nothing_elsewhere() -> None:
    """E2: what the slaves show is correct; changes wait."""
    cores = a_shared_group()
    cores.views(*NODES, without=("node1",))
    assert cores["node2"].node.standing.enabled
    assert error_of(cores.asks("node2", activate("sr"))) == "V-5-1-7911"


def test_after_both_daemons_stopped_a_slave_is_not_to_be_trusted_until_both_are_back() -> None:
    """E4."""
    cores = a_shared_group()
    cores.restarts("node2")
    cores.views(*NODES, without=("node1",))
    assert not cores["node2"].node.standing.enabled
    cores.restarts("node1")
    cores.views(*NODES)
    assert cores["node2"].node.standing.enabled


def test_a_node_that_left_is_not_enabled_until_it_joined_again() -> None:
    cores = a_shared_group()
    cores.views("node1", "node2")
    view = cores["node1"].node.member.view
    assert view is not None
    cores.steps("node3", Viewed(view))
    assert "not in the cluster" in cores["node3"].node.standing.why
