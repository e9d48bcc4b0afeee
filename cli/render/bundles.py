"""Bundles as text: what is in one, and whether it can be believed."""

from __future__ import annotations

from typing import Any

from cli.output import cell
from cli.render import proofs

Row = dict[str, Any]


def created(data: Row, _header: bool) -> str:
    """Return what was written."""
    return f"{cell(data['file'])}: {_logs(data)}, {data['bytes']} bytes{_left_out(data)}\n"


def _logs(data: Row) -> str:
    return ", ".join(
        f"{cell(log['name'])} @{log['first']} to @{log['last']}"
        for log in data["logs"]
        if log["last"] >= log["first"]
    )


def _left_out(data: Row) -> str:
    return "; without contexts" if data["redacted"] else ""


def opened(data: Row, _header: bool) -> str:
    """Return what is in a bundle, and how to read it."""
    where = data["directory"] or data["file"]
    programs = ", ".join(f"{name} {version}" for name, version in data["programs"].items())
    files = [one for one in data["sections"] if one["name"].startswith("recording/")]
    lines = [
        f"{cell(data['file'])}: {_logs(data)}{_left_out(data)}",
        f"  of {cell(data['node'])} in cluster {cell(data['cluster'])}",
        f"  made {cell(data['made'])} by {cell(data['by'])} with {cell(programs)}",
        *([f"  recording: {len(files)} files"] if files else []),
        f"read it with --log {cell(where)}",
    ]
    return "".join(f"{line}\n" for line in lines)


def verified(data: Row, header: bool) -> str:
    """Return whether a bundle is to be believed."""
    text = proofs.verified({"logs": data["logs"], "heads": data["heads"]}, header)
    return text + "".join(f"{cell(one)}\n" for one in data["problems"] or ["the bundle holds"])
