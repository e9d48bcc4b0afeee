"""What a node says that it is."""

from daemon.core.ready import Viewed
from daemon.shell.status import role_of
from tests.support.cores import Cores

NODES = ("node1", "node2", "node3")


def roles(cores: Cores) -> list[str]:
    return [role_of(cores[name].node, name) for name in NODES]


def test_a_daemon_that_starts_anew_is_joining_until_it_has_caught_up() -> None:  # E3
    cores = Cores(*NODES)
    cores.views(*NODES)
    assert roles(cores) == ["master", "slave", "slave"]
    view = cores["node3"].node.member.view
    assert view is not None
    cores.restarts("node3")
    cores.steps("node3", Viewed(view))
    assert roles(cores)[2] == "joining"
    cores.views(*NODES)
    assert roles(cores) == ["master", "slave", "slave"]
