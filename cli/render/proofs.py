"""Verdicts and heads as text: what an auditor keeps, and how to come to it again."""

from __future__ import annotations

from typing import Any

from cli.output import cell
from cli.render.records import position

Row = dict[str, Any]

_KEY = 12
_SHORT = 16
"""Digits of a key that tell it from others at a glance."""


def report(data: Row, header: bool) -> str:
    """Return a verdict to keep: also when, by whom, with what, and how to come to it again."""
    return verified(data, header) + "".join(f"{line}\n" for line in _report(data["report"]))


def verified(data: Row, _header: bool) -> str:
    """Return whether logs are what was written, and if not, from where on."""
    lines = [line for row in data.get("logs") or [data] for line in _verdict(row)]
    lines += [line for row in data.get("heads", ()) for line in _of_head(row)]
    lines += map(_compared, data.get("against", ()))
    return "".join(f"{line}\n" for line in lines)


def _verdict(row: Row) -> list[str]:
    name, checked = cell(row["log"]), ", ".join(row["checked"])
    if not row["ok"]:
        at = position(row["first_bad"])
        said = [f"{name}: the first position that does not hold is {at}"]
        return [*said, f"  {cell(row['problem'])}", *_known(row)]
    if not row["commits"]:
        return [f"{name}: no commits"]
    first = row.get("first", 1)
    count = row["commits"] - first + 1
    hold = "1 commit holds" if count == 1 else f"{count} commits hold"
    said = [f"{name}: {hold}: {checked}", f"  head hash {cell(row['head_hash'])}"]
    if row.get("lineage"):
        said += [
            f"  {position(first)} to {position(row['commits'])} of lineage {cell(row['lineage'])}",
            f"  digest {cell(row['digest'])}",
        ]
    return [*said, *_known(row)]


def _known(row: Row) -> list[str]:
    lines = []
    if row.get("resumed") is not None:
        begin = row["resumed"]
        lines.append(f"  begun behind {position(begin['position'])}: checked {cell(begin['at'])}")
    if row.get("known_to") is not None:
        lines.append(f"  known from outside up to {position(row['known_to'])}")
    return lines


def _of_head(row: Row) -> list[str]:
    name = f"head {cell(row['log'])} {position(row['position'])} by {cell(row['node'])}"
    if row["problems"]:
        return [f"{name}: {cell('; '.join(row['problems']))}"]
    if not row["key"]:
        return [f"{name}, {cell(row['time'])}: {cell(row['trust'])}"]
    by = ", ".join(row["witnesses"]) or "nobody"
    return [f"{name}: signed {cell(row['time'])}, witnessed by {cell(by)}; {cell(row['trust'])}"]


def _compared(row: Row) -> str:
    name = cell(row["log"])
    if row["first_difference"] is None:
        return f"{name}: the same as the other up to {position(row['common'])}"
    return f"{name}: another history from {position(row['first_difference'])} on"


def _report(data: Row) -> list[str]:
    programs = ", ".join(f"{name} {version}" for name, version in data["programs"].items())
    pairs = (
        ("checked", f"{cell(data['at'])} by {cell(data['by'])}"),
        ("programs", cell(programs)),
        ("repeat", cell(data["repeat"])),
    )
    return [f"{key}:".ljust(_KEY) + text for key, text in pairs]


def heads(data: Row, _header: bool) -> str:
    """Return heads, each with who signed and who saw it."""
    return "".join(_head(row) for row in data["heads"])


def _head(row: Row) -> str:
    signed = "nobody signed it"
    if row["signature"]:
        vouched = "its certificate" if row.get("endorsement") else "nothing but itself"
        signed = f"{cell(row['node'])}, key {cell(row['key'][:_SHORT])}, by {vouched}"
    by = ", ".join(f"{cell(w['node'])} ({cell(w['found'])})" for w in row.get("witnesses", ()))
    pairs = (
        ("lineage", cell(row["lineage"])),
        ("hash", cell(row["hash"])),
        ("digest", cell(row["digest"])),
        ("time", cell(row["time"])),
        ("signed", signed),
        ("witnessed", by or "by nobody"),
    )
    lines = [f"  {key}:".ljust(_KEY + 2) + text for key, text in pairs]
    return "\n".join([f"{cell(row['log'])} {position(row['position'])}", *lines, ""])


def holds(data: Any) -> bool:
    """Whether a log is what was written, and tells what others tell of it."""
    same = all(row["first_difference"] is None for row in data.get("against", ()))
    signed = not any(row["problems"] for row in data.get("heads", ()))
    return bool(data["ok"]) and same and signed
