"""Disk groups, devices and single objects as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from cli.output import Rows, cell
from cli.render.columns import table

Row = dict[str, Any]
Shown = TypeVar("Shown")

_DISK_LIST = "%-12s %-15s %-11s  %-12s %s"
_DISK_LIST_EXTENDED = "%-12s %-14s %-11s  %-11s %-20s %-16s %s"
_GROUP_LIST = "%-12s %-20s %s"
# The width at which the values of a detailed listing begin.
_KEY = 11
_ALIGNMENT_BYTES = 8192


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
    """Return the lines of `vxdg list DG`, as far as they are known here."""
    return "\n".join(_text(list(_group_lines(row))) for row in data)


def _group_lines(row: Row) -> Iterator[str]:
    counts = [
        f"{key}={cell('default' if row.get(key) is None else row[key])}"
        for key in ("nconfig", "nlog")
    ]
    yield _key("Group", row["name"])
    yield _key("dgid", row["dgid"])
    flags = [state for state in row["states"] if state not in ("enabled", "disabled")]
    yield _key("flags", " ".join(flags)).rstrip(" -")
    yield _key("version", row["version"])
    if "cds" in flags:
        yield _key("alignment", f"{_ALIGNMENT_BYTES} (bytes)")
    yield from _activation_lines(row)
    yield _key("detach-policy", row.get("detach_policy"))
    yield _key("dg-fail-policy", row.get("fail_policy"))
    yield _key("copies", " ".join(counts))


_MODES = {
    "ew": "exclusive-write",
    "ro": "read-only",
    "sr": "shared-read",
    "sw": "shared-write",
    "off": "off",
}
"""A mode's short name, and the original's long one."""


def _activation_lines(row: Row) -> Iterator[str]:
    """Yield what this node may do with a group, and what each node of the cluster may."""
    if not row.get("shared"):
        yield _key("local-activation", "read-write")
        return
    local = row.get("local_activation")
    yield _key("local-activation", None if local is None else _MODES[local])
    modes = " ".join(f"{one['node']}={one['mode']}" for one in row["activations"])
    yield _key("cluster-actv-modes", modes or None)


def disk_list(data: list[Row], header: bool) -> str:
    """Return the table of `vxdisk list`."""
    return _disk_table(disk_rows(data), _DISK_LIST, header)


def disk_list_extended(data: list[Row], header: bool) -> str:
    """Return the table of `vxdisk -e list`."""
    return _disk_table(disk_rows_extended(data), _DISK_LIST_EXTENDED, header)


def _disk_table(rows: Rows, line: str, header: bool) -> str:
    return _text([(line % tuple(row)).rstrip() for row in (rows if header else rows[1:])])


def disk_rows(data: list[Row]) -> Rows:
    """Return one row for each device and each disk without one."""
    return [["DEVICE", "TYPE", "DISK", "GROUP", "STATUS"]] + [
        [cell(row[key]) for key in ("device", "type", "disk", "group", "status")] for row in data
    ]


def in_parentheses(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """Return the same with deported disk groups, in parentheses: `vxdisk -o alldgs list`."""

    def shown(data: list[Row], *rest: bool) -> Shown:
        return show([{**row, "group": _group_of(row)} for row in data], *rest)

    return shown


def _group_of(row: Row) -> str | None:
    """Return a device's disk group; one that is deported in parentheses."""
    deported = row.get("deported_group")
    return row["group"] if deported is None else f"({deported})"


def disk_rows_extended(data: list[Row]) -> Rows:
    """Return the same, with what the operating system calls the device."""
    head, *rows = disk_rows(data)
    return [[*head, "OS_NATIVE_NAME", "ATTR"], *([*row, row[0], "-"] for row in rows)]


def disk_detail(data: list[Row], _header: bool, cluster: object = None) -> str:
    """Return the lines of `vxdisk list DEVICE`, as far as they are known here."""
    return "\n".join(_text(list(_disk_lines(row, cluster))) for row in data)


def _disk_lines(row: Row, cluster: object) -> Iterator[str]:
    yield _key("Device", row["device"])
    yield _key("devicetag", row["device"])
    yield _key("type", None if row["type"] is None else row["type"].partition(":")[0])
    if row.get("import_lock") is not None:
        yield _key("hostid", row["import_lock"])
    elif row["group"] is not None:
        # Whose the disk is: the cluster's if it is in a shared group, else the node's.
        key, owner = ("hostid", row.get("node"))
        if "shared" in str(row["status"]).split():
            key, owner = "clusterid", cluster
        if owner is not None:
            yield _key(key, owner)
    yield _key("disk", f"name={_named(row['disk'])} id={_named(row['disk_id'])}")
    group = row["group"] or row.get("deported_group")
    yield _key("group", f"name={_named(group)} id={_named(row.get('group_id'))}")
    offset, private = row.get("private_offset_sectors"), row.get("private_sectors")
    if offset is not None:
        yield _key("info", f"format=cdsdisk,privoffset={offset}")
    yield _key("flags", _flags(row))
    yield _key("udid", row["identity"])
    if offset is not None and private is not None:
        public = f"offset={offset + private} len={row['public_sectors']}"
        yield _key("public", public)
        yield _key("private", f"offset={offset} len={private}")


def _named(value: Any) -> str:
    return "" if value is None else cell(value)


def _flags(row: Row) -> str:
    """Return the original's words for the state of a device."""
    words = str(row["status"]).split(" was:")[0].split()
    if words[:1] == ["online"]:
        ready = ["ready", "private"] if row["disk_id"] else []
        owned = ["autoimport", "imported"] if row["group"] is not None else []
        words = ["online", *ready, "autoconfig", *words[1:], *owned]
    return " ".join(words)


def _key(key: str, value: Any) -> str:
    return f"{key}:".ljust(_KEY - 1) + " " + cell(value)


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
            (cell(row["log"]) if "log" in row else "") + position(row["position"]),
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
    if isinstance(field, (list, tuple)):  # read from a log here it is what the model has
        return ",".join(map(_item, field)) or "-"
    return cell(field)


def _item(item: Any) -> str:
    """Return one of several values; of a part of a record its fields in their order."""
    return ":".join(map(cell, item.values())) if isinstance(item, dict) else cell(item)
