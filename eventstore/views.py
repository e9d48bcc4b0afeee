"""A state as plain data: what programs print, and what JSON carries.

Pure functions from a `State` to maps and lists of strings, numbers and None. Lengths are in
sectors, and the keys say so. Everything is sorted, so that equal states give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from re import compile as pattern
from typing import Any

import msgspec

from eventstore.errors import NotFound
from eventstore.model import digest
from eventstore.model.decide.allocation import free_regions
from eventstore.model.decide.names import need_group
from eventstore.model.objects import (
    HEADER_RID,
    NODE_SPACE,
    AnyRecord,
    Device,
    Disk,
    DiskGroup,
    Key,
    Plex,
    Subdisk,
    Volume,
    rid_text,
)
from eventstore.model.state import State

Row = dict[str, Any]

_SECTOR_FIELDS = {
    "size": "size_sectors",
    "length": "length_sectors",
    "private_len": "private_sectors",
    "public_len": "public_sectors",
    "disk_offset": "disk_offset_sectors",
    "plex_offset": "plex_offset_sectors",
}
_RID = pattern(r"(.*)#([0-9]{1,18})")
INTERNAL_FIELDS = frozenset({"space", "rid", "next_rid"})
"""Fields that make a record what it is, or count; nobody changes them by a command."""


def fields(record: AnyRecord) -> Row:
    """Return all fields of a record, by the names that JSON uses."""
    plain = msgspec.structs.asdict(record)
    kind = str(record.__struct_config__.tag)
    row: Row = {"type": kind, "rid": rid_text((record.space, record.rid))}
    for name, value in plain.items():
        if name not in INTERNAL_FIELDS:
            row[field_name(name)] = list(value) if isinstance(value, tuple) else value
    return row


def field_name(name: str) -> str:
    """Return a field's name with its unit."""
    return _SECTOR_FIELDS.get(name, name)


def object_name(state: State, key: Key) -> str:
    """Return an object as people name it: ``DG``, ``DG/NAME``, a device's name, or its ID."""
    record = state.get(key)
    if isinstance(record, DiskGroup):
        return record.name
    if record is None or key[1] == HEADER_RID:
        return rid_text(key)
    if key[0] == NODE_SPACE:
        return record.name
    group = state.get((key[0], HEADER_RID))
    return f"{getattr(group, 'name', key[0])}/{record.name}"


def key_of_rid(text: str) -> Key | None:
    """Return the key that ``DGID#17`` or ``#3`` stands for, or None if it is no record ID."""
    found = _RID.fullmatch(text)
    return None if found is None else (found[1], int(found[2]))


def find(state: State, name: str) -> Key:
    """Return the key of ``DG``, ``DG/NAME``, a device, or a record ID.

    Raises:
        NotFound: there is no such object.
    """
    key = key_of_rid(name)
    if key is not None and state.get(key) is not None:
        return key
    group = state.group(name)
    if group is not None:
        return group.space, HEADER_RID
    head, slash, tail = name.partition("/")
    group = state.group(head)
    if slash and group is not None:
        record = state.named(group.space, tail)
    else:
        record = state.named(NODE_SPACE, name)
    if record is None:
        raise NotFound(
            "V-5-1-7842",
            f"{name}: no such object",
            fix="an object is a disk group DG, DG/NAME, a device, or a record ID such as "
            "DGID#17; 'vx log' shows the IDs of objects that are gone",
        )
    return record.space, record.rid


def print_view(state: State, group: str | None, names: Sequence[str] = ()) -> Row:
    """Return the records of a group, or of all, in the order in which they are printed.

    Raises:
        NotFound: there is no such group, or no object of one of the names.
    """
    groups = state.groups() if group is None else [need_group(state, group)]
    shown = [{"dg": _group_row(dg), "records": group_rows(state, dg)} for dg in groups]
    if names:
        return {"groups": _selected(shown, names)}
    return {"groups": shown}


def _selected(shown: list[Row], names: Sequence[str]) -> list[Row]:
    """Keep the named objects, and what is below them."""
    wanted, found = set(names), set()
    kept: list[Row] = []
    for group in shown:
        records: list[Row] = []
        inside: set[str] = set()
        if group["dg"]["name"] in wanted:
            found.add(group["dg"]["name"])
            kept.append(group)
            continue
        for row in group["records"]:
            parent = row.get("volume") if row["type"] == "pl" else row.get("plex")
            if row["name"] in wanted or parent in inside:
                records.append(row)
                inside.add(row["name"])
        found |= inside & wanted
        if records:
            kept.append({"dg": group["dg"], "records": records})
    missing = sorted(wanted - found)
    if missing:
        raise NotFound(
            "V-5-1-7842",
            f"{', '.join(missing)}: no such object",
            fix="'vxprint' without names shows all there are",
        )
    return kept


def _group_row(group: DiskGroup) -> Row:
    return {
        "type": "dg",
        "rid": rid_text((group.space, HEADER_RID)),
        "name": group.name,
        "dgid": group.space,
        "nconfig": None,
        "nlog": None,
        "base_minor": group.base_minor,
    }


