"""F1: which nodes may do what with a shared disk group at the same time."""

from itertools import product

import pytest

from eventstore.model import commands as cmd, events as ev
from eventstore.model.activation import ACCESS, MODES, TOGETHER, access
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations
from tests.support.model import a_world
from tests.support.sharing import a_cluster, activate

ORDER = ("ew", "ro", "sr", "sw")
PAIRS = list(product(ORDER, ORDER))
# The rows of F1: held by one, asked for by another.
F1 = {
    "ew": (False, False, True, False),
    "ro": (False, True, True, False),
    "sr": (True, True, True, True),
    "sw": (False, False, True, True),
}


@pytest.mark.parametrize(("held", "asked"), PAIRS)
def test_two_nodes_hold_only_modes_that_go_together(held: str, asked: str) -> None:
    cluster = a_cluster().does(activate(held), node="node2")
    agrees = F1[held][ORDER.index(asked)]
    assert TOGETHER[held, asked] == agrees
    if agrees:
        assert cluster.does(activate(asked), node="node3").modes() == ["off", held, asked]
        return
    refusal = cluster.refuses(activate(asked), "node3")
    assert (refusal.id, refusal.rule, refusal.node) == ("V-5-1-7995", "F1", "node2")
    assert f"node2={held}" in str(refusal.cause)


@pytest.mark.parametrize("held", ORDER)
def test_off_is_in_nobodys_way_and_is_what_every_node_begins_with(held: str) -> None:
    cluster = a_cluster()
    assert cluster.modes() == ["off", "off", "off"]
    cluster.does(activate(held)).does(activate("off"))
    assert cluster.does(activate("ew"), node="node2").modes() == ["off", "ew", "off"]


@pytest.mark.parametrize(("before", "after"), [p for p in PAIRS if p[0] != p[1]])
def test_a_change_from_one_mode_to_another_passes_through_off(before: str, after: str) -> None:
    cluster = a_cluster().does(activate(before))
    assert cluster.refuses(activate(after)).id == "V-5-1-7994"
    assert cluster.does(activate("off"), activate(after)).modes()[0] == after


@pytest.mark.parametrize("mode", ORDER)
def test_a_mode_that_a_node_has_already_is_refused(mode: str) -> None:
    assert a_cluster().does(activate(mode)).refuses(activate(mode)).id == "V-5-1-7993"


def test_off_twice_is_refused() -> None:
    assert a_cluster().refuses(activate("off")).id == "V-5-1-7993"


@pytest.mark.parametrize("word", list(MODES))
def test_a_mode_has_a_short_name_and_long_ones(word: str) -> None:
    cluster = a_cluster()
    if MODES[word] == "off":
        cluster.does(activate("sr"))
    assert cluster.does(activate(word)).modes()[0] == MODES[word]


def test_a_mode_that_is_none_is_refused() -> None:
    assert a_cluster().refuses(activate("rw")).id == "V-5-1-7991"


def test_a_private_disk_group_is_not_activated() -> None:
    assert a_world(160).refuses(activate("sw")).id == "V-5-1-7990"


def test_a_node_that_has_not_joined_activates_nothing() -> None:
    assert a_cluster().refuses(activate("sw"), "node9").id == "V-5-1-7992"


def test_a_group_that_is_not_there_is_not_activated() -> None:
    assert a_cluster().refuses(activate("sw", "none")).exit_code == 3


def test_other_attributes_are_set_with_it_or_nothing_is() -> None:
    cluster = a_cluster()
    both = cmd.SetDiskGroup("dg", {"activation": "sw", "diskdetpolicy": "local"})
    kinds = [type(event) for event in cluster.would(both)]
    assert kinds == [ev.ActivationSet, ev.DiskGroupSet]
    assert cluster.refuses(cmd.SetDiskGroup("dg", {"activation": "sw", "x": "y"})).rule == "D2"
    assert cluster.modes() == ["off", "off", "off"]


@pytest.mark.parametrize("goes", [cmd.DeportDiskGroup("dg"), cmd.DestroyDiskGroup("dg")])
def test_a_group_that_another_node_has_active_does_not_go(goes: cmd.AnyCommand) -> None:
    cluster = a_cluster().does(activate("sr"), node="node2")
    refusal = cluster.refuses(goes)
    assert (refusal.id, refusal.node) == ("V-5-1-7996", "node2")


def test_a_group_that_the_asking_node_alone_has_active_is_given_up_and_goes() -> None:
    cluster = a_cluster().does(activate("ew")).does(cmd.DeportDiskGroup("dg"))
    assert cluster.state.deported()[0].activations == ()
    assert cluster.does(cmd.ImportDiskGroup("dg", shared=True)).modes() == ["off", "off", "off"]


@pytest.mark.parametrize(("mode", "allowed"), list(ACCESS.items()))
def test_what_a_node_may_do_follows_from_its_mode(mode: str, allowed: str) -> None:
    cluster = a_cluster()
    if mode != "off":
        cluster.does(activate(mode))
    assert (access(cluster.group, "node1"), access(cluster.group, "node2")) == (allowed, "none")


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([("node1", "ew"), ("node2", "sw")], "node1 has activated it as ew, node2 as sw"),
        ([("node9", "sr")], "node9 has activated it, and is not in the cluster"),
    ],
)
def test_planted_activations_that_must_not_be_are_found(
    events: list[tuple[str, str]], found: str
) -> None:
    """I11."""
    cluster = a_cluster()
    dgid = cluster.group.space
    apply(cluster.state, [ev.ActivationSet(dgid, node, mode) for node, mode in events])
    assert any(found in text for text in violations(cluster.state))


def test_an_activation_of_a_deported_group_is_found() -> None:
    cluster = a_cluster().does(cmd.DeportDiskGroup("dg"))
    dgid = cluster.state.deported()[0].space
    apply(cluster.state, [ev.ActivationSet(dgid, "node1", "sr")])
    assert any("node1 has activated it" in text for text in violations(cluster.state))
