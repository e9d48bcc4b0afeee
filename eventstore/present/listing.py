"""Disk groups as rows: what `vxprint` and `vxdg list` show.

Pure functions from a `State` to maps of strings, numbers and None, in the order in which they are
printed. Lengths are in sectors, and the keys say so. What is "joined" stands in the block of the
row before it; what is "layered" is a volume below a plex, with its own plexes and subdisks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec.structs import asdict

from eventstore.errors import NotFound
from eventstore.model.activation import mode_of
from eventstore.model.cluster import is_shared, joined_nodes
from eventstore.model.decide.allocation import free_regions
from eventstore.model.decide.names import need_group
from eventstore.model.objects import (
    HEADER_RID,
    LOG_OFFSET,
    AnyRecord,
    Disk,
    DiskGroup,
    Foreign,
    Labelled,
    Plex,
    Subdisk,
    Volume,
    rid_text,
)
from eventstore.model.order import natural
from eventstore.model.state import State

Row = dict[str, Any]

_DEPTHS = {"dm": 1, "v": 1, "pl": 2, "sd": 3}
_LAYER = 3
"""How much deeper a layered record stands than one of its kind that is not."""


def print_view(state: State, group: str | None, names: Sequence[str] = ()) -> Row:
    """Return the records of a group, or of all, in the order in which they are printed.

    Raises:
        NotFound: there is no such group, or no object of one of the names.
    """
    groups = state.groups() if group is None else [need_group(state, group)]
    shown = [{"dg": _group_row(state, dg), "records": group_rows(state, dg)} for dg in groups]
    if names:
        return {"groups": selected(shown, names)}
    return {"groups": shown}


def selected(shown: list[Row], names: Sequence[str]) -> list[Row]:
    """Return the blocks of groups with the named objects, and what is below them.

    Raises:
        NotFound: there is no object of one of the names.
    """
    wanted, found = set(names), set()
    kept: list[Row] = []
    for group in shown:
        if group["dg"]["name"] in wanted:
            found.add(group["dg"]["name"])
            kept.append(group)
            continue
        records: list[Row] = []
        inside: int | None = None
        for row in group["records"]:
            if inside is not None and depth(row) <= inside:
                inside = None
            if row["name"] in wanted:
                found.add(row["name"])
                inside = depth(row) if inside is None else inside
            if inside is not None:
                records.append(row)
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


def depth(row: Row) -> int:
    """Return how deep in the hierarchy a row stands; what follows deeper is below it."""
    own = row.get("depth")
    if own is not None:
        return int(own)
    if row["type"] == "pl" and row["volume"] is None:
        return 1
    return _DEPTHS[row["type"]] + (_LAYER if row.get("layered") else 0)


def _group_row(state: State, group: DiskGroup) -> Row:
    return {
        "type": "dg",
        "rid": rid_text((group.space, HEADER_RID)),
        "name": group.name,
        "dgid": group.space,
        "nconfig": _count(group.nconfig),
        "nlog": _count(group.nlog),
        "base_minor": group.base_minor,
        "version": group.version,
        "detach_policy": group.detach_policy,
        "fail_policy": group.fail_policy,
        "volumes": len(state.volumes(group)),
        "cds": _is_cds(state, group),
        **_words(group),
    }


def _words(record: Labelled) -> Row:
    """Return the words that people keep at a record, where there are any."""
    if record.labels is None:
        return {}
    return {"labels": {name: word for name, word in asdict(record.labels).items() if word}}


def _count(text: str) -> int | str | None:
    """Return how many copies: a number, a word of the original, or None for its default."""
    return int(text) if text.isdecimal() and text == str(int(text)) else text or None


class _Place(NamedTuple):
    """Where a volume stands that stands in another's block."""

    layered: bool = False
    joined: bool = False
    below: str | None = None


