from typing import Any

import pytest

from cli.render.lab import cut_text, faults_text, status_rows

NONE = {"late_ms": 0, "doubled": False, "reordered": False, "detect_ms": 0, "only": []}
VIEW = {"nodes": ["node1"], "master": "node1", "quorate": True, "number": 3}
MEMBER = {"member": True, "joined": True, "reason": None}


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({}, "no faults\n"),
        ({"only": ["node2"]}, "no faults\n"),
        ({"late_ms": 5, "doubled": True}, "views are 5 ms late, views are told twice\n"),
        (
            {"reordered": True, "detect_ms": 9, "only": ["node2"]},
            "views are told in another order, what happens is found out 9 ms later (on node2)\n",
        ),
    ],
)
def test_faults_are_named(faults: dict[str, Any], said: str) -> None:
    assert faults_text({**NONE, **faults}, True) == said


def test_who_does_not_reach_whom_is_said_pair_by_pair() -> None:
    assert cut_text({"cut": [["a", "b"]]}, True) == "a and b do not reach each other\n"
    assert cut_text({"cut": []}, True) == "every node reaches every other\n"


@pytest.mark.parametrize(
    ("cluster", "views", "part"),
    [
        (MEMBER, [VIEW], "joined"),
        ({**MEMBER, "joined": False}, [VIEW], "joining"),
        (MEMBER, [{**VIEW, "quorate": False}], "not in quorum"),
        ({**MEMBER, "member": False, "reason": "user initiated stop"}, [], "out: user init"),
        (None, [], "-"),
    ],
)
def test_a_node_s_part_in_the_cluster_is_shown(
    cluster: dict[str, Any] | None, views: list[dict[str, Any]], part: str
) -> None:
    node = {"node": "node1", "state": "serving", "pid": 7, "role": "slave"}
    nodes = [{**node, "cluster": cluster, "positions": {"shared": 6}}]
    monitor = {"state": "serving", "pid": 6, "views": views}
    rows = status_rows({"monitor": monitor, "nodes": nodes})
    assert rows[2][4].startswith(part)
    assert rows[2][5] == "shared@6"
