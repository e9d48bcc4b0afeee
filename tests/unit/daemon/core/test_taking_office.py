"""C2: a master that asks before a member has its view is not kept waiting."""

from daemon.core.ready import Viewed
from daemon.core.view import View, ViewNode
from tests.support.cores import Cores

NODES = ("node1", "node2", "node3")


def test_a_member_whose_view_comes_late_is_asked_again_at_once() -> None:
    """No time passes: node3 hears of node1's end after node2, which took office, has asked it."""
    cores = Cores(*NODES)
    cores.views(*NODES)
    there = tuple(ViewNode(name, cores[name].boot, 1) for name in ("node2", "node3"))
    view = Viewed(View("c1", there, "node2", quorate=True))
    cores.cut.add("node1")
    cores.steps("node2", view)
    cores.settle()
    assert cores["node3"].hard.promised_to == "node1"
    cores.steps("node3", view)
    cores.settle()
    assert cores["node3"].hard.promised_to == "node2"
    assert cores["node3"].node.member.is_elected
