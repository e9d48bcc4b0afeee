from typing import Any

import pytest

from cli.render.cluster import node_word, nodestate, nodestate_text
from tests.support.answers import CLUSTER

OUT = {**CLUSTER, "state": "out of cluster", "master": "", "number": 9}


def node(nid: int, *, member: bool = True, joined: bool = True) -> dict[str, Any]:
    return {"name": f"node{nid + 1}", "nid": nid, "member": member, "joined": joined}


@pytest.mark.parametrize(
    ("member", "joined", "word"),
    [
        (True, True, "Joined: Slave"),
        (True, False, "Joining"),
        (False, False, "Out of Cluster"),
        (False, True, "Out of Cluster"),
    ],
)
def test_a_node_is_what_kernel_and_log_say(member: bool, joined: bool, word: str) -> None:
    assert node_word(node(1, member=member, joined=joined), "node1") == word


def test_bit_maps_have_a_bit_for_each_node_by_its_number() -> None:
    nodes = [node(0), node(1, joined=False), node(2, member=False), node(3)]
    said = nodestate({**CLUSTER, "nodes": nodes}, None)
    assert (said["members"], said["joiners"], said["leavers"]) == (0b1001, 0b10, 0b100)


@pytest.mark.parametrize(("here", "neighbour"), [("node1", 1), ("node2", 3), ("node4", 0)])
def test_the_neighbour_is_the_next_in_the_ring(here: str, neighbour: int) -> None:
    nodes = [node(0), node(1), node(2, member=False), node(3)]
    said = nodestate({**CLUSTER, "here": here, "nodes": nodes}, None)
    assert said["neighbor_id"] == neighbour


@pytest.mark.parametrize(("reason", "word"), [("user initiated stop",) * 2, (None, "not known")])
def test_a_node_that_is_out_says_why(reason: str | None, word: str) -> None:
    said = nodestate_text(nodestate(OUT, reason), verbose=True)
    assert said == f"state: out of cluster\nreason: {word}\n"


def test_a_reconfiguration_under_way_is_named() -> None:
    said = nodestate_text(nodestate({**CLUSTER, "reconfig": "electing"}, None), verbose=False)
    assert said == "state: cluster member\nreconfig: electing\n"
