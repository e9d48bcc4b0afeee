"""What becomes of proposals that nobody knows the outcome of (C4): a decision, as a table.

Pure: from what the members say of themselves to what has to be proposed. The reasons are in the
protocol: completing what was not decided harms nobody, failing what was decided would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from daemon.core.messages import Record
from daemon.core.waiting import is_of_client
from eventstore.codec import Commit, Head, chain, decode_header
from eventstore.model.cluster_events import RequestsFailed


class Witness(Struct, frozen=True):
    """What a member says of itself; one whose log is not intact proves nothing (I9)."""

    name: str
    intact: bool
    position: int
    doubt: Record | None


Verdict = Literal["nothing", "repropose", "complete", "fail"]

# (was it proposed again before, does an intact member of its list lack it) -> what is done.
C4: dict[tuple[bool, bool], Verdict] = {
    (True, False): "repropose",
    (True, True): "repropose",
    (False, False): "complete",
    (False, True): "fail",
}


class Choice(Struct, frozen=True):
    """What C4 says, of which commits, and for whose sake: who lacks it."""

    verdict: Verdict
    commits: tuple[Commit, ...] = ()
    lacking: tuple[str, ...] = ()
    order: tuple[int, int] = (0, 0)


def choose(head: Head, witnesses: Sequence[Witness]) -> Choice:
    """Return what has to be proposed behind `head`, the end of the longest intact log."""
    records = [w.doubt for w in witnesses if w.intact and w.doubt and _is_open(head, w.doubt)]
    if not records:
        return Choice("nothing")
    record = max(records, key=lambda found: found.order)
    lacking = tuple(
        w.name for w in witnesses if w.intact and w.name in record.members and not _has(w, record)
    )
    commits = tuple(commit for commit in record.commits if commit.position > head.position)
    return Choice(C4[record.again, bool(lacking)], commits, lacking, record.order)


def _is_open(head: Head, record: Record) -> bool:
    """Whether a record may still be decided: it goes beyond the log, and continues it.

    All of a record is decided together. Where something else was decided at one of its positions
    none of it was, though it may reach further than what took its place.
    """
    if record.last <= head.position:
        return False
    beyond = next(commit for commit in record.commits if commit.position > head.position)
    return chain(head.hash, beyond.header) == beyond.hash


def _has(witness: Witness, record: Record) -> bool:
    """Whether a member has that very record, or commits that cover it."""
    if witness.position >= record.last:
        return True
    return witness.doubt is not None and witness.doubt.order == record.order


def failure(choice: Choice) -> RequestsFailed:
    """Return the event that records that requests were not decided (C4c)."""
    ids = (decode_header(commit.header).tx for commit in choice.commits)
    requests = tuple(tx for tx in ids if is_of_client(tx))
    why = f"not every node had it: {', '.join(choice.lacking)} had not"
    return RequestsFailed(requests, choice.lacking[0], "V-5-1-7916", why, "C4")
