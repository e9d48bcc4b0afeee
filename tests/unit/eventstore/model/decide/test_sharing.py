"""Commands on shared disk groups."""

from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.sharing import decide_shared
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations
from eventstore.model.state import State
from tests.support.model import World, appears, init_disk, snapshot


def a_node(name: str, identity: str) -> World:
    return World().sees(appears(name, identity)).does(init_disk(name))


def shares(shared: State, own: World, group: str, device: str) -> None:
    command = cmd.CreateDiskGroup(group, ((None, device),), shared=True)
    before = snapshot(shared)
    events = decide_shared(shared, own.state, command, own.moment())
    assert snapshot(shared) == before
    apply(shared, events)
    assert violations(shared) == []


def test_a_name_that_is_another_disk_on_another_node_takes_that_nodes_disk() -> None:
    """D2: each master names devices as it sees them; the log knows them by identity."""
    shared = State()
    apply(shared, [ev.ClusterCreated("c1", "prod", ("node1", "node2"))])
    shares(shared, a_node("sda", "id-x"), "one", "sda")
    shares(shared, a_node("sda", "id-y").takes(), "two", "sda")
    assert set(shared.identities) == {"id-x", "id-y"}
    names = [disk.device_name for group in shared.groups() for disk in shared.disks(group)]
    assert names == ["sda", "sda"]
