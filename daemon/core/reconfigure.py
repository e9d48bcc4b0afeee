"""Utilities' changes at the master: what waits, what goes into one proposal, who is told (D).

Waiting requests are decided in order, each on the state that those before it leave, and travel in
one proposal, a commit each (D12). What touches volumes in use travels alone, since it has to be
checked and held first (D3, D4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from daemon.core import messages as msg
from daemon.core.chair import Chair
from daemon.core.proposal import Batch, Proposal, Stage
from daemon.core.reads import Reads
from daemon.core.ready import Found, Received
from daemon.core.requests import Requests
from daemon.core.waiting import (
    Request,
    Waiter,
    changed_since,
    command_of,
    daemons_down,
    error_answer,
)
from eventstore.codec import Commit, decode_context, decode_events
from eventstore.errors import StoreError
from eventstore.model.cluster_events import RequestsFailed
from eventstore.model.decide.membership import is_alone, majority_objection
from eventstore.model.decide.moment import Moment
from eventstore.present.differences import change_rows, event_row


class Reconfigurations:
    """The changes that one office brings about."""

    def __init__(self, office: Chair, requests: Requests) -> None:
        self.office = office
        self.requests = requests
        self.answers: dict[tuple[str, int], dict[int, dict[str, Any]]] = {}
        """(node, daemon incarnation) -> sequence -> answer, while a second copy may come (D1)."""
        self.running: set[Waiter] = set()
        self.floor: dict[tuple[str, int], int] = {}
        self.reads = Reads(office, requests)
        self.halted: StoreError | None = None
        self.after_failure: tuple[Request, ...] = ()
        """What travelled with a request that is being failed: undecided until that is (D12)."""

    # What comes in.

    def begin(self) -> None:
        """The office is active: what waited goes on its way."""
        self.propose_waiting()

    def halt(self, error: StoreError) -> None:
        """Refuse what waits and what comes: nothing is changed in this view (C1, G3)."""
        self.halted = error
        self.propose_waiting()
        self.reads.refuse()

    def shipped(self, said: Received) -> None:
        """Take a request from another node, once (A6)."""
        ship = said.message
        assert isinstance(ship, msg.Ship)
        sender = (said.sender, ship.incarnation)
        waiter = Waiter(0, said.sender, ship.incarnation, ship.sequence)
        self._forget_below(sender, ship.below)
        known = self.answers.get(sender, {}).get(ship.sequence)
        if known is not None:
            self._tell(waiter, known)
            return
        if waiter in self.running or ship.sequence < self.floor.get(sender, 0):
            return
        self.running.add(waiter)
        request = Request(
            ship.request,
            ship.verb,
            command_of(str(ship.command.get("verb")), ship.command),
            decode_context(ship.context),
            said.sender,
            ship.expect,
            dry_run=ship.dry_run,
            ship=True,
            found=said.found,
            as_of=said.as_of,
            waiters=[waiter],
            disks=ship.disks,
        )
        self.requests.enqueue(request)

    def _forget_below(self, sender: tuple[str, int], below: int) -> None:
        if below <= self.floor.get(sender, 0):
            return
        self.floor[sender] = below
        known = self.answers.get(sender, {})
        for sequence in [n for n in known if n < below]:
            del known[sequence]

    # From waiting to proposed.

    def propose_waiting(self) -> None:
        """Propose what waits, as much as fits; or let reads have their turn (D12, G6)."""
        office = self.office
        if self.halted is not None:
            for request in tuple(self.requests.queue.values()):
                self._reject(request, self.halted)
        if not office.is_free:
            return
        self.reads.go_on()
        queue = self.requests.queue
        while queue and office.is_free:
            down = office.view.without_daemon
            if down:
                for request in tuple(queue.values()):
                    self._reject(request, daemons_down(down))
                continue
            self._propose_batch()

    def _propose_batch(self) -> None:
        """Decide requests one after the other until a batch is full; propose it."""
        office, queue = self.office, self.requests.queue
        batch = Batch()
        office.member.shared.begin_trial()
        try:
            for request in tuple(queue.values()):
                if batch.is_full or not self._add(request, batch):
                    break
        finally:
            office.member.shared.end_trial()
        for request in batch.requests:
            queue.pop(request.request, None)
        if batch.commits:
            commits, requests = tuple(batch.commits), tuple(batch.requests)
            office.proposing.propose(commits, holds=batch.holds, requests=requests)

    def _add(self, request: Request, batch: Batch) -> bool:
        """Decide a request, and add its commit; False: the batch goes before any other."""
        if batch.commits and request.expect is not None:
            return False
        try:
            decided = self._decide(request, alone=not batch.commits)
        except StoreError as error:
            # Behind others the refusal may rest on them, who are undecided: it waits (D13).
            if not batch.commits:
                self._reject(request, error)
            return True
        if decided is None:
            return True
        if isinstance(decided, str):
            return False
        commit, batch.holds = decided
        batch.requests.append(request)
        batch.commits.append(commit)
        batch.size += len(commit.payload) + len(commit.header) + len(commit.context or b"")
        return not batch.holds and not is_alone(decode_events(commit.payload))

    def _decide(
        self, request: Request, *, alone: bool
    ) -> tuple[Commit, tuple[Any, ...]] | str | None:
        """Return the commit that a request asks for, None if it is answered, or "later".

        Raises:
            StoreError: it is refused (D2, D3).
        """
        member = self.office.member
        shared = member.shared
        found = shared.found(request.request, request.found, request.as_of)
        if found is not None:
            self.settle(request, found)
            return None
        if request.expect is not None and request.expect < shared.last_change:
            raise changed_since(request.expect, shared.last_change)
        moment = Moment(request.origin, member.wall_us, head=shared.head.position)
        events = member.local.decide(request.command, moment, request.disks)
        if request.dry_run:
            if not alone:
                return "later"
            self._answer(request, self._would_do(events))
            return None
        members = self.office.view.members
        objection = member.local.objection_to(events) or majority_objection(events, members)
        if objection is not None:
            raise objection
        holds = member.local.in_use(events)
        if (holds or is_alone(events)) and not alone:
            return "later"
        commit = shared.seal_next(
            request.request, request.origin, request.context, events, self.office.term
        )
        return commit, holds

    def _would_do(self, events: Any) -> dict[str, Any]:
        shared = self.office.member.shared
        changes = shared.try_out(events)
        rows = change_rows(shared.state, changes)
        shared.state.restore(changes)
        return {
            "ok": True,
            "data": {
                "position": shared.head.position,
                "outcome": "dry-run",
                "events": [event_row(event) for event in events],
                "diff": rows,
            },
        }

    # From decided, or refused, to told.

    def done(self, proposal: Proposal) -> None:
        """Tell all who wait: every member has applied it (D7), or its failure (C6)."""
        shared = self.office.member.shared
        for request in proposal.requests:
            found = shared.recent.get(request.request)
            if found is not None:
                self.settle(request, found)
        self.requests.put_back(self.after_failure)
        self.after_failure = ()

    def rejected(self, proposal: Proposal, name: str, refused: msg.Refused) -> None:
        """A member does not agree, and nothing is on any disk yet (D3)."""
        failed, others = _split(proposal, refused.position)
        self.requests.put_back(others)
        for request in failed:
            self._reject(request, refused_by(name, refused.error))
        self.propose_waiting()

    def failed(
        self, proposal: Proposal, name: str, refused: msg.Refused
    ) -> tuple[Commit, tuple[Request, ...]]:
        """Return the commit that fails the refused request; then the others wait again (D12)."""
        failed, self.after_failure = _split(proposal, refused.position)
        error = refused.error
        event = RequestsFailed(
            tuple(request.request for request in failed),
            name,
            str(error["id"]),
            str(error["message"]),
            str(error["rule"] or "D4"),
        )
        self.office.member.work.note(f"{name} refused -> fail {len(failed)} request(s)")
        return self.office.proposing.seal((event,)), failed

    def settle(self, request: Request, found: Found) -> None:
        """Answer with an outcome that the log has (D13)."""
        self.requests.queue.pop(request.request, None)
        self._answer(request, {"ok": True, "found": msgspec.to_builtins(found)})

    def _reject(self, request: Request, error: StoreError) -> None:
        self.requests.queue.pop(request.request, None)
        self._answer(request, error_answer(error, self.office.here))

    def _answer(self, request: Request, answer: dict[str, Any]) -> None:
        """Tell everyone who waits: the utilities here, and the peers that shipped it."""
        self.requests.queue.pop(request.request, None)
        for waiter in request.waiters:
            if waiter.token:
                continue
            self.running.discard(waiter)
            sender = (waiter.node, waiter.incarnation)
            if waiter.sequence >= self.floor.get(sender, 0):
                self.answers.setdefault(sender, {})[waiter.sequence] = answer
            self._tell(waiter, answer)
        self.requests.tell(request, answer)

    def _tell(self, waiter: Waiter, answer: dict[str, Any]) -> None:
        answered = msg.Answered(self.office.term, waiter.incarnation, waiter.sequence, answer)
        self.office.member.work.send(waiter.node, answered)

    # What the requests of this node need to know.

    def read(self, waiter: Waiter) -> None:
        """Confirm a current read (G6)."""
        self.reads.read(waiter)

    def proposed(self) -> Sequence[Request]:
        """Return the requests of the open proposal, and those that it may still decide."""
        proposal = self.office.proposing.open
        return () if proposal is None else (*proposal.requests, *self.after_failure)

    def suspended(self) -> Sequence[Request]:
        """Return those of a proposal that is only being checked: it is on no disk yet (D10)."""
        proposal = self.office.proposing.open
        is_checked = proposal is not None and proposal.stage is Stage.CHECKING
        return self.proposed() if is_checked else ()

    def waiters(self) -> Iterable[Waiter]:
        """Return everyone who waits for a current read."""
        return self.reads.waiters()


def _split(proposal: Proposal, position: int) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    """Return the request that was refused at a position, and those that travelled with it."""
    at = position - proposal.record.first
    return proposal.requests[at : at + 1], proposal.requests[:at] + proposal.requests[at + 1 :]


def refused_by(node: str, error: dict[str, Any]) -> StoreError:
    """Return the error that a member answered, naming the node (D11)."""
    found = StoreError(
        str(error["id"]),
        str(error["message"]),
        cause=error.get("cause"),
        fix=error.get("fix"),
        rule=error.get("rule"),
        node=error.get("node") or node,
    )
    found.exit_code = int(error.get("exit", 1))
    return found
