"""Disk groups as the commands that make them again: the same objects, perhaps elsewhere on a disk.

What the commands cannot make stands as a comment where it would be.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]

_LAYOUTS = {("CONCAT", False): "concat", ("CONCAT", True): "mirror"}
_LAYOUTS |= {("STRIPE", False): "stripe", ("STRIPE", True): "mirror-stripe"}


def text(groups: list[Row]) -> str:
    """Return the commands, one a line."""
    return "".join(line + "\n" for group in groups for line in _of_group(group))


def _of_group(group: Row) -> Iterator[str]:
    name, records = group["dg"]["name"], group["records"]
    there = [r for r in records if r["type"] == "dm" and r["device"]]
    for disk in records:
        if disk["type"] == "dm" and not disk["device"]:
            yield f"# disk {disk['name']} has no device"
    for disk in there:
        yield _line("vxdisk", "init", disk["device"], f"privlen={disk['private_sectors']}s")
    if not there:
        yield f"# disk group {name} has no device"
        return
    yield _line("vxdg", "init", name, *(f"{disk['name']}={disk['device']}" for disk in there))
    for volume in records:
        if volume["type"] == "v":
            yield from _of_volume(name, volume, records)
    for record in records:
        if record["type"] not in ("dm", "v", "pl", "sd"):
            yield f"# {record['type']} {record['name']} cannot be made by a command"
        elif record["type"] == "pl" and record["volume"] is None:
            yield f"# plex {record['name']} is dissociated"


def _of_volume(group: str, volume: Row, records: list[Row]) -> Iterator[str]:
    plexes = [r for r in records if r["type"] == "pl" and r["volume"] == volume["name"]]
    shapes = {(p["layout"], p["columns"], p["stripe_sectors"]) for p in plexes}
    layout = _LAYOUTS.get((plexes[0]["layout"], len(plexes) > 1)) if plexes else None
    if len(shapes) != 1 or layout is None:
        yield f"# volume {volume['name']} has plexes of a kind that no command makes"
        return
    words = [f"layout={layout}"]
    if len(plexes) > 1:
        words.append(f"nmirror={len(plexes)}")
    if plexes[0]["columns"]:
        words += [f"ncol={plexes[0]['columns']}", f"stripeunit={plexes[0]['stripe_sectors']}s"]
    names = {plex["name"] for plex in plexes}
    disks = [r["disk"] for r in records if r["type"] == "sd" and r["plex"] in names]
    words += ["init=none"] * (volume["state"] == "EMPTY")
    length = f"{volume['length_sectors']}s"
    yield _line(
        "vxassist", "-g", group, "make", volume["name"], length, *words, *dict.fromkeys(disks)
    )
    if volume["kstate"] == "DISABLED" and volume["state"] == "CLEAN":
        yield _line("vxvol", "-g", group, "stop", volume["name"])


def _line(*words: str) -> str:
    return shlex.join(words)
