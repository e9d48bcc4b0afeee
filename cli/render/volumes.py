"""Volumes as one line each, across disk groups."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cli.output import Rows, cell
from cli.render.columns import table

Row = dict[str, Any]


def from_groups(data: Any) -> list[object]:
    """Return the volumes among the records of disk groups, each with its group and plexes."""
    found: list[object] = []
    for group in data["groups"]:
        records = group["records"]
        plexes = Counter(r["volume"] for r in records if r["type"] == "pl")
        found += [
            {"dg": group["dg"]["name"], **record, "plexes": plexes[record["name"]]}
            for record in records
            if record["type"] == "v"
        ]
    return found


def listing(data: list[Row], header: bool) -> str:
    """Return the table of `vx volume list`."""
    return table(rows(data), header=header)


def rows(data: list[Row]) -> Rows:
    """Return group, name, states, length and number of plexes of each volume."""
    keys = ("dg", "name", "kstate", "state", "length_sectors", "plexes")
    return [["GROUP", "VOLUME", "KSTATE", "STATE", "SECTORS", "PLEXES"]] + [
        [cell(row[key]) for key in keys] for row in data
    ]
