"""`vxprint -l`: all that is known of each record, in the original's lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from cli.output import cell
from cli.render import vxprint
from cli.render.vxprint import Group, Layout

Row = dict[str, Any]


class Below:
    """What hangs together in a group: names, by the name of what is above or below."""

    __slots__ = ("group", "plexes", "subdisks", "volumes")

    def __init__(self, group: str, records: list[Row]) -> None:
        self.group = group
        self.plexes: dict[str, list[str]] = {}
        self.subdisks: dict[str, list[str]] = {}
        self.volumes: dict[str, str | None] = {}
        for row in records:
            if "cells" in row:
                continue
            if row["type"] == "pl":
                self.volumes[row["name"]] = row["volume"]
                self.plexes.setdefault(row["volume"], []).append(row["name"])
            elif row["type"] == "sd":
                self.subdisks.setdefault(row["plex"], []).append(row["name"])


# The width at which values begin; the group's own keys are longer, and have one blank behind.
_KEY = 10
_READ_POLICIES = {"SELECT": "round-robin", "ROUND": "round-robin", "PREFER": "preferred"}
_IO = {"RW": "read-write", "RO": "read-only", "WO": "write-only"}
_ALIGNMENT_BYTES = 8192


def text(groups: list[Group], layout: Layout, *, titled: bool) -> str:
    """Return the description of each record; `titled` when the command did not name the group."""
    parts = []
    for group in groups:
        chosen = list(vxprint.chosen(group, layout))
        if not chosen:
            continue
        around = Below(cell(vxprint.head_of(group)["name"]), vxprint.records_of(group))
        shown = ["\n".join(_describe(record, around)) + "\n" for record in chosen]
        title = f"Disk group: {around.group}\n\n" if titled else ""
        parts.append(title + "\n".join(shown))
    return "\n".join(parts)


def _describe(record: Row, around: Below) -> Iterator[str]:
    kind = record["type"]
    if "cells" in record:
        return _foreign(record)
    if kind == "dg":
        return chain(_group(record), _words(record))
    if kind == "dm":
        return chain(_disk(record), _words(record))
    if kind == "v":
        return chain(_volume(record, around), _words(record))
    below = _plex(record, around) if kind == "pl" else _subdisk(record, around)
    return chain(below, _words(record))


def _words(record: Row) -> Iterator[str]:
    """Yield what people and programs keep at a record, where there is anything."""
    labels = record.get("labels") or {}
    for key in ("tutil", "putil"):
        words = [
            f"{key}{i}={cell(labels[f'{key}{i}'])}" for i in range(3) if f"{key}{i}" in labels
        ]
        if words:
            yield _line(f"{key}s", " ".join(words))
    nodes = [f"{key}={cell(labels[key])}" for key in ("user", "group", "mode") if key in labels]
    if nodes:
        yield _line("perms", " ".join(nodes))
    if labels.get("comment"):
        yield _line("comment", cell(labels["comment"]))


def _line(key: str, value: str) -> str:
    return f"{key}:".ljust(_KEY - 1) + " " + value


def _group(record: Row) -> Iterator[str]:
    counts = [
        f"{key}={cell('default' if record[key] is None else record[key])}"
        for key in ("nconfig", "nlog")
    ]
    yield _line("Group", cell(record["name"]))
    yield _line("info", f"dgid={cell(record['dgid'])}")
    yield _line("version", cell(record.get("version")))
    if record.get("cds", True):
        yield f"alignment: {_ALIGNMENT_BYTES} (bytes)"
    yield "activation: read-write"
    yield f"detach-policy: {cell(record.get('detach_policy'))}"
    yield f"dg-fail-policy: {cell(record.get('fail_policy'))}"
    yield _line("copies", " ".join(counts))
    yield _line("devices", f"max=32767 cur={cell(record.get('volumes'))}")
    yield _line("minors", f">= {cell(record['base_minor'])}")
    if record.get("cds", True):
        yield "cds=on"


def _disk(record: Row) -> Iterator[str]:
    yield _line("Disk", cell(record["name"]))
    yield _line("info", f"diskid={cell(record['disk_id'])}")
    yield _line("assoc", f"device={cell(record['device'])} type={cell(record['device_type'])}")
    labels = record.get("labels") or {}
    kept = [word for word in ("reserve", "spare", "nohotuse") if word in labels]
    yield _line("flags", " ".join([cell((record["state"] or "autoconfig").lower()), *kept]))
    lengths = record["public_sectors"], record["private_sectors"]
    yield _line("devinfo", f"publen={cell(lengths[0])} privlen={cell(lengths[1])}")


def _volume(record: Row, around: Below) -> Iterator[str]:
    plexes = around.plexes.get(record["name"], [])
    policy = record["readpol"]
    named = f" ({_READ_POLICIES[policy]})" if policy in _READ_POLICIES else ""
    if record["prefplex"]:
        named += f" prefplex={record['prefplex']}"
    yield _line("Volume", cell(record["name"]))
    yield _line("info", f"len={record['length_sectors']}")
    yield _line("type", f"usetype={cell(record['utype'])}")
    yield _line("state", f"state={cell(record['state'])} kernel={cell(record['kstate'])}")
    yield _line("assoc", f"plexes={','.join(plexes) or '(none)'}")
    yield _line("policies", f"read={cell(policy)}{named}")
    yield _line("device", f"path=/dev/vx/dsk/{around.group}/{cell(record['name'])}")


def _plex(record: Row, around: Below) -> Iterator[str]:
    below = around.subdisks.get(record["name"], [])
    layout = f"layout={cell(record['layout'])}"
    if record["columns"]:
        layout += f" columns={record['columns']} width={record['stripe_sectors']}"
    mode = _IO.get(record["mode"], cell(record["mode"]))
    states = f"state={cell(record['state'])} kernel={cell(record['kstate'])} io={mode}"
    yield _line("Plex", cell(record["name"]))
    yield _line("info", f"len={record['length_sectors'] or 'LOGONLY'}")
    yield _line("type", layout)
    yield _line("state", states)
    yield _line("assoc", f"vol={cell(record['volume'])} sd={','.join(below) or '(none)'}")
    yield _line("flags", "complete" if record["volume"] else "dissociated")


def _subdisk(record: Row, around: Below) -> Iterator[str]:
    volume = around.volumes.get(record["plex"])
    offset = "LOG" if record["plex_offset_sectors"] is None else record["plex_offset_sectors"]
    place = f"offset={offset}"
    if record.get("column") is not None:
        place = f"column={record['column']} {place}"
    where = f"offset={record['disk_offset_sectors']} len={record['length_sectors']}"
    yield _line("Subdisk", cell(record["name"]))
    yield _line("info", f"disk={cell(record['disk'])} {where}")
    yield _line("assoc", f"vol={cell(volume)} plex={cell(record['plex'])} ({place})")
    yield _line("flags", cell(record["kstate"]).lower())
    yield _line("device", f"device={cell(record['device'])}")


def _foreign(record: Row) -> Iterator[str]:
    """A record of a kind that is not handled: its row, as it was read."""
    yield _line("Record", f"{cell(record['name'])} ({record['type']})")
    yield _line("info", " ".join(word for text in record["cells"] for word in text.split()))
