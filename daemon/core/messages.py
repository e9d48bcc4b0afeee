"""What daemons tell each other: one frozen record a message, each with its term (G4).

Every message is harmless when it comes late or twice: terms order masters, numbers order the
proposals of one, positions order catch-up. `encode` and `decode` are the form that travels.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from eventstore.codec import Commit
from eventstore.model.decide.sharing import DiskFact


class Record(Struct, frozen=True, array_like=True):
    """A proposal as a member writes it down, and is then in doubt about.

    Records are ordered by (term, number). `again` marks a re-proposal, which is sticky (C4a).
    `members` is the list it goes to, which never changes (D5).
    """

    term: int
    number: int
    again: bool
    members: tuple[str, ...]
    commits: tuple[Commit, ...]

    @property
    def order(self) -> tuple[int, int]:
        """Return what orders records in doubt."""
        return self.term, self.number

    @property
    def first(self) -> int:
        """Return the first position it is about."""
        return self.commits[0].position

    @property
    def last(self) -> int:
        """Return the last position it is about."""
        return self.commits[-1].position


class Message(Struct, frozen=True, array_like=True, tag_field="m"):
    """What all messages share: the term of the master that it is from or for."""

    term: int


class Ask(Message, frozen=True, tag="ask"):
    """The master that a view names asks for a promise, and for the member's state (C2)."""

    incarnation: int
    protocol: int


def reach(position: int, doubt: Record | None) -> int:
    """Return how far a log that ends at a position goes, with what is in doubt (C3)."""
    return max(position, doubt.last if doubt else 0)


class Promised(Message, frozen=True, tag="promised"):
    """A member's promise and its state; durable before it is sent (C2)."""

    asker: int
    """The incarnation of the master's daemon that was promised to."""
    cluster_id: str
    position: int
    hash: bytes
    intact: bool
    doubt: Record | None
    protocols: tuple[int, int]
    incarnation: int
    quarantined: int = 0
    """The first position at which the log is another one; 0: it is not known to be one (B3)."""


class Deposed(Message, frozen=True, tag="deposed"):
    """The answer to any message of a lower term: `term` is what was promised, and to whom (C2)."""

    to: str
    incarnation: int


class Fetch(Message, frozen=True, tag="fetch"):
    """The master asks the longest intact log for what follows `after` (C3)."""

    after: int


class Fetched(Message, frozen=True, tag="fetched"):
    """A piece of the longest log, for the master."""

    after: int
    commits: tuple[Commit, ...]


class Piece(Message, frozen=True, tag="piece"):
    """A piece of the log for a member that is behind; `through` is where catch-up ends (C3)."""

    after: int
    through: int
    commits: tuple[Commit, ...]


class Bulk(Message, frozen=True, tag="bulk"):
    """A long piece for a member that is far behind: to be stored, not to be applied (C3).

    `body` is what `eventstore.bulk` packs; `hash` is that of the last commit in it.
    """

    after: int
    through: int
    hash: bytes
    body: bytes


class More(Message, frozen=True, tag="more"):
    """Everything up to `position` was taken in, and is not on the disk yet: send what follows."""

    position: int


class Frame(Message, frozen=True, tag="frame"):
    """Slices of a keyframe for a member that has stored what it lacked, from `number` on (C3).

    `position` is the commit that the keyframe belongs to; 0: there is none, and the member
    replays. `row` says what a keyframe has to be; the core looks into none of it.
    """

    position: int
    number: int
    row: bytes
    slices: tuple[bytes, ...]
    last: bool


class Framed(Message, frozen=True, tag="framed"):
    """The member has the slices of a keyframe up to the one before `number` on its disk."""

    position: int
    number: int


class CaughtUp(Message, frozen=True, tag="caught-up"):
    """How far a member's log goes; also the answer to a piece that does not fit."""

    position: int
    hash: bytes


class Distrust(Message, frozen=True, tag="distrust"):
    """The member's log counts as damaged: it lacks what its node had stored (C3)."""

    reason: str


