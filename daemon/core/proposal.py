"""The one proposal that a master has open: who has answered, and what comes next (D3 to D7).

The stages are a table; the master that owns the proposal sends what a stage asks for. A stage is
over when everyone it waits for has answered.
"""

from __future__ import annotations

from enum import Enum

from daemon.core.messages import Check, CommitNow, Message, Propose, Record
from daemon.core.waiting import Request
from eventstore.codec import Commit
from eventstore.model.objects import Key


class Stage(Enum):
    """What a proposal waits for."""

    CHECKING = "every member's consent (D3)"
    PREPARING = "every member's disk (D4)"
    FIRST = "the first in succession to apply it (D6)"
    REST = "all others to apply it (D7)"
    DONE = "nothing"


NEXT = {
    Stage.CHECKING: Stage.PREPARING,
    Stage.PREPARING: Stage.FIRST,
    Stage.FIRST: Stage.REST,
    Stage.REST: Stage.DONE,
}


class Proposal:
    """A record on its way; `requests` are those whose commits it holds, in order."""

    def __init__(
        self, record: Record, holds: tuple[Key, ...], requests: tuple[Request, ...] = ()
    ) -> None:
        self.record = record
        self.holds = holds
        self.requests = requests
        self.stage = Stage.CHECKING if holds and not record.again else Stage.PREPARING
        self.waiting: set[str] = set()

    @property
    def is_decided(self) -> bool:
        """Whether every member of its list has it on stable storage (D5)."""
        return self.stage not in (Stage.CHECKING, Stage.PREPARING)

    def audience(self, here: str, succession: tuple[str, ...]) -> tuple[str, ...]:
        """Return whom the present stage is sent to, in the master's present order."""
        others = tuple(n for n in succession if n in self.record.members and n != here)
        if self.stage is Stage.FIRST:
            return others[:1]
        if self.stage is Stage.REST:
            return others[1:]
        return others

    def message(self) -> Message:
        """Return what the present stage sends to each of its audience."""
        record = self.record
        if self.stage is Stage.CHECKING:
            return Check(record.term, record)
        if self.stage is Stage.PREPARING:
            return Propose(record.term, record, self.holds)
        return CommitNow(record.term, record.number, record.last)


BATCH_COMMITS = 128
BATCH_BYTES = 512 * 1024
"""What travels in one proposal: a frame holds it twice over."""


class Batch:
    """What goes into one proposal, while it is gathered (D12)."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.commits: list[Commit] = []
        self.holds: tuple[Key, ...] = ()
        self.size = 0
        """Bytes of the commits."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to go into it."""
        return len(self.commits) >= BATCH_COMMITS or self.size >= BATCH_BYTES
