"""A commit in the form of CloudEvents 1.0, JSON: what other programs' event buses take.

`source` and `id` together are the same on every node that has the log, so who takes it from two
nodes can drop what comes twice. One event a commit: a commit is whole, or is not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPEC_VERSION = "1.0"
COMMIT = "vxconfigd.commit.v1"
HEARTBEAT = "vxconfigd.heartbeat.v1"

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_POSITION_DIGITS = 19
"""So many that texts are in the order of the positions."""

Row = dict[str, Any]


def commit(cluster: str | None, log: str, row: Mapping[str, Any]) -> Row:
    """Return a commit as one event: `row` as it came from a log or from following it.

    `subject` is the object, where it is one; `sequence` is the position, as text that sorts.
    """
    found: Row = {
        "specversion": SPEC_VERSION,
        "id": row["hash"],
        "source": source(cluster, log),
        "type": COMMIT,
        "time": row["time"],
        "datacontenttype": "application/json",
        "sequence": f"{row['position']:0{_POSITION_DIGITS}d}",
        "data": dict(row),
    }
    if len(row["objects"]) == 1:
        found["subject"] = row["objects"][0]
    return found


def heartbeat(cluster: str | None, log: str, beat: Mapping[str, Any]) -> Row:
    """Return an event that says that there was none; `beat` has its `time` and `places`."""
    ends = "-".join(str(place["position"]) for place in beat["places"])
    return {
        "specversion": SPEC_VERSION,
        "id": f"{beat['time']}@{ends}",
        "source": source(cluster, log),
        "type": HEARTBEAT,
        "time": beat["time"],
        "datacontenttype": "application/json",
        "data": dict(beat),
    }


def source(cluster: str | None, log: str) -> str:
    """Return which log of which cluster, as a URI reference."""
    parts = ["vxconfigd", cluster or "-", *log.split("/")]
    return "/" + "/".join(map(_quoted, parts))


def _quoted(part: str) -> str:
    return "".join(c if c in _SAFE else "".join(f"%{b:02X}" for b in c.encode()) for c in part)
