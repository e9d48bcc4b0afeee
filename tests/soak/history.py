"""What the clients of a soak saw, and whether that can be: pure, so that it is tested by itself.

An object is a volume: its value is its length, empty while there is no such volume. Everything
that a client did is an `Act`. A change that was answered *done* is *acknowledged*; one of which
only the log knew it, once asked, is *settled*.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from tests.support import linear

Heard = Literal["done", "seen", "refused", "failed", "rejected", "unknown"]
"""``seen``: a read was answered. ``refused``: the object's own state forbids the change, which
says what that state was. ``rejected``: circumstances forbade it. ``unknown``: no answer came."""

CHANGES = ("make", "grow", "remove")
READS = ("current", "read")
BUDGET = 2_000_000


class Act(NamedTuple):
    """One thing that a client did to an object, and what it heard."""

    kind: str
    """``make``, ``grow``, ``remove``; ``current`` and ``read`` are reads. ``switch``: whether a
    node has the group active, which only makes changes wait for its kernel; it has no value."""
    object: str
    invoked: float
    returned: float | None
    heard: Heard
    amount: int = 0
    """The length that a volume is made with, or grown by; the length that was read, 0: none."""
    position: int = 0
    """Of the commit, or of the state that was read; 0: not said."""
    request: str = ""
    who: str = ""


class Log(NamedTuple):
    """A node's shared log: position -> (hash, transaction ID), and the requests it failed."""

    commits: Mapping[int, tuple[bytes, str]]
    failed: frozenset[str] = frozenset()


def volume(operation: linear.Operation, value: str) -> str | None:
    """Return a volume's length after an operation, None if it cannot have happened here."""
    kind, there = operation.kind, bool(value)
    if kind == "read":
        return value if value == operation.value else None
    if kind in ("is there", "is not there"):
        return value if there == (kind == "is there") else None
    if kind == "make":
        return None if there else operation.value
    if not there:
        return None
    return "" if kind == "remove" else str(int(value) + int(operation.value))


def searched(acts: Iterable[Act], budget: int = BUDGET) -> linear.Verdict:
    """Search for one order of all changes and current reads that respects real time (I12)."""
    found = [one for act in acts if (one := _operation(act)) is not None]
    return linear.check(found, {}, budget, volume)


def _operation(act: Act) -> linear.Operation | None:
    """Return what the search makes of an act; None: it neither did nor saw anything."""
    kind, value = act.kind, str(act.amount)
    if act.kind == "current":
        kind, value = "read", value if act.amount else ""
    elif act.kind in ("read", "switch") or act.heard in ("failed", "rejected"):
        return None
    elif act.heard == "refused":
        kind, value = ("is there" if act.kind == "make" else "is not there"), ""
    return linear.Operation(kind, act.object, value, act.invoked, act.returned, "", act.who)


def out_of_order(acts: Iterable[Act]) -> list[str]:
    """Return what contradicts the order of positions: it has to respect real time."""
    placed = [act for act in acts if act.position and act.returned is not None]
    placed = [act for act in placed if act.kind != "read"]
    known = sorted((act.returned or 0.0, act.position) for act in placed)
    ends = [returned for returned, _position in known]
    newest: list[int] = []
    for _returned, position in known:
        newest.append(max(position, newest[-1] if newest else 0))
    found = []
    for act in placed:
        before = bisect_left(ends, act.invoked)
        least = (newest[before - 1] if before else 0) + (act.kind not in READS)
        if act.position < least:
            found.append(f"{act} began when @{newest[before - 1]} was known")
    return found


def gone_back(acts: Sequence[Act]) -> list[str]:
    """Return the reads of one conversation that saw less than one before them (I12)."""
    found, newest = [], 0
    for act in acts:
        if act.position < newest:
            found.append(f"{act} saw less than @{newest}")
        newest = max(newest, act.position)
    return found


def misread(acts: Iterable[Act]) -> list[str]:
    """Return the reads that show another length than the changes up to their position give."""
    changes = sorted((act.position, act) for act in acts if act.kind in CHANGES and act.position)
    reads = [act for act in acts if act.heard == "seen" and act.amount and act.position]
    values: dict[str, str] = {}
    found, at = [], 0
    for read in sorted(reads, key=lambda act: act.position):
        while at < len(changes) and changes[at][0] <= read.position:
            act = changes[at][1]
            operation = linear.Operation(act.kind, act.object, str(act.amount), 0, 0)
            after = volume(operation, values.get(act.object, ""))
            if after is None:
                found.append(f"{act} cannot have happened: it was {values.get(act.object)!r}")
            values[act.object] = after or ""
            at += 1
        if values.get(read.object, "") != str(read.amount):
            found.append(f"{read} should have shown {values.get(read.object)!r}")
    return found


def diverged(logs: Mapping[str, Log]) -> list[str]:
    """Return the positions at which nodes hold different commits, or one has a gap (I1, I2)."""
    found = []
    for position in sorted({position for log in logs.values() for position in log.commits}):
        there = {
            name: log.commits.get(position, (b"", "nothing"))
            for name, log in logs.items()
            if position <= max(log.commits, default=0)
        }
        if len(set(there.values())) > 1:
            found.append(f"@{position}: { ({name: tx for name, (_, tx) in there.items()}) }")
    return found


def lost_or_invented(acts: Iterable[Act], log: Log) -> list[str]:
    """Return what a log contradicts of what clients were told (I3, I4, I6)."""
    places: dict[str, list[int]] = {}
    for position, (_hash, tx) in log.commits.items():
        places.setdefault(tx, []).append(position)
    found = [f"{tx} is committed {len(at)} times" for tx, at in places.items() if len(at) > 1]
    for act in acts:
        if not act.request or act.heard == "refused":
            continue
        at = places.get(act.request, [0])[0]
        if act.heard == "done" and at != act.position:
            found.append(f"lost: {act} is @{at}")
        elif act.heard != "done" and at:
            found.append(f"a ghost: {act} is @{at}")
        elif act.heard == "failed" and act.request not in log.failed:
            found.append(f"{act} is not recorded as failed")
        elif act.heard != "failed" and act.request in log.failed:
            found.append(f"{act} is recorded as failed")
    return found