class _Printer:
    """The rows of one group."""

    def __init__(self, state: State, group: DiskGroup) -> None:
        self.state = state
        self.group = group
        self.records = state.spaces[group.space].records
        self.placed = {
            record.name
            for record in self.records.values()
            if isinstance(record, Foreign) and not record.cells
        }

    def rows(self) -> list[Row]:
        """Return all rows; foreign ones stand behind what they stood behind when they came."""
        disks = sorted(self.state.disks(self.group), key=lambda disk: natural(disk.name))
        units = [(min(disk.rid for disk in disks), list(map(_disk_row, disks)))] if disks else []
        loose = self.state.loose_plexes(self.group)
        units += [
            (plex.rid, list(self.plex(plex, None, _Place())))
            for plex in sorted(loose, key=lambda plex: natural(plex.name))
        ]
        units += [
            (volume.rid, list(self.volume(volume, _Place())))
            for volume in sorted(self.state.volumes(self.group), key=lambda v: natural(v.name))
            if volume.name not in self.placed
        ]
        behind: dict[int, list[Foreign]] = {}
        for foreign in self.state.foreign(self.group):
            before = [i for i, (rid, _rows) in enumerate(units) if rid < foreign.rid]
            behind.setdefault(before[-1] if before else -1, []).append(foreign)
        rows = list(self.block(behind.get(-1, [])))
        for i, (_rid, unit) in enumerate(units):
            rows += unit
            rows += self.block(behind.get(i, []))
        return rows

    def block(self, foreign: Iterable[Foreign]) -> Iterator[Row]:
        """Yield rows that stand below no volume; each kind has a block of its own, but rlinks."""
        before = ""
        for record in foreign:
            if not record.cells:
                yield from self.foreign(record, 1, joined=True)
                before = "v"
                continue
            together = record.kind == before or (before, record.kind) == ("rv", "rl")
            yield from self.foreign(record, 1, joined=together)
            before = record.kind

    def volume(self, volume: Volume, place: _Place) -> Iterator[Row]:
        yield {**_volume_row(volume), **_extras(place)}
        below = place._replace(joined=False, below=None)
        plexes = sorted(self.state.plexes(volume), key=lambda plex: natural(plex.name))
        for plex in plexes:
            yield from self.plex(plex, volume, below)
        for record in self.state.foreign(volume):
            yield from self.foreign(record, 2 + (_LAYER if place.layered else 0), joined=True)

    def plex(self, plex: Plex, volume: Volume | None, place: _Place) -> Iterator[Row]:
        yield {**_plex_row(plex, volume), **_extras(place)}
        subdisks = self.state.subdisks(plex)
        for subdisk in sorted(subdisks, key=lambda sd: (sd.column, sd.plex_offset, sd.rid)):
            row = _subdisk_row(subdisk, plex, self.records[subdisk.disk])
            yield {**row, **_extras(place)}
        for record in self.state.foreign(plex):
            yield from self.foreign(record, 3 + (_LAYER if place.layered else 0), joined=True)

    def foreign(self, record: Foreign, level: int, *, joined: bool) -> Iterator[Row]:
        if record.cells:
            row = {**_foreign_row(record), "below": self.above(record)}
            yield {**row, "depth": level, "joined": joined}
            return
        volume = self.state.named(record.space, record.name)
        if isinstance(volume, Volume):
            place = _Place(record.kind == "v2", joined=True, below=self.above(record) or "")
            yield from self.volume(volume, place)

    def above(self, record: Foreign) -> str | None:
        """Return the name of the volume or plex in whose block a record stands."""
        above = self.records.get(record.parent) if record.parent else None
        return above.name if isinstance(above, (Volume, Plex)) else None


def group_rows(state: State, group: DiskGroup) -> list[Row]:
    """Return the rows of a group: its disks, then each volume, its plexes, their subdisks."""
    return _Printer(state, group).rows()


def _extras(place: _Place) -> Row:
    return {key: value for key, value in place._asdict().items() if value}


def _foreign_row(record: Foreign) -> Row:
    return {
        "type": record.kind,
        "rid": rid_text((record.space, record.rid)),
        "name": record.name,
        "cells": list(record.cells),
    }


def _disk_row(disk: Disk) -> Row:
    known = bool(disk.device or disk.device_type)
    return {
        "type": "dm",
        "rid": rid_text((disk.space, disk.rid)),
        "name": disk.name,
        "device": _device_of(disk),
        "device_type": disk.device_type or None,
        "private_sectors": disk.private_len if known else None,
        "public_sectors": disk.public_len if known else None,
        "state": disk.state or None,
        "disk_id": disk.disk_id or None,
        "here": bool(disk.device),
        **_words(disk),
    }