class Diverged(Message, frozen=True, tag="diverged"):
    """The member's log is not a prefix of the master's, from `position` on at the latest (B3)."""

    position: int


class Compare(Message, frozen=True, tag="compare"):
    """Does the member's log have this hash at a position? (B3)."""

    position: int
    hash: bytes


class Compared(Message, frozen=True, tag="compared"):
    """Whether it has; `ends`: the log ends before, or is not intact, and has no say."""

    position: int
    same: bool
    ends: bool = False


class Quarantine(Message, frozen=True, tag="quarantine"):
    """The member's log is another one from a position on: an administrator has to look (B3)."""

    position: int


class Check(Message, frozen=True, tag="check"):
    """Would the member agree? It holds names and disks until the outcome is known (D3)."""

    record: Record


class Agreed(Message, frozen=True, tag="agreed"):
    """The member agrees, and holds what the proposal is about."""

    number: int


class Propose(Message, frozen=True, tag="propose"):
    """To be written down (D4, D5); `holds`: the volumes whose I/O the kernel must hold first."""

    record: Record
    holds: tuple[tuple[str, int], ...] = ()


class Prepared(Message, frozen=True, tag="prepared"):
    """The member has the proposal on stable storage."""

    number: int


class Refused(Message, frozen=True, tag="refused"):
    """The member does not agree, or its kernel cannot hold: which commit, and why (D11)."""

    number: int
    position: int
    error: dict[str, Any]


class CommitNow(Message, frozen=True, tag="commit"):
    """The proposal is decided: to be applied (D6)."""

    number: int
    position: int


class Applied(Message, frozen=True, tag="applied"):
    """The member has applied everything up to a position."""

    position: int


class Differs(Message, frozen=True, tag="differs"):
    """A commit gives another digest here, also in a replay: about which objects it is (G3)."""

    position: int
    digest: bytes
    objects: tuple[str, ...]


class CheckJoin(Message, frozen=True, tag="check-join"):
    """Can the joiner reach every imported disk, and are its private groups' names free? (B4)."""

    position: int


class JoinChecked(Message, frozen=True, tag="join-checked"):
    """The joiner's answer; None: it can join."""

    position: int
    error: dict[str, Any] | None


class Ship(Message, frozen=True, tag="ship"):
    """A utility's request, from the node where it was asked (A6).

    It runs at most once, and in no other term. `below` is the lowest sequence that the sender
    still waits for: what the master remembers of earlier ones may go. `disks` are the devices
    that the command names, as the sender knows them.
    """

    incarnation: int
    sequence: int
    below: int
    request: str
    verb: str
    command: dict[str, Any]
    context: bytes
    expect: int | None
    dry_run: bool
    disks: tuple[DiskFact, ...] = ()


class Answered(Message, frozen=True, tag="answered"):
    """The outcome of a shipped request."""

    incarnation: int
    sequence: int
    answer: dict[str, Any]


class AskRead(Message, frozen=True, tag="ask-read"):
    """A slave asks for a position that is current (G6)."""

    incarnation: int
    sequence: int


class ReadAt(Message, frozen=True, tag="read-at"):
    """A state at or behind `position` is current; None: not to be had now."""

    incarnation: int
    sequence: int
    position: int | None


class Stand(Message, frozen=True, tag="stand"):
    """Does the member still stand at this term? (G6)."""

    read: int


class Standing(Message, frozen=True, tag="standing"):
    """It does."""

    read: int


AnyMessage = (
    Ask
    | Promised
    | Deposed
    | Fetch
    | Fetched
    | Piece
    | Bulk
    | More
    | Frame
    | Framed
    | CaughtUp
    | Distrust
    | Diverged
    | Compare
    | Compared
    | Quarantine
    | Check
    | Agreed
    | Propose
    | Prepared
    | Refused
    | CommitNow
    | Applied
    | Differs
    | CheckJoin
    | JoinChecked
    | Ship
    | Answered
    | AskRead
    | ReadAt
    | Stand
    | Standing
)

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(AnyMessage).decode
"""Bytes -> message; raises msgspec.DecodeError or ValidationError for anything else."""