def group_rows(state: State, group: DiskGroup) -> list[Row]:
    """Return the rows of a group: its disks, then each volume, its plexes, their subdisks."""
    records = state.spaces[group.space].records
    rows = [_disk_row(disk) for disk in state.disks(group)]
    for volume in state.volumes(group):
        rows.append(_volume_row(volume))
        for plex in sorted(state.plexes(volume), key=lambda plex: plex.name):
            rows.append(_plex_row(plex, volume))
            below = sorted(state.subdisks(plex), key=lambda subdisk: subdisk.plex_offset)
            rows += [_subdisk_row(sd, plex, records[sd.disk]) for sd in below]
    return rows


def _disk_row(disk: Disk) -> Row:
    return {
        "type": "dm",
        "rid": rid_text((disk.space, disk.rid)),
        "name": disk.name,
        "device": None if disk.state else disk.device_name,
        "device_type": "auto",
        "private_sectors": disk.private_len,
        "public_sectors": disk.public_len,
        "state": disk.state or None,
        "disk_id": disk.disk_id,
    }


def _volume_row(volume: Volume) -> Row:
    return {
        "type": "v",
        "rid": rid_text((volume.space, volume.rid)),
        "name": volume.name,
        "rvg": None,
        "kstate": volume.kstate,
        "state": volume.state,
        "length_sectors": volume.length,
        "readpol": volume.readpol,
        "prefplex": None,
        "utype": volume.utype,
    }


def _plex_row(plex: Plex, volume: Volume) -> Row:
    return {
        "type": "pl",
        "rid": rid_text((plex.space, plex.rid)),
        "name": plex.name,
        "volume": volume.name,
        "kstate": plex.kstate,
        "state": plex.state,
        "length_sectors": plex.length,
        "layout": plex.layout,
        "columns": None,
        "stripe_sectors": None,
        "mode": plex.mode,
    }


def _subdisk_row(subdisk: Subdisk, plex: Plex, disk: AnyRecord) -> Row:
    assert isinstance(disk, Disk)
    return {
        "type": "sd",
        "rid": rid_text((subdisk.space, subdisk.rid)),
        "name": subdisk.name,
        "plex": plex.name,
        "disk": disk.name,
        "disk_offset_sectors": subdisk.disk_offset,
        "length_sectors": subdisk.length,
        "plex_offset_sectors": subdisk.plex_offset,
        "device": None if disk.state else disk.device_name,
        "mode": "NDEV" if disk.state else "ENA",
        "kstate": "DISABLED" if disk.state else "ENABLED",
    }


def groups_view(state: State, group: str | None) -> list[Row]:
    """Return one row a disk group.

    Raises:
        NotFound: there is no such group.
    """
    groups = state.groups() if group is None else [need_group(state, group)]
    return [
        {
            "name": dg.name,
            "states": ["enabled"],
            "dgid": dg.space,
            "version": dg.version,
            "disks": len(state.disks(dg)),
            "volumes": len(state.volumes(dg)),
            "free_sectors": _free(state, state.disks(dg)),
        }
        for dg in groups
    ]


def _free(state: State, disks: Iterable[Disk]) -> int:
    return sum(region.length for disk in disks for region in free_regions(state, disk))


def disks_view(state: State, device: str | None) -> list[Row]:
    """Return one row a device, then one for each disk of a group that has none.

    Raises:
        NotFound: there is no such device, and no such disk.
    """
    rows = [_device_row(state, found) for found in state.devices()]
    rows = [row for row in rows if row["device"] is not None or row["disk"] is not None]
    if device is None:
        return rows
    chosen = [row for row in rows if device in (row["device"], row["disk"])]
    if not chosen:
        raise NotFound(
            "V-5-1-539", f"Device {device}: no such device", fix="'vxdisk list' names them"
        )
    return chosen


def _device_row(state: State, device: Device) -> Row:
    key = state.device_disks.get(device.rid)
    disk = None if key is None else state.get(key)
    group = None if key is None else state.get((key[0], HEADER_RID))
    status = "online" if device.disk_id else "online invalid"
    if device.failing:
        status = "online failing" if device.disk_id else "error"
    if not device.present:
        status = f"failed was:{device.name}"
    return {
        "device": device.name if device.present else None,
        "type": ("auto:cdsdisk" if device.disk_id else "auto:none") if device.present else None,
        "disk": disk.name if isinstance(disk, Disk) else None,
        "group": group.name if isinstance(group, DiskGroup) else None,
        "status": status,
        "identity": device.identity,
        "size_sectors": device.size if device.present else None,
        "disk_id": device.disk_id or None,
        "rid": rid_text((NODE_SPACE, device.rid)),
    }


def get_view(state: State, name: str) -> Row:
    """Return all fields of one object.

    Raises:
        NotFound: there is no such object.
    """
    key = find(state, name)
    record = state.get(key)
    assert record is not None
    return {"object": object_name(state, key), **fields(record)}


def document_view(state: State) -> Row:
    """Return the whole state as one canonical document, all records by their IDs; its digest."""
    document = {
        rid_text((record.space, record.rid)): _document_row(record)
        for record in sorted(state.records(), key=lambda record: (record.space, record.rid))
    }
    return {"state": document, "digest": digest.stored(digest.of_state(state)).hex()}


def _document_row(record: AnyRecord) -> Row:
    """Return every field, by its own name: equal records give equal rows, counters included."""
    plain = msgspec.structs.asdict(record)
    return {"type": str(record.__struct_config__.tag), **plain}
