"""What became of requests whose flush failed: the log knows, and nothing else does (G5).

A request that the log does not have has failed: nothing appends it any more. One that it has may
have reached the file but not the disk, so it is *done* only once the log was opened for writing
again, which flushes what it holds. Nor has one failed before that if its bytes are in the WAL:
SQLite undoes a failed flush in memory that it shares with its readers, and when the last of them
ends, the bytes are all there is.
"""

from __future__ import annotations

from pathlib import Path

from daemon.core.ready import Answer
from daemon.shell.driver import Unsettled
from eventstore.errors import Pending, StoreError, Unavailable
from eventstore.past.history import outcome
from eventstore.source import DATABASE
from eventstore.storage.offline import read_store, wal_of

Settled = list[tuple[Unsettled, Answer]]


def settle(
    home: Path, unsettled: list[Unsettled], error: Unavailable, *, trusted: bool
) -> tuple[Settled, list[Unsettled]]:
    """Return the answers that are certain, and the requests for which none is yet.

    `trusted` tells whether what the log holds is known to be on the disk.
    """
    try:
        with read_store(home / DATABASE) as logs:
            readers = tuple(logs.values())
            rows = [outcome(readers, waiting.request) for waiting in unsettled]
            times = {reader.name: reader.head().time_us for reader in readers}
        written = b"" if trusted else wal_of(home / DATABASE)
    except (StoreError, OSError):
        return [], unsettled
    settled: Settled = []
    left: list[Unsettled] = []
    for waiting, row in zip(unsettled, rows, strict=True):
        done = row["outcome"] == "done"
        if not trusted and (done or waiting.request.encode() in written):
            left.append(waiting)
        elif done:
            settled.append((waiting, _done(row, times[row["log"]])))
        elif not waiting.here:
            settled.append((waiting, {"ok": False, "error": _pending(waiting.request).to_map()}))
        else:
            settled.append((waiting, {"ok": False, "error": error.to_map()}))
    return settled, left


def _done(row: Answer, time_us: int) -> Answer:
    position = row["position"]
    return {
        "ok": True,
        "log": row["log"],
        "position": position,
        "at_us": time_us,
        "resolved": None,
        "notes": [],
        "data": {"position": position, "outcome": "done", "events": [], "diff": []},
    }


def _pending(request: str) -> Pending:
    """Return the answer for a change that the other nodes may still decide (D13)."""
    return Pending(
        "V-5-1-9131",
        "the outcome is not known yet",
        cause="this node's disk refused a write while the cluster was about the change",
        fix=f"ask for it: 'vx outcome {request}'",
        rule="D13",
    )
