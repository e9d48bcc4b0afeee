"""B11: the configured nodes change one at a time, by majorities of the old and of the new ones."""

import pytest

from daemon.core.ready import PutOut
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.membership import NODES_MAX, majority_objection
from tests.support.cores import Cores, error_of
from tests.support.model import World, appears, init_disk, size_for
from tests.support.sharing import Cluster, activate, share

NODES = ("node1", "node2", "node3")


def a_cluster() -> Cores:
    cores = Cores(*NODES)
    cores.views(*NODES)
    return cores


def rename(old: str, new: str) -> cmd.RenameDisk:
    return cmd.RenameDisk("dg", old, new)


def configured(cores: Cores) -> tuple[str, ...]:
    return cores["node1"].node.shared.configured


def test_a_node_that_was_added_joins_though_its_disk_is_blank() -> None:
    cores = a_cluster()
    cores.done("node2", cmd.AddNode("node4"))
    cores.adds_blank("node4")
    cores.views(*NODES, "node4")
    assert cores["node4"].node.shared.digest == cores["node1"].node.shared.digest
    assert ev.NodeJoined("node4") in cores.events("node1")
    assert cores["node4"].hard.intact


def test_a_node_that_is_not_configured_is_put_out() -> None:
    cores = a_cluster()
    cores.adds_blank("node4")
    cores.views(*NODES, "node4")
    (put_out,) = cores["node1"].asked_of_kernel(PutOut)
    assert isinstance(put_out, PutOut)
    assert (put_out.node, "none of the configured nodes" in put_out.reason) == ("node4", True)


def test_a_node_that_left_is_removed_and_the_majority_is_that_of_the_others() -> None:
    cores = a_cluster()
    cores.views("node1", "node2")
    cores.done("node1", cmd.RemoveNode("node3"))
    assert configured(cores) == ("node1", "node2")
    cores.views("node1")
    assert error_of(cores.asks("node1", cmd.AddNode("node9"))) == "V-5-1-7912"


def test_a_change_needs_a_majority_of_the_nodes_after_it_too() -> None:
    cores = a_cluster()
    cores.views("node1", "node2")
    assert error_of(cores.asks("node1", cmd.AddNode("node4"))) == "V-5-1-9107"
    assert configured(cores) == NODES


def test_a_majority_is_more_than_half() -> None:
    changed = [ev.ConfiguredNodesChanged(("a", "b", "c", "d"))]
    assert majority_objection(changed, ("a", "b", "c")) is None
    assert majority_objection(changed, ("a", "b")) is not None


def test_a_change_of_the_nodes_travels_alone() -> None:
    """Nothing else is in the proposal that changes who has to agree."""
    cores = a_cluster()
    for name in NODES:
        cores.sees(name, appears("sda", "id-x", size_for(800)))
    cores.done("node1", init_disk("sda"), share("dg", (("a", "sda"),)))
    before = len(cores.proposed)
    cores.begins("node1", activate("sr"))
    for command in (rename("a", "b"), rename("b", "c"), cmd.AddNode("node4"), rename("c", "d")):
        cores.begins("node1", command)
    cores.settle()
    assert [len(record.commits) for record in cores.proposed[before:]] == [1, 2, 1, 1]


def test_nodes_are_refused_that_cannot_be_added() -> None:
    cluster = Cluster()
    assert cluster.refuses(cmd.AddNode("node1")).id == "V-5-1-9103"
    assert cluster.refuses(cmd.AddNode("no node")).id == "V-5-1-10129"
    many = tuple(f"n{number}" for number in range(NODES_MAX))
    cluster.takes(ev.ConfiguredNodesChanged(many))
    assert cluster.refuses(cmd.AddNode("more")).id == "V-5-1-9104"


def test_nodes_are_refused_that_cannot_be_removed() -> None:
    cluster = Cluster()
    assert cluster.refuses(cmd.RemoveNode("node9")).id == "V-5-1-9105"
    assert cluster.refuses(cmd.RemoveNode("node2")).id == "V-5-1-9106"


@pytest.mark.parametrize("command", [cmd.AddNode("n"), cmd.RemoveNode("n")])
def test_a_nodes_own_log_knows_no_nodes(command: cmd.AnyCommand) -> None:
    assert World().refuses(command).id == "V-5-1-9108"
