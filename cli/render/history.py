"""Commits, and what differs between moments, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.output import Rows, View, cell
from cli.render.columns import table
from cli.render.records import position, value

Row = dict[str, Any]

_INDENT = "    "
_KEY = 13


def log(data: list[Row], header: bool) -> str:
    """Return one line for each commit, oldest first."""
    return table(log_rows(data), header=header)


def log_rows(data: list[Row]) -> Rows:
    """Return where, when, who and what of each commit."""
    return [["POS", "TIME", "NODE", "ACTOR", "EVENT", "OBJECT", "SUMMARY"]] + [
        [
            (cell(row["log"]) if "log" in row else "") + position(row["position"]),
            cell(row["time"]),
            cell(row["node"]),
            cell(row["actor"]),
            _several(row["events"]),
            _several(row["objects"]),
            _summary(row),
        ]
        for row in data
    ]


def _several(names: list[str]) -> str:
    """Return a few names; of many, the first and how many more."""
    different = list(dict.fromkeys(names))
    if not different:
        return "-"
    more = len(different) - 1
    return cell(different[0]) + (f" (+{more})" if more else "")


def _summary(row: Row) -> str:
    said = row.get("message")
    return cell(row["summary"]) + (f"  # {cell(said)}" if said else "")


def show(data: Row, _header: bool) -> str:
    """Return one commit, whole."""
    context = data["context"]
    actor = {key: part for key, part in context["actor"].items() if part is not None}
    pairs: list[tuple[str, Any]] = [
        ("commit", position(data["position"])),
        *((key, data.get(key)) for key in ("tx", "time", "applied", "node", "term", "lineage")),
        ("hash", data.get("hash")),
        ("previous", data.get("previous_hash")),
        ("digest", data.get("digest")),
        ("actor", " ".join(f"{key}={cell(part)}" for key, part in actor.items())),
        *((key, context[key]) for key in ("command", "message", "cause")),
        ("redacted", _redacted(context)),
    ]
    lines = [f"{key}:".ljust(_KEY) + _part(part) for key, part in pairs if part is not None]
    had = _had(data.get("nodes", ()))
    return "\n".join([*lines, *events(data["events"]), *changes(data["diff"]), *had]) + "\n"


def _had(nodes: Sequence[Row]) -> list[str]:
    """Return the lines that say when each node had a commit, and whether it is the same one."""
    if not nodes:
        return []
    lines = ["", "nodes:"]
    for row in nodes:
        other = "" if row["hash"] == nodes[0]["hash"] else f"  ANOTHER COMMIT: {cell(row['hash'])}"
        lines.append(f"  {cell(row['node'])} had it at {cell(row['applied'])}{other}")
    return lines


def _redacted(context: Row) -> str | None:
    """Return who took the context away, and why."""
    by = context.get("redacted_by")
    if not context.get("redacted"):
        return None
    return "yes" if by is None else f"by @{by['position']}: {cell(by['reason'])}"


def events(data: list[Row]) -> list[str]:
    """Return the lines of some events with their fields."""
    lines = ["", "events:"]
    for event in data:
        lines.append(f"  {cell(event['name'])} v{event['version']}")
        lines += [
            f"{_INDENT}{cell(key)}: {_part(part)}"
            for key, part in event.items()
            if key not in ("name", "version")
        ]
    return lines


def _part(part: Any) -> str:
    """Return a field of an event on one line, also where it is a map or a list of maps."""
    if isinstance(part, dict):
        return " ".join(f"{cell(key)}={_part(inner)}" for key, inner in part.items()) or "-"
    if isinstance(part, list):
        return ", ".join(map(_part, part)) or "-"
    return cell(part)


def changes(data: list[Row]) -> list[str]:
    """Return the lines of a difference under their heading; none if nothing differs."""
    return ["", "diff:", *(f"  {line}" for line in _diff_lines(data))] if data else []


def diff(data: Row, _header: bool) -> str:
    """Return what differs, by object and by field: + came, - went, ~ changed."""
    return "".join(line + "\n" for line in _diff_lines(data["changes"]))


def _diff_lines(data: list[Row]) -> list[str]:
    lines = []
    for row in data:
        lines.append(f"{row['op']} {cell(row['type']):<2} {cell(row['object'])}")
        lines += [
            f"{_INDENT} {cell(field)}: {_change(row['op'], *both)}"
            for field, both in row["fields"].items()
            if row["op"] == "~" or both not in ([None, ""], ["", None])
        ]
    return lines


def _change(op: str, old: Any, new: Any) -> str:
    if op == "~":
        return f"{value(old)} -> {value(new)}"
    return value(new if op == "+" else old)


def diff_rows(data: Row) -> Rows:
    """Return one row for each field that differs."""
    return [["OP", "TYPE", "OBJECT", "FIELD", "OLD", "NEW"]] + [
        [row["op"], cell(row["type"]), cell(row["object"]), cell(field), *map(value, both)]
        for row in data["changes"]
        for field, both in row["fields"].items()
    ]


def diff_items(data: Any) -> list[object]:
    """Return the objects that differ."""
    return list(data["changes"])


def knew(data: Row, _header: bool) -> str:
    """Return what a node, or each of several, had applied."""
    return "".join(map(_knew, data.get("nodes") or [data]))


def _knew(data: Row) -> str:
    applied = f" (applied {cell(data['applied'])})" if data["applied"] else ""
    return (
        f"{cell(data['node'])} at {cell(data['time'])}: shared @{data['shared']}{applied}, "
        f"node/{cell(data['node'])} @{data['own']}\n"
    )


def outcome(data: Row, _header: bool) -> str:
    """Return what became of a request."""
    at = f" {position(data['position'])}" if data.get("position") is not None else ""
    said = f": {cell(data['message'])}" if data.get("message") else ""
    return f"{cell(data['id'])} {cell(data['outcome'])}{at}{said}\n"


def changed(data: Row, _header: bool) -> str:
    """Return what a change did, or with --dry-run would do."""
    if data["outcome"] != "dry-run":
        return f"committed {position(data['position'])}\n"
    return "\n".join(
        [
            "nothing was appended; this would be",
            *events(data.get("events") or [])[1:],
            *changes(data.get("diff") or []),
            "",
        ]
    )


def outcome_of(data: Any) -> str:
    """Return in one word what became of a request."""
    return str(data["outcome"])


DIFF = View(diff, diff_rows, diff_items)
CHANGED = View(changed)
