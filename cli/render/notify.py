"""Commits in the words of `vxnotify`: one line an event, of the classes that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.output import cell

Row = dict[str, Any]
Line = tuple[str, str]
"""The letter of the option that shows it, and the line."""

IMPORTS, CHANGES, DISKS, DETACHES, CLUSTER, ALL = "i", "c", "d", "f", "s", ""

# Events that begin or end the presence of a group here.
_IMPORT = {
    "group-created": "import",
    "group-taken-over": "import",
    "group-imported": "import",
    "group-deported": "deport",
    "group-destroyed": "deport",
}
_DISK = {
    "disk-added",
    "disk-removed",
    "disk-renamed",
    "disk-taken-over",
    "disk-state-set",
}
_DEVICE = {
    "disk-initialized",
    "device-added",
    "device-removed",
    "device-changed",
    "device-resized",
    "device-offline-set",
    "device-forgotten",
}
_DOWN = ("DISABLED", "DETACHED")


def lines(commit: Row, letters: str, group: str | None, cluster: str | None = None) -> list[str]:
    """Return the lines of a commit; `letters` are the classes that are shown, "" for all."""
    found: list[str] = []
    of_cluster = [] if group is not None else _of_cluster(commit["events"], cell(cluster))
    for letter, line in [*of_cluster, *_all_lines(commit, group)]:
        shown = not letters or not letter or letter in letters
        if shown and line not in found:
            found.append(line)
    return found


def _all_lines(commit: Row, group: str | None) -> list[Line]:
    found: list[Line] = []
    changed: dict[str, Line] = {}
    for event in commit["events"]:
        if group is not None and event.get("dg") != group:
            continue
        if event["name"] == "interval-unknown":
            # What happened meanwhile is in no log: as after an overrun of the original's buffer.
            found.append((ALL, "more events"))
        elif event["name"] in _IMPORT:
            found.append((IMPORTS, f"{_IMPORT[event['name']]} {_group(event)}"))
        elif "dgid" in event:
            changed[event["dgid"]] = (CHANGES, f"change {_group(event)}")
        found += _of_disk(event) + _of_loss(event, by_command=commit["command"] is not None)
    return [*found, *changed.values()]


def _of_cluster(events: list[Row], cluster: str) -> list[Line]:
    """Return who joined the cluster, and who left it."""
    said = {
        "master-elected": lambda e: f"joined cluster {cluster} as master node {cell(e['master'])}",
        "node-joined": lambda e: f"joined cluster {cluster} as slave node {cell(e['node'])}",
        "node-left": lambda e: f"left cluster {cluster} node {cell(e['node'])}",
    }
    return [(CLUSTER, said[e["name"]](e)) for e in events if e["name"] in said]


def _of_disk(event: Row) -> list[Line]:
    if event["name"] in _DISK:
        device = cell(event.get("device_name"))
        return [(DISKS, f"change disk {device} dm {_own(event)} {_group(event)}")]
    if event["name"] in _DEVICE:
        return [(DISKS, f"change disk {cell(event['object'])} dm - dg - dgid -")]
    return []


def _of_loss(event: Row, *, by_command: bool) -> list[Line]:
    """Return what went out of use by itself; what was told to stop did not."""
    kinds: dict[str, Callable[[Row], str]] = {
        "plex-state-set": lambda e: f"plex {_own(e)} volume {cell(e.get('volume_name'))}",
        "volume-state-set": lambda e: f"volume {_own(e)}",
        "disk-state-set": lambda e: f"disk {cell(e.get('device_name'))} dm {_own(e)}",
    }
    what = kinds.get(event["name"])
    is_down = event.get("kstate") in _DOWN or event.get("state") == "NODEVICE"
    if what is None or by_command or not is_down:
        return []
    return [(DETACHES, f"detach {what(event)} {_group(event)}")]


def _own(event: Row) -> str:
    """Return an object's name without its group's."""
    return cell(event["object"]).partition("/")[2] or cell(event["object"])


def _group(event: Row) -> str:
    return f"dg {cell(event.get('dg'))} dgid {cell(event.get('dgid'))}"
