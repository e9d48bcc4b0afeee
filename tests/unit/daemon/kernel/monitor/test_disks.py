import pytest

from daemon.kernel.monitor.disks import DiskRequest, Monitor, apply, check_node, found, scan
from eventstore.errors import NotFound, Rejected
from eventstore.model.notifications import Action, DeviceFact

VXD0 = DeviceFact("vxd0", "embedded:vxd0", 100)


def monitor(nodes: int = 1, disks: int = 1) -> Monitor:
    names = [f"node{n + 1}" for n in range(nodes)]
    return found("lab", names, disks, size_sectors=100, boot_id="boot")


def after(before: Monitor, *requests: DiskRequest) -> Monitor:
    for request in requests:
        before = apply(before, request, 1).monitor
    return before


def test_every_node_has_every_disk_at_first() -> None:
    assert scan(monitor(nodes=2), "node2") == (VXD0,)


def test_a_pulled_disk_is_gone_on_the_named_node_only() -> None:
    told = apply(monitor(nodes=2), DiskRequest("remove", "vxd0", "node1"), 7)
    assert scan(told.monitor, "node1") == ()
    assert scan(told.monitor, "node2") == (VXD0,)
    (notification,) = told.notifications.values()
    assert (notification.action, notification.device, notification.kernel_us) == (
        "remove",
        None,
        7,
    )


def test_a_pulled_disk_comes_back_as_it_was() -> None:
    pulled = after(monitor(), DiskRequest("remove", "vxd0"))
    told = apply(pulled, DiskRequest("add", "vxd0"), 7)
    assert told.notifications["node1"].device == VXD0


def test_a_disk_can_be_added_to_one_node() -> None:
    added = after(monitor(nodes=2, disks=0), DiskRequest("add", "vxd5", "node2", 9))
    assert scan(added, "node1") == ()
    assert scan(added, "node2") == (DeviceFact("vxd5", "embedded:vxd5", 9),)


def test_failing_is_a_matter_of_the_node() -> None:
    failing = after(monitor(nodes=2), DiskRequest("fail", "vxd0", "node2"))
    assert [f.failing for n in ("node1", "node2") for f in scan(failing, n)] == [False, True]
    assert scan(after(failing, DiskRequest("heal", "vxd0")), "node2") == (VXD0,)


def test_a_resize_is_seen_by_all_who_have_the_disk() -> None:
    pulled = after(monitor(nodes=3), DiskRequest("remove", "vxd0", "node3"))
    told = apply(pulled, DiskRequest("resize", "vxd0", "node1", 200), 7)
    assert sorted(told.notifications) == ["node1", "node2"]
    assert scan(told.monitor, "node2")[0].size_sectors == 200


def test_sequence_numbers_grow_by_one() -> None:
    told = apply(after(monitor(), DiskRequest("fail", "vxd0")), DiskRequest("heal", "vxd0"), 7)
    assert told.notifications["node1"].seqnum == 2


@pytest.mark.parametrize(
    ("action", "device", "size", "error", "message"),
    [
        ("remove", "vxd9", None, NotFound, "no such disk: vxd9"),
        ("heal", "vxd0", None, Rejected, "disk vxd0 is not failing"),
        ("add", "vxd0", None, Rejected, "disk vxd0 is already there"),
        ("add", "../etc", 9, Rejected, "not a device name: '../etc'"),
        ("add", "vxd1", None, Rejected, "disk vxd1 needs a size"),
        ("resize", "vxd0", 0, Rejected, "disk vxd0 needs a size"),
        ("resize", "vxd0", 2**63, Rejected, "disk vxd0 needs a size"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    action: Action, device: str, size: int | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        apply(monitor(), DiskRequest(action, device, None, size), 7)


def test_a_request_that_changes_nothing_is_refused() -> None:
    pulled = after(monitor(), DiskRequest("remove", "vxd0"))
    with pytest.raises(Rejected, match="vxd0 is pulled"):
        apply(pulled, DiskRequest("remove", "vxd0"), 7)
    with pytest.raises(Rejected, match="vxd0 is pulled"):
        apply(pulled, DiskRequest("fail", "vxd0"), 7)
    with pytest.raises(Rejected, match="has 100 sectors"):
        apply(pulled, DiskRequest("add", "vxd0", None, 50), 7)


def test_an_unknown_node_is_named() -> None:
    with pytest.raises(NotFound, match="unknown node: node9"):
        check_node(monitor(), "node9")
