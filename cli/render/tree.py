"""Disk groups as a tree, drawn with lines or with ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cli.output import Rows, cell

Row = dict[str, Any]


class Marks(NamedTuple):
    """What stands before a branch, before the last one, and below each of these."""

    branch: str
    last: str
    below_branch: str
    below_last: str


LINES = Marks("├── ", "└── ", "│   ", "    ")
ASCII = Marks("|-- ", "`-- ", "|   ", "    ")


class Node(NamedTuple):
    """A line, its type and name, and what stands below it."""

    kind: str
    name: str
    words: str
    below: list[Node]


def from_groups(data: Any) -> list[Row]:
    """Return disk groups with their records below one another."""
    return [_group(group["dg"], group["records"]) for group in data["groups"]]


def _group(group: Row, records: list[Row]) -> Row:
    plexes = [
        {
            **plex,
            "subdisks": [r for r in records if r["type"] == "sd" and r["plex"] == plex["name"]],
        }
        for plex in records
        if plex["type"] == "pl"
    ]
    volumes = [
        {**volume, "plexes": [p for p in plexes if p["volume"] == volume["name"]]}
        for volume in records
        if volume["type"] == "v"
    ]
    placed = {"dm", "v", "pl", "sd"}
    loose = [r for r in records if r["type"] == "sd" and r["plex"] is None]
    return {
        "dg": group,
        "disks": [r for r in records if r["type"] == "dm"],
        "volumes": volumes,
        "plexes": [p for p in plexes if p["volume"] is None],
        "others": loose + [r for r in records if r["type"] not in placed],
    }


def text(data: list[Row], marks: Marks) -> str:
    """Return the drawn tree."""
    return "".join(line + "\n" for group in data for line in _drawn(_of_group(group), marks))


def rows(data: list[Row]) -> Rows:
    """Return one row for each line of the tree, with how deep it stands."""
    found = [["DEPTH", "TYPE", "NAME", "ABOUT"]]
    for group in data:
        found += [[str(d), n.kind, n.name, n.words] for d, n in _flat(_of_group(group), 0)]
    return found


def _drawn(node: Node, marks: Marks) -> Iterator[str]:
    yield f"{node.kind} {node.name}  {node.words}".rstrip()
    for i, child in enumerate(node.below):
        is_last = i == len(node.below) - 1
        first, *rest = _drawn(child, marks)
        yield (marks.last if is_last else marks.branch) + first
        for line in rest:
            yield (marks.below_last if is_last else marks.below_branch) + line


def _flat(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    for child in node.below:
        yield from _flat(child, depth + 1)


def _of_group(group: Row) -> Node:
    below = [*map(_disk, group["disks"]), *map(_volume, group["volumes"])]
    below += [*map(_plex, group["plexes"]), *map(_other, group["others"])]
    return Node("dg", cell(group["dg"]["name"]), cell(group["dg"].get("dgid")), below)


def _disk(disk: Row) -> Node:
    words = f"{cell(disk['device'])} {_size(disk['public_sectors'])}"
    state = disk.get("state")
    return Node("dm", cell(disk["name"]), words + (f" {cell(state)}" if state else ""), [])


def _volume(volume: Row) -> Node:
    words = f"{_states(volume)} {_size(volume['length_sectors'])}"
    return Node("v", cell(volume["name"]), words, [*map(_plex, volume["plexes"])])


def _plex(plex: Row) -> Node:
    shape = cell(plex["layout"])
    if plex.get("columns"):
        shape += f" {plex['columns']}/{cell(plex['stripe_sectors'])}"
    words = f"{_states(plex)} {shape} {_size(plex['length_sectors'])}"
    return Node("pl", cell(plex["name"]), words, [*map(_subdisk, plex["subdisks"])])


def _subdisk(subdisk: Row) -> Node:
    words = f"{cell(subdisk['disk'])} @{cell(subdisk['disk_offset_sectors'])}"
    return Node("sd", cell(subdisk["name"]), f"{words} {_size(subdisk['length_sectors'])}", [])


def _other(record: Row) -> Node:
    return Node(cell(record["type"]), cell(record["name"]), "", [])


def _states(record: Row) -> str:
    return f"{cell(record['kstate'])}/{cell(record['state'])}"


def _size(sectors: Any) -> str:
    """Return a length in the largest unit in which it is whole."""
    if not isinstance(sectors, int):
        return "-"
    for unit, size in (("t", 1 << 31), ("g", 1 << 21), ("m", 1 << 11), ("k", 2)):
        if sectors and sectors % size == 0:
            return f"{sectors // size}{unit}"
    return f"{sectors}s"
