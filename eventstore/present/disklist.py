"""Devices, and disks that have none, as rows: what `vxdisk list` shows.

Pure functions from a `State` to maps of strings, numbers and None. Lengths are in sectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventstore.errors import NotFound
from eventstore.model.decide.disks import PRIVATE_OFFSET
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    Device,
    Disk,
    DiskGroup,
    Node,
    rid_text,
)
from eventstore.model.order import natural
from eventstore.model.state import State

Row = dict[str, Any]


def disks_view(state: State, device: str | None) -> list[Row]:
    """Return one row a device, then one for each disk of a group that has none.

    Raises:
        NotFound: there is no such device, and no such disk.
    """
    rows = [_device_row(state, found) for found in state.devices()]
    rows = [row for row in rows if row["device"] is not None or row["disk"] is not None]
    rows += _absent_rows(state)
    return rows if device is None else chosen(rows, device)


def chosen(rows: list[Row], device: str) -> list[Row]:
    """Return the rows of one device or disk; of those that are here, if there are any.

    Raises:
        NotFound: there is no such device, and no such disk.
    """
    found = [row for row in rows if device in (row["device"], row["disk"])]
    here = [row for row in found if row["device"] is not None]
    if not found:
        raise NotFound(
            "V-5-1-539", f"Device {device}: no such device", fix="'vxdisk list' names them"
        )
    return here or found


def with_shared(own: State, shared: State) -> list[Row]:
    """Return the rows of a node's devices, and say of each which shared disk it is.

    A shared disk is known by its identity: names of devices are each node's own.
    """
    rows = [_device_row(own, found) for found in own.devices()]
    here = {row["identity"]: row for row in rows}
    absent = list(_absent_rows(own))
    for group in (*shared.groups(), *shared.deported()):
        for disk in shared.disks(group):
            device = shared.get((NODE_SPACE, disk.device))
            row = here.get(device.identity) if isinstance(device, Device) else None
            if row is not None and isinstance(device, Device):
                row |= _as_shared(row, disk, group, device)
            elif group.imported:
                absent.append({**_absent_row(disk, group), "status": "failed shared"})
    rows = [row for row in rows if row["device"] is not None or row["disk"] is not None]
    return rows + absent


def _as_shared(row: Row, disk: Disk, group: DiskGroup, device: Device) -> Row:
    """Return what the cluster says of a device, whichever node initialised it."""
    told = {
        "type": row["type"] and "auto:cdsdisk",
        "group_id": group.space,
        "private_offset_sectors": PRIVATE_OFFSET,
        "private_sectors": device.private_len,
        "public_sectors": device.public_len,
        "disk_id": device.disk_id,
    }
    if not group.imported:
        return {**told, "deported_group": group.name}
    status = str(row["status"])
    if row["device"] and not status.startswith("offline"):
        failing = status in ("error", "online failing")
        status = "online failing shared" if failing else "online shared"
    return {**told, "disk": disk.name, "group": group.name, "status": status}


def _device_row(state: State, device: Device) -> Row:
    key = state.device_disks.get(device.rid)
    disk = None if key is None else state.get(key)
    group = None if key is None else state.get((key[0], HEADER_RID))
    node = state.get((NODE_SPACE, HEADER_RID))
    owned = isinstance(disk, Disk) and isinstance(group, DiskGroup) and group.imported
    return {
        "device": device.name if device.present else None,
        "type": _device_type(device),
        "disk": disk.name if owned and isinstance(disk, Disk) else None,
        "group": group.name if owned and isinstance(group, DiskGroup) else None,
        "deported_group": None if owned or not isinstance(group, DiskGroup) else group.name,
        "group_id": group.space if isinstance(group, DiskGroup) else None,
        "status": _status(device),
        "identity": device.identity,
        "size_sectors": device.size if device.present else None,
        "private_offset_sectors": PRIVATE_OFFSET if device.disk_id else None,
        "private_sectors": device.private_len if device.disk_id else None,
        "public_sectors": device.public_len if device.disk_id else None,
        "node": node.name if isinstance(node, Node) else None,
        "disk_id": device.disk_id or None,
        "import_lock": device.import_lock or None,
        "rid": rid_text((NODE_SPACE, device.rid)),
    }


def _device_type(device: Device) -> str | None:
    if not device.present:
        return None
    if device.offline:
        return "auto"
    return "auto:cdsdisk" if device.disk_id else "auto:none"


def _status(device: Device) -> str:
    if not device.present:
        return f"failed was:{device.name}"
    if device.offline:
        return "offline"
    if device.failing:
        return "online failing" if device.disk_id else "error"
    if not device.disk_id:
        return "online invalid"
    return "online clone_disk" if device.clone else "online"


def _absent_rows(state: State) -> Iterator[Row]:
    for group in state.groups():
        disks = sorted(state.disks(group), key=lambda disk: natural(disk.name))
        yield from (_absent_row(disk, group) for disk in disks if not disk.device)


def _absent_row(disk: Disk, group: DiskGroup) -> Row:
    """Return the row of a disk that was taken over: its device is another system's."""
    nothing = ("device", "type", "identity", "size_sectors", "private_offset_sectors", "node")
    known = bool(disk.device_type)
    return {
        **dict.fromkeys(nothing),
        "disk": disk.name,
        "group": group.name,
        "deported_group": None,
        "group_id": group.space,
        "status": f"failed was:{disk.device_name}" if disk.device_name else "failed",
        "private_sectors": disk.private_len if known else None,
        "public_sectors": disk.public_len if known else None,
        "disk_id": None,
        "rid": rid_text((disk.space, disk.rid)),
    }