def _device_of(disk: Disk) -> str | None:
    """Return the name of the device below a disk; of one that is not here, as it was read."""
    return (disk.device_name or None) if not disk.device or not disk.state else None


def _volume_row(volume: Volume) -> Row:
    return {
        "type": "v",
        "rid": rid_text((volume.space, volume.rid)),
        "name": volume.name,
        "rvg": volume.rvg or None,
        "kstate": volume.kstate,
        "state": volume.state or None,
        "length_sectors": volume.length,
        "readpol": volume.readpol,
        "prefplex": volume.prefplex or None,
        "utype": volume.utype,
        **_words(volume),
    }


def _plex_row(plex: Plex, volume: Volume | None) -> Row:
    return {
        "type": "pl",
        "rid": rid_text((plex.space, plex.rid)),
        "name": plex.name,
        "volume": None if volume is None else volume.name,
        "kstate": plex.kstate,
        "state": plex.state or None,
        "length_sectors": plex.length,
        "layout": plex.layout,
        "columns": plex.columns or None,
        "stripe_sectors": plex.stripe if plex.columns else None,
        "mode": plex.mode,
        **_words(plex),
    }


def _subdisk_row(subdisk: Subdisk, plex: Plex, disk: AnyRecord) -> Row:
    assert isinstance(disk, Disk)
    gone = bool(disk.state) if disk.device else not disk.device_type
    return {
        "type": "sd",
        "rid": rid_text((subdisk.space, subdisk.rid)),
        "name": subdisk.name,
        "plex": plex.name,
        "disk": disk.name,
        "disk_offset_sectors": subdisk.disk_offset,
        "length_sectors": subdisk.length,
        "column": subdisk.column if plex.columns else None,
        "plex_offset_sectors": (
            None if subdisk.plex_offset == LOG_OFFSET else subdisk.plex_offset
        ),
        "device": _device_of(disk),
        "mode": subdisk.mode or ("NDEV" if gone else "ENA"),
        "kstate": "DISABLED" if gone else "ENABLED",
        **_words(subdisk),
    }


def groups_view(
    state: State, group: str | None, here: str = "", *, enabled: bool = True
) -> list[Row]:
    """Return one row a disk group; `here` is the node for which the local activation is told.

    Shared groups of a node that is not (or not yet) connected are not `enabled` (C1, E3).

    Raises:
        NotFound: there is no such group.
    """
    groups = state.groups() if group is None else [need_group(state, group)]
    return [
        {
            "name": dg.name,
            **_sharing(state, dg, here, enabled=enabled),
            "dgid": dg.space,
            "version": dg.version,
            "disks": len(state.disks(dg)),
            "volumes": len(state.volumes(dg)),
            "free_sectors": _free(state, state.disks(dg)),
            "detach_policy": dg.detach_policy,
            "fail_policy": dg.fail_policy,
            "nconfig": _count(dg.nconfig),
            "nlog": _count(dg.nlog),
        }
        for dg in groups
    ]


def _sharing(state: State, group: DiskGroup, here: str, *, enabled: bool) -> Row:
    """Return what the original says of a group in a word each, and which node may do what (F1)."""
    cds = ["cds"] if _is_cds(state, group) else []
    if not is_shared(state):
        return {"states": ["enabled", *cds], "shared": False}
    modes = [{"node": name, "mode": mode_of(group, name)} for name in joined_nodes(state)]
    return {
        "states": ["enabled" if enabled else "disabled", "shared", *cds],
        "shared": True,
        "autoimport": not group.noautoimport,
        "local_activation": mode_of(group, here) if here else None,
        "activations": modes,
    }


def _is_cds(state: State, group: DiskGroup) -> bool:
    """Tell whether other platforms can use a group: known of disks that were initialised here."""
    records = state.spaces[group.space].records.values()
    return all(record.device for record in records if isinstance(record, Disk))


def _free(state: State, disks: Iterable[Disk]) -> int:
    """Return what can be given away: a disk that is not here has nothing to give."""
    here = (disk for disk in disks if disk.device)
    return sum(region.length for disk in here for region in free_regions(state, disk))
