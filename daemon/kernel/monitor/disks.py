"""The monitor's disks, and what each node is told about them.

Pure. A disk is one thing, with one identity and size; whether it is there, and whether it fails,
is a matter of each node. Every request either changes the state and says whom to tell, or raises
and changes nothing.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from daemon.kernel.monitor import members as mb
from eventstore.errors import NotFound, Rejected
from eventstore.model.notifications import Action, DeviceFact, DeviceNotified

FORMAT: Final = 2
"""1 had disks and the nodes' names; nobody could join or leave."""

DEVICE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")
"""As the kernel names disks: at most 31 characters (DISK_NAME_LEN), and no path."""

MAX_SIZE_SECTORS: Final = 2**44
"""8 PiB: larger than any disk that can be bought, and far from the limits of stored integers."""


class Disk(Struct, frozen=True):
    """One disk; `absent_on` and `failing_on` name nodes."""

    identity: str
    size_sectors: int
    absent_on: frozenset[str] = frozenset()
    failing_on: frozenset[str] = frozenset()


class Monitor(Struct, frozen=True):
    """Everything the monitor remembers. `seqnum` is the last one given out.

    `nodes` are the configured ones in their order; what is true of each is in `members`.
    """

    cluster: str
    boot_id: str
    nodes: tuple[str, ...]
    disks: dict[str, Disk]
    seqnum: int = 0
    members: mb.Members = mb.Members({})
    format: int = FORMAT


class DiskRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to happen to a disk, on one node or (None) on all."""

    action: Action
    device: str
    node: str | None = None
    size_sectors: int | None = None


class Told(NamedTuple):
    """The monitor after a request, and the notification for each node that hears of it."""

    monitor: Monitor
    notifications: dict[str, DeviceNotified]


def found(
    cluster: str,
    nodes: Iterable[str],
    disks: int,
    size_sectors: int,
    boot_id: str,
    cluster_id: str = "",
) -> Monitor:
    """Make a monitor with shared disks vxd0, vxd1, ..., and nodes that have not joined yet.

    Raises:
        Rejected: the size is not one a disk can have.

    """
    size = _checked_size("vxd0", size_sectors)
    names = [f"vxd{number}" for number in range(disks)]
    shared = {name: _new(name, size) for name in names}
    configured = tuple(nodes)
    membership = mb.found(configured, boot_id, cluster_id)
    return Monitor(cluster, boot_id, configured, shared, members=membership)


def scan(monitor: Monitor, node: str) -> tuple[DeviceFact, ...]:
    """The disks that one node has, by name."""
    return tuple(
        _fact(name, disk, node)
        for name, disk in sorted(monitor.disks.items())
        if node not in disk.absent_on
    )


def check_node(monitor: Monitor, node: str) -> None:
    """Make sure that a node is one of ours.

    Raises:
        NotFound: it is not.

    """
    monitor.members.node(node)


def apply(monitor: Monitor, request: DiskRequest, kernel_us: int) -> Told:
    """Let something happen to a disk.

    Raises:
        NotFound: no such disk, or unknown node.
        Rejected: the disk is in that condition already, or the size is wrong.

    """
    if request.node is not None:
        check_node(monitor, request.node)
    asked = frozenset(monitor.nodes if request.node is None else [request.node])
    disk, told = _CHANGES[request.action](monitor, request, asked)
    seqnum = monitor.seqnum + 1
    after = msgspec.structs.replace(
        monitor, seqnum=seqnum, disks={**monitor.disks, request.device: disk}
    )
    return Told(
        after,
        {
            node: DeviceNotified(
                action=request.action,
                name=request.device,
                device=None if node in disk.absent_on else _fact(request.device, disk, node),
                seqnum=seqnum,
                kernel_us=kernel_us,
                boot_id=monitor.members.nodes[node].boot_id,
            )
            for node in told
        },
    )


Changed = tuple[Disk, frozenset[str]]
"""A disk after a request, and the nodes for which something changed."""


def _add(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    disk = monitor.disks.get(request.device)
    if disk is None:
        if not DEVICE_NAME.fullmatch(request.device):
            raise Rejected("V-5-1-9014", f"not a device name: {request.device!r}")
        size = _checked_size(request.device, request.size_sectors)
        elsewhere = frozenset(monitor.nodes) - asked
        return msgspec.structs.replace(_new(request.device, size), absent_on=elsewhere), asked
    told = asked & disk.absent_on
    if not told:
        raise Rejected("V-5-1-9012", f"disk {request.device} is already there")
    if request.size_sectors not in {None, disk.size_sectors}:
        raise Rejected(
            "V-5-1-9015",
            f"disk {request.device} has {disk.size_sectors} sectors",
            cause="it was pulled, and comes back as it was",
            fix="add it without a size, then resize it",
        )
    return msgspec.structs.replace(disk, absent_on=disk.absent_on - told), told


def _pull(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    disk, present = _present(monitor, request, asked)
    return msgspec.structs.replace(disk, absent_on=disk.absent_on | present), present


def _fail(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    disk, present = _present(monitor, request, asked)
    told = present - disk.failing_on
    if not told:
        raise Rejected("V-5-1-9012", f"disk {request.device} is failing already")
    return msgspec.structs.replace(disk, failing_on=disk.failing_on | told), told


def _heal(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    disk, present = _present(monitor, request, asked)
    told = present & disk.failing_on
    if not told:
        raise Rejected("V-5-1-9012", f"disk {request.device} is not failing")
    return msgspec.structs.replace(disk, failing_on=disk.failing_on - told), told


def _resize(monitor: Monitor, request: DiskRequest, _asked: frozenset[str]) -> Changed:
    """Every node that has the disk sees its size, whichever was asked for."""
    disk, present = _present(monitor, request, frozenset(monitor.nodes))
    size = _checked_size(request.device, request.size_sectors)
    return msgspec.structs.replace(disk, size_sectors=size), present


def _change(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    return _present(monitor, request, asked)


_CHANGES: Final[dict[Action, Callable[[Monitor, DiskRequest, frozenset[str]], Changed]]] = {
    "add": _add,
    "remove": _pull,
    "change": _change,
    "resize": _resize,
    "fail": _fail,
    "heal": _heal,
}


def _present(monitor: Monitor, request: DiskRequest, asked: frozenset[str]) -> Changed:
    """The disk, and those of the asked nodes that have it."""
    disk = monitor.disks.get(request.device)
    if disk is None:
        raise NotFound(
            "V-5-1-9011",
            f"no such disk: {request.device}",
            cause=f"the monitor has {', '.join(sorted(monitor.disks)) or 'no disks'}",
        )
    present = asked - disk.absent_on
    if not present:
        raise Rejected("V-5-1-9012", f"disk {request.device} is pulled")
    return disk, present


def _checked_size(device: str, size_sectors: int | None) -> int:
    if size_sectors is None or not 0 < size_sectors <= MAX_SIZE_SECTORS:
        raise Rejected(
            "V-5-1-9015",
            f"disk {device} needs a size between 1 and {MAX_SIZE_SECTORS} sectors",
        )
    return size_sectors


def _new(device: str, size_sectors: int) -> Disk:
    return Disk(identity=f"embedded:{device}", size_sectors=size_sectors)


def _fact(name: str, disk: Disk, node: str) -> DeviceFact:
    return DeviceFact(name, disk.identity, disk.size_sectors, failing=node in disk.failing_on)
