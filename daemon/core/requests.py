"""A node's own requests for shared changes: waiting, shipped, answered (A6, D13, G6).

Whoever is master finds what is to be proposed in `queue`. On other nodes requests are shipped to
the master; each copy carries a sequence, so that it runs once. When a term ends, what was on its
way is settled by what the next master's log says, once its `MasterElected` is applied here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from daemon.core import messages as msg
from daemon.core.ready import Found, Submit
from daemon.core.station import Station
from daemon.core.waiting import (
    Outcome,
    Request,
    Waiter,
    daemons_down,
    error_answer,
    master_changed,
    not_active,
    not_shipped,
    quarantined,
)
from eventstore.codec import decode_header, encode_context
from eventstore.errors import Overloaded, StoreError

QUEUE_MAX = 4096
RESEND_MS = 500
READ_MS = 5000
"""How long a current read waits for its confirmation."""


class Proposer(Protocol):
    """The master's side, where this node is master."""

    def propose_waiting(self) -> None:
        """Propose what waits in the queue, if that can be done now."""

    def read(self, waiter: Waiter) -> None:
        """Confirm a current read (G6)."""

    def proposed(self) -> Sequence[Request]:
        """Return the requests of the open proposal."""

    def suspended(self) -> Sequence[Request]:
        """Return those of a proposal that is only being checked (D10)."""

    def waiters(self) -> Iterable[Waiter]:
        """Return everyone who waits for a current read."""


