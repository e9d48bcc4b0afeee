"""Commits as entries of the original's two logs; the commit's position joins them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cli.output import cell, printable

Row = dict[str, Any]


def command(row: Row) -> str:
    """Return the entry of the command log; "" for a commit that no command asked for."""
    if row["command"] is None:
        return ""
    return f"# {row['position']}, {row['pid'] or 0}, {_ctime(row)}\n{printable(row['command'])}\n"


def transaction(row: Row) -> str:
    """Return the entry of the transaction log."""
    refused = [event for event in row["events"] if event["name"] == "request-rejected"]
    status = 1 if refused else 0
    reason = refused[0]["message_id"].rpartition("-")[2] if refused else 0
    client = row["position"] if row["command"] is not None else 0
    ended = f"Part = 0, Status = {status}, Abort Reason = {reason}"
    lines = [_ctime(row), f"Clid = {client}, PID = {row['pid'] or 0}, {ended}"]
    lines += [f"    {_request(event)}" for event in row["events"]]
    return "\n".join(lines) + "\n"


def _request(event: Row) -> str:
    about = event["object"] or event.get("verb")
    return f"{event['name'].upper().replace('-', '_')} {cell(about)}"


def _ctime(row: Row) -> str:
    """Return a commit's time as ctime(3) writes it, in UTC."""
    return datetime.fromisoformat(row["time"]).ctime()
