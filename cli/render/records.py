"""Disk groups, devices and single objects as text."""

from __future__ import annotations

from typing import Any

from cli.output import Rows, cell
from cli.render.columns import table

Row = dict[str, Any]

_DISK_LIST = "%-12s %-15s %-11s  %-12s %s"
_GROUP_LIST = "%-12s %-20s %s"
# The width at which the values of a detailed listing begin.
_KEY = 11


def group_list(data: list[Row], header: bool) -> str:
    """Return the table of `vxdg list`."""
    # The original's heading, which stands left of the column that it names.
    lines = ["NAME         STATE           ID"] if header else []
    lines += [_GROUP_LIST % tuple(row) for row in group_rows(data)[1:]]
    return _text(lines)


def group_rows(data: list[Row]) -> Rows:
    """Return name, state and identifier of each disk group."""
    return [["NAME", "STATE", "ID"]] + [
        [cell(row["name"]), ",".join(row["states"]) or "-", cell(row["dgid"])] for row in data
    ]


def group_detail(data: list[Row], _header: bool) -> str:
    """Return the lines of `vxdg list DG`."""
    return "\n".join(
        _keys(
            ("Group", row["name"]),
            ("dgid", row["dgid"]),
            ("state", ",".join(row["states"])),
            ("version", row["version"]),
            ("disks", row["disks"]),
            ("volumes", row["volumes"]),
            ("free", f"{row['free_sectors']} (sectors)"),
        )
        for row in data
    )


def disk_list(data: list[Row], header: bool) -> str:
    """Return the table of `vxdisk list`."""
    rows = disk_rows(data)
    return _text([(_DISK_LIST % tuple(row)).rstrip() for row in (rows if header else rows[1:])])


def disk_rows(data: list[Row]) -> Rows:
    """Return one row for each device and each disk without one."""
    return [["DEVICE", "TYPE", "DISK", "GROUP", "STATUS"]] + [
        [cell(row[key]) for key in ("device", "type", "disk", "group", "status")] for row in data
    ]


def disk_detail(data: list[Row], _header: bool) -> str:
    """Return the lines of `vxdisk list DEVICE`."""
    return "\n".join(
        _keys(
            ("Device", row["device"]),
            ("devicetag", row["device"]),
            ("type", row["type"]),
            ("disk", f"name={cell(row['disk'])} id={cell(row['disk_id'])}"),
            ("group", f"name={cell(row['group'])}"),
            ("status", row["status"]),
            ("identity", row["identity"]),
            ("size", f"{cell(row['size_sectors'])} (sectors)"),
            ("record", row["rid"]),
        )
        for row in data
    )


def _keys(*pairs: tuple[str, Any]) -> str:
    return _text([f"{key}:".ljust(_KEY) + cell(value) for key, value in pairs])


def _text(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def blame(data: list[Row], header: bool) -> str:
    """Return the table of `vx blame`."""
    return table(blame_rows(data), header=header)


def blame_rows(data: list[Row]) -> Rows:
    """Return, for each field, its value and the commit that set it."""
    return [["FIELD", "VALUE", "POS", "TIME", "ACTOR", "COMMAND"]] + [
        [
            cell(row["field"]),
            value(row["value"]),
            position(row["position"]),
            cell(row["time"]),
            cell(row["actor"]),
            cell(row["command"]),
        ]
        for row in data
    ]


def position(number: Any) -> str:
    """Return a position in the form in which it can be given back."""
    return "-" if number is None else f"@{number}"


def value(field: Any) -> str:
    """Return a field's value on one line."""
    if isinstance(field, list):
        return ",".join(map(cell, field)) or "-"
    return cell(field)