class Requests:
    """What utilities of this node asked for, and what waits here for a master's decision."""

    def __init__(self, member: Station) -> None:
        self.member = member
        self.proposer: Proposer | None = None
        """The changes of this node's office, while it is master."""
        self.queue: OrderedDict[str, Request] = OrderedDict()
        """Identifier -> request that this node, as master, is to propose; or will ship."""
        self.shipped: dict[int, Request] = {}
        self.shipped_term = 0
        self.unsettled: list[Request] = []
        self.reads: dict[int, int] = {}
        """Sequence -> token of a current read that the master is asked about."""
        self.reads_until: dict[int, int] = {}
        self.sequence = 0
        self.resend_at: int | None = None
        self.outcomes: list[Outcome] = []
        self.read_answers: list[tuple[int, int | None]] = []

    # Utilities of this node.

    def submit(self, said: Submit) -> None:
        """Take a utility's request for a change of the shared configuration."""
        member = self.member
        request = Request(
            said.request,
            said.verb,
            said.command,
            said.context,
            member.name,
            said.expect,
            said.dry_run,
            said.ship,
            said.found,
            said.as_of,
            [Waiter(said.token)],
        )
        known = member.shared.recent.get(said.request, said.found)
        if known is not None:
            self.outcomes.append(Outcome(request, request.tokens, known))
            return
        under_way = self._known(said.request)
        if under_way is not None:
            under_way.waiters.append(Waiter(said.token))
            return
        refusal = self._refusal()
        if self._is_in_doubt(said.request) and (refusal or not member.is_elected):
            # An earlier copy may take effect still: no refusal is true before that is settled.
            self.unsettled.append(request)
            return
        if refusal is None and self.proposer is None and not said.ship:
            refusal = not_shipped()
        if refusal is None:
            refusal = self._resolve(request)
        if refusal is not None:
            self._refuse(request, refusal)
            return
        self.enqueue(request)

    def _resolve(self, request: Request) -> StoreError | None:
        """Find the devices that the command names here; return why they cannot be had (D3)."""
        try:
            request.disks = self.member.local.named_disks(request.command)
        except StoreError as error:
            return error
        return None

    def _refusal(self) -> StoreError | None:
        """Return why no shared change can be made from here at all, now."""
        view = self.member.view
        if self.member.hard.quarantined:
            return quarantined(self.member.hard.quarantined)
        if view is None:
            return not_active("the kernel has not told yet who is in the cluster")
        if self.member.name not in view.members:
            return not_active("this node is not in the cluster")
        if not view.quorate:
            return not_active("the nodes that are here are not in quorum")
        if view.without_daemon:
            return daemons_down(view.without_daemon)
        if not self.member.is_possible(view):
            return not_active("the nodes that are here are no majority of the configured ones")
        if len(self.queue) + len(self.shipped) >= QUEUE_MAX:
            return Overloaded(
                "V-5-1-12206",
                "too many requests wait",
                cause=f"{QUEUE_MAX} are waiting for the master",
                fix="try again",
            )
        return None

    def enqueue(self, request: Request) -> None:
        """Let a request wait to be proposed or shipped; a second copy waits with the first."""
        known = self._known(request.request)
        if known is not None:
            known.waiters += [w for w in request.waiters if w not in known.waiters]
            return
        self.queue[request.request] = request
        self._go_on()

    def is_under_way(self, request: str) -> bool:
        """Whether a request of this identifier waits, or is proposed."""
        return self._known(request) is not None

    def _known(self, request: str) -> Request | None:
        """Return a request that is on its way under an identifier, None if none is."""
        if request in self.queue:
            return self.queue[request]
        proposed = () if self.proposer is None else self.proposer.proposed()
        on_the_way = (*proposed, *self.shipped.values(), *self.unsettled)
        return next((found for found in on_the_way if found.request == request), None)

    def _is_in_doubt(self, request: str) -> bool:
        doubt = self.member.hard.doubt
        return doubt is not None and any(
            decode_header(commit.header).tx == request for commit in doubt.commits
        )

    def put_back(self, requests: Iterable[Request]) -> None:
        """Let requests of a proposal that failed wait again, before all others (D12)."""
        for request in reversed(tuple(requests)):
            self.queue[request.request] = request
            self.queue.move_to_end(request.request, last=False)

    def _go_on(self) -> None:
        """Propose what waits, or ship it, if there is an elected master."""
        if self.proposer is not None:
            self.proposer.propose_waiting()
        elif self.member.is_elected:
            self._ship_all()

    def _ship_all(self) -> None:
        self.shipped_term = self.member.hard.term
        for request in tuple(self.queue.values()):
            del self.queue[request.request]
            if not request.ship:
                self._refuse(request, not_shipped())
                continue
            self.sequence += 1
            self.shipped[self.sequence] = request
            self._ship(self.sequence, request)

    def _ship(self, sequence: int, request: Request) -> None:
        member = self.member
        ship = msg.Ship(
            self.shipped_term,
            member.hard.incarnation,
            sequence,
            min(self.shipped),
            request.request,
            request.verb,
            msgspec.to_builtins(request.command),
            encode_context(request.context),
            request.expect,
            request.dry_run,
            request.disks,
        )
        member.work.send_early(member.hard.promised_to, ship)
        self.resend_at = member.now_ms + RESEND_MS

    def answered(self, message: msg.Answered) -> None:
        """The master says what became of a request that was shipped."""
        if message.incarnation == self.member.hard.incarnation:
            request = self.shipped.pop(message.sequence, None)
            if request is not None:
                self.tell(request, message.answer)

    def tell(self, request: Request, answer: dict[str, Any]) -> None:
        """Hand an answer to the utilities of this node that wait for it."""
        if not request.tokens:
            return
        if not answer["ok"]:
            outcome = Outcome(
                request, request.tokens, error=answer["error"], about=answer.get("about")
            )
        elif "found" in answer:
            found = msgspec.convert(answer["found"], Found)
            outcome = Outcome(request, request.tokens, found)
        else:
            outcome = Outcome(request, request.tokens, data=answer["data"])
        self.outcomes.append(outcome)

    def _refuse(self, request: Request, error: StoreError) -> None:
        self.tell(request, error_answer(error, self.member.name))

    # What a change of the membership does to requests.

    def office_ended(self) -> None:
        """This node is not master any more, or begins a new term: nothing is decided twice."""
        proposer, self.proposer = self.proposer, None
        assert proposer is not None
        suspended = proposer.suspended()
        self.put_back(suspended)
        proposed = [request for request in proposer.proposed() if request not in suspended]
        self.unsettled += [request for request in proposed if request.tokens]
        for request in tuple(self.queue.values()):
            request.waiters = [w for w in request.waiters if w.token]
            if not request.waiters:
                del self.queue[request.request]
        for waiter in proposer.waiters():
            if waiter.token:
                self.read_answers.append((waiter.token, None))

    def membership_changed(self) -> None:
        """A view came: reads fail, and what cannot be done in it is refused."""
        for token in self.reads.values():
            self.read_answers.append((token, None))
        self.reads.clear()
        self.reads_until.clear()
        refusal = self._refusal()
        if refusal is not None and not isinstance(refusal, Overloaded):
            for request in tuple(self.queue.values()):
                del self.queue[request.request]
                self._refuse(request, refusal)
        if self.proposer is not None:
            self.proposer.propose_waiting()
        # The master's term may be elected here already, where the view comes after it.
        self.applied()

    def applied(self) -> None:
        """Something was applied: if a term began with it, settle what was under way before."""
        if not self.member.is_elected:
            return
        term = self.member.hard.term
        waiting, self.unsettled = self.unsettled, []
        if self.shipped and self.shipped_term < term:
            waiting += self.shipped.values()
            self.shipped = {}
        for request in waiting:
            found = self.member.shared.recent.get(request.request)
            if found is not None:
                self.outcomes.append(Outcome(request, request.tokens, found))
            elif self._is_in_doubt(request.request):
                self.unsettled.append(request)
            else:
                self._refuse(request, master_changed())
        if self.proposer is None and self.queue:
            self._ship_all()

    # Current reads (G6).

    def read_current(self, token: int) -> None:
        """A utility wants to read what is current."""
        member = self.member
        if self.proposer is not None:
            self.proposer.read(Waiter(token))
            return
        if self._refusal_to_read() or not member.is_elected:
            self.read_answers.append((token, None))
            return
        self.sequence += 1
        self.reads[self.sequence] = token
        self.reads_until[self.sequence] = member.now_ms + READ_MS
        self._ask_read(self.sequence)

    def _refusal_to_read(self) -> bool:
        view = self.member.view
        return view is None or not self.member.is_possible(view)

    def _ask_read(self, sequence: int) -> None:
        member = self.member
        ask = msg.AskRead(member.hard.term, member.hard.incarnation, sequence)
        member.work.send_early(member.hard.promised_to, ask)
        self.resend_at = member.now_ms + RESEND_MS

    def read_at(self, message: msg.ReadAt) -> None:
        """The master says from which position on the log is current."""
        if message.incarnation != self.member.hard.incarnation:
            return
        token = self.reads.pop(message.sequence, None)
        self.reads_until.pop(message.sequence, None)
        if token is not None:
            self.read_is(token, message.position)

    def read_is(self, token: int, position: int | None) -> None:
        """Answer a current read; one that this node is behind of is not to be had."""
        head = self.member.shared.head.position
        known = position if position is not None and position <= head else None
        self.read_answers.append((token, known))

    # Time.

    def wake_at(self) -> int | None:
        """Return when something has to be sent again, or given up."""
        return self.resend_at

    def tick(self) -> None:
        """Send again what the master did not answer; give up reads that waited too long."""
        member = self.member
        if self.resend_at is None or member.now_ms < self.resend_at:
            return
        self.resend_at = None
        for sequence in [s for s, until in self.reads_until.items() if until <= member.now_ms]:
            del self.reads_until[sequence]
            self.read_answers.append((self.reads.pop(sequence), None))
        if member.is_elected and self.proposer is None:
            for sequence, request in self.shipped.items():
                if self.shipped_term == member.hard.term:
                    self._ship(sequence, request)
            for sequence in self.reads:
                self._ask_read(sequence)
        if self.shipped or self.reads:
            self.resend_at = member.now_ms + RESEND_MS
