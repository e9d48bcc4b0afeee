"""The open proposal on its way: prepared by all, decided, applied in succession (D3 to D8).

A master has at most one. What it is about does not matter here: section C's commits go the same
way as a utility's change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.core import messages as msg
from daemon.core.messages import Record
from daemon.core.proposal import NEXT, Proposal, Stage
from daemon.core.ready import Hold
from daemon.core.station import Station
from daemon.core.view import View
from daemon.core.waiting import Request
from eventstore.codec import Actor, Commit, Context
from eventstore.model import events as ev
from eventstore.model.objects import Key


class Proposing:
    """The proposals of one term, one after the other.

    `done` is called when all have applied one, `refused` when a member does not agree.
    """

    def __init__(
        self,
        member: Station,
        view: View,
        term: int,
        done: Callable[[Proposal], None],
        refused: Callable[[Proposal, str, msg.Refused], None],
    ) -> None:
        self.member = member
        self.view = view
        self.term = term
        self.open: Proposal | None = None
        self._done = done
        self._on_refusal = refused
        self._number = 0
        self.sent_at = 0

    @property
    def here(self) -> str:
        """Return this node."""
        return self.member.name

    def seal(self, events: tuple[ev.AnyEvent, ...]) -> Commit:
        """Return the protocol's own next commit."""
        member = self.member
        shared = member.shared
        tx = f"{self.here}@{self.term}.{shared.head.position + 1}"
        context = Context(actor=Actor(program="daemon"), clock_us=member.wall_us)
        shared.begin_trial()
        try:
            return shared.seal_next(tx, self.here, context, events, self.term)
        finally:
            shared.end_trial()

    def propose_own(self, events: tuple[ev.AnyEvent, ...], *, again: bool = False) -> None:
        """Propose the protocol's own commit."""
        self.propose((self.seal(events),), again=again)

    def unanswered(self) -> list[tuple[str, Any]]:
        """Return what was sent to those who have not answered."""
        if self.open is None:
            return []
        message = self.open.message()
        waiting = self.open.waiting - {self.here}
        return [(name, message) for name in self.view.names if name in waiting]

    def propose(
        self,
        commits: tuple[Commit, ...],
        *,
        again: bool = False,
        holds: tuple[Key, ...] = (),
        requests: tuple[Request, ...] = (),
    ) -> None:
        """Open a proposal to all members of the view."""
        self._number += 1
        record = Record(self.term, self._number, again, self.view.members, commits)
        self.open = Proposal(record, holds, requests)
        self._begin_stage()

    def _begin_stage(self) -> None:
        """Do and send what the open proposal's stage asks for; pass stages that ask nothing."""
        proposal = self.open
        assert proposal is not None
        audience = proposal.audience(self.here, self.view.names)
        proposal.waiting = set(audience)
        self.sent_at = self.member.now_ms
        message: Any = proposal.message()
        early = not (proposal.is_decided or self._rests_on_a_flush(proposal))
        for name in audience:
            if early:
                self.member.work.send_early(name, message)
            else:
                self.member.work.send(name, message)
        if proposal.stage is Stage.PREPARING:
            self._prepare_here(proposal)
        if not proposal.waiting:
            self._end_stage()

    def _rests_on_a_flush(self, proposal: Proposal) -> bool:
        """Whether section C proposes in the very step that stores what was fetched (C5).

        `MasterElected` says of its members, this node too, that they stored what is before it.
        """
        return proposal.record.again and self.member.work.flush

    def _prepare_here(self, proposal: Proposal) -> None:
        """Write the own copy down; alone, the commit itself is that copy."""
        record = proposal.record
        if proposal.holds and not record.again:
            proposal.waiting.add(self.here)
            self.member.proposed = msg.Propose(record.term, record, proposal.holds)
            self.member.work.directives.append(Hold(record.number, proposal.holds))
        elif proposal.waiting or self.member.hard.doubt is not None:
            self.member.write_down(record)

    def _end_stage(self) -> None:
        proposal = self.open
        assert proposal is not None
        was_decided = proposal.is_decided
        proposal.stage = NEXT[proposal.stage]
        if proposal.is_decided and not was_decided:
            alone = len(proposal.record.members) == 1
            self.member.take(proposal.record.commits, flush=alone)
        if proposal.stage is Stage.DONE:
            self.open = None
            self._done(proposal)
        else:
            self._begin_stage()

    def answered(self, name: str, number: int) -> None:
        """Take that a member agreed, or prepared; early or late ones change nothing (G4)."""
        proposal = self.open
        if proposal is None or proposal.is_decided or proposal.record.number != number:
            return
        proposal.waiting.discard(name)
        if not proposal.waiting:
            self._end_stage()

    def agreed(self, sender: str, message: msg.Agreed) -> None:
        """Take a member's consent (D3)."""
        if self.open is not None and self.open.stage is Stage.CHECKING:
            self.answered(sender, message.number)

    def prepared(self, sender: str, message: msg.Prepared) -> None:
        """Take that a member has it on stable storage (D4)."""
        if self.open is not None and self.open.stage is Stage.PREPARING:
            self.answered(sender, message.number)

    def applied(self, sender: str, message: msg.Applied) -> None:
        """Take that a member has applied it (D6)."""
        proposal = self.open
        if proposal is None or not proposal.is_decided:
            return
        if message.position >= proposal.record.last:
            proposal.waiting.discard(sender)
            if not proposal.waiting:
                self._end_stage()

    def refused(self, name: str, message: msg.Refused) -> None:
        """Settle a refusal: what is on disks is failed by a commit of its own (D8)."""
        proposal = self.open
        if (
            proposal is None
            or proposal.is_decided
            or proposal.record.again
            or proposal.record.number != message.number
        ):
            return
        self.open = None
        self._on_refusal(proposal, name, message)
