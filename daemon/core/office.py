"""A master's time in office: one term, from its first promise to the view that ends it (C, D, B6).

`begin` promises and asks; when all have answered, the longest intact log is fetched, those behind
are caught up, what is in doubt is proposed again or failed, and `MasterElected` is committed (C2
to C5). Then who left or came is recorded (B6, B7), and utilities' changes are proposed, one at a
time (D). What was not answered is sent again. An office leaves nothing but what is on disks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from daemon.core import messages as msg, settling
from daemon.core.catchup import CatchUp, lacking, longest
from daemon.core.diverging import Diverging
from daemon.core.joining import Joining
from daemon.core.phase import Phase
from daemon.core.proposal import Proposal, Stage
from daemon.core.proposing import Proposing
from daemon.core.ready import PutOut, ReadyForSlaves, Received
from daemon.core.reconfigure import Reconfigurations
from daemon.core.requests import Requests
from daemon.core.station import Station
from daemon.core.view import View, is_majority
from daemon.core.waiting import not_active
from eventstore.errors import StoreError
from eventstore.model import events as ev
from eventstore.model.decide.electing import election

RESEND_MS = 300
"""When what was not answered is sent again: a link that was lost takes about so long to return."""


class Office:
    """One term of one master; see the module's description."""

    def __init__(
        self,
        member: Station,
        requests: Requests,
        view: View,
        term: int,
        start_over: Callable[[], None],
    ) -> None:
        self.member = member
        self.view = view
        self.term = term
        self._start_over = start_over
        self.phase = Phase.COLLECTING
        self.states: dict[str, msg.Promised] = {}
        self.source = ""
        self.catch_up = CatchUp(member, term, self.others, self._settle, self.is_another)
        self.diverging = Diverging(member, term, self.others, self._put_out)
        self.proposing = Proposing(member, view, term, self._done, self._refused)
        self.joining = Joining(member, view, self.proposing, self._all_joined, self._put_out)
        self.changes = Reconfigurations(self, requests)
        self._sent_at = 0

    # Small words.

    @property
    def here(self) -> str:
        """Return this node."""
        return self.member.name

    @property
    def head(self) -> int:
        """Return where the shared log ends here."""
        return self.member.shared.head.position

    @property
    def others(self) -> tuple[str, ...]:
        """Return the other members, in succession order."""
        return tuple(name for name in self.view.members if name != self.here)

    @property
    def is_free(self) -> bool:
        """Whether a utility's change may be proposed now."""
        return self.phase is Phase.ACTIVE and self.is_idle

    @property
    def is_idle(self) -> bool:
        """Whether no proposal is open."""
        return self.proposing.open is None

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._sent_at = self.member.now_ms

    def _stuck(self, why: str, *, refusing: bool = True) -> None:
        self._enter(Phase.STUCK)
        if refusing:
            self.changes.halt(not_active(why))
        self.member.work.note(f"{why} -> nothing is decided in this view")

    # C2: promise, and ask.

    def begin(self) -> None:
        """Make the own promise durable, and ask every member for its state (C2)."""
        member = self.member
        if member.hard.quarantined:
            self.diverging.known(self.here, member.hard.quarantined)
            return
        member.promise(self.term, self.here, member.hard.incarnation)
        self._enter(Phase.COLLECTING)
        self.states[self.here] = member.state()
        foreign = member.foreign(member.state())
        if foreign:
            self._put_out(self.here, foreign)
            return
        self._send_again()
        self._all_said()

    def received(self, said: Received) -> None:
        """Take a member's answer of this term."""
        kind = type(said.message)
        if said.sender not in self.view.members:
            return
        if kind in self.OF_PROPOSAL:
            self.OF_PROPOSAL[kind](self.proposing, said.sender, said.message)
        elif kind in self.OF_CHANGES:
            self.OF_CHANGES[kind](self.changes, said)
        elif kind in self.IN_PHASE:
            phase, take = self.IN_PHASE[kind]
            if phase in (None, self.phase):
                take(self, said.sender, said.message)
        else:
            self.FROM_MEMBER[kind](self, said)

    def _promised(self, said: Received) -> None:
        """Take a member's state; one that says that its log is damaged costs a new term (C3)."""
        state: Any = said.message
        sender, member = said.sender, self.member
        if state.asker != member.hard.incarnation:
            return
        foreign = member.foreign(state)
        if foreign:
            self._put_out(sender, foreign)
            return
        if state.quarantined:
            self.diverging.known(sender, state.quarantined)
            return
        if member.is_new_damage(sender, state):
            member.work.note(f"{sender}'s log is damaged or blank -> a new term")
            self._start_over()
            return
        if self.phase is Phase.COLLECTING:
            self.states[sender] = state
            self._all_said()

    def _put_out(self, node: str, reason: str) -> None:
        self.member.work.directives.append(PutOut(node, reason))
        self._stuck(f"{node} cannot join: {reason}", refusing=False)

    def _all_said(self) -> None:
        """Once every member has answered: fetch the longest log, if it is another's."""
        if any(name not in self.states for name in self.view.members):
            return
        intact = [name for name in self._in_order() if self.states[name].intact]
        if not intact:
            self._stuck("no member has an intact log")
            return
        self.source = longest(self.states, self._in_order())
        self._enter(Phase.FETCHING)
        if not self._fetched_all():
            self._send_again()

    def _in_order(self) -> tuple[str, ...]:
        """Return the members, this node first, then in succession order."""
        return (self.here, *self.others)

    # C3: one log, the same everywhere.

    def _fetched(self, said: Received) -> None:
        """Append a piece of the longest log; it only ever grows at its end (C3)."""
        piece: Any = said.message
        if self.phase is not Phase.FETCHING or said.sender != self.source:
            return
        commits = tuple(c for c in piece.commits if c.position > self.head)
        if not commits or commits[0].position != self.head + 1:
            return
        if not self.member.shared.follows(commits):
            self.is_another(self.source, self.head)
            return
        self.member.catch_up(commits)
        if self.member.is_damage_of_this_term:
            self._start_over()
        elif not self._fetched_all():
            self._send_again()

    def _fetched_all(self) -> bool:
        """Whether the longest log is here; then go on."""
        longest = self.states[self.source]
        if self.head < longest.position:
            return False
        if self.source != self.here and self.member.shared.head.hash != longest.hash:
            self.is_another(self.here if self.head > longest.position else self.source, self.head)
            return True
        if self._lacks_what_it_stored():
            return True
        if not self._is_active():
            self._stuck("the members with an intact log are no majority")
            return True
        self._enter(Phase.EQUALIZING)
        self.catch_up.begin(self.states)
        return True

    def _lacks_what_it_stored(self) -> bool:
        """Distrust logs that end before what their node is recorded to have stored (C3)."""
        found = lacking(self.member.shared, self.states)
        reason = found.get(self.here)
        if reason is not None:
            self.member.distrust(reason)
            self._start_over()
            return True
        for name, why in found.items():
            self.member.work.send(name, msg.Distrust(self.term, why))
        if found:
            self._enter(Phase.COLLECTING)
            self.states = {self.here: self.states[self.here]}
        return bool(found)

    def _is_active(self) -> bool:
        """Whether members with an intact log are a majority of the configured nodes (C1)."""
        if self.view.arbiter:
            return self.view.active
        intact = [name for name, state in self.states.items() if state.intact]
        doubtful = [
            c for state in self.states.values() if state.doubt for c in state.doubt.commits
        ]
        sets = self.member.shared.configured_by(doubtful)
        return all(
            is_majority(sum(name in nodes for name in intact), len(nodes)) for nodes in sets
        )

    def is_another(self, name: str, position: int) -> None:
        """Find where a log that is no prefix begins to be another one, and whose it is (B3)."""
        if self.phase is not Phase.COMPARING:
            self._enter(Phase.COMPARING)
            self.diverging.begin(name, position)

    # C4, C5: settle what is in doubt, then MasterElected.

    def _settle(self) -> None:
        """Propose what C4 says, or go on at once if nothing is in doubt."""
        witnesses = [
            settling.Witness(name, state.intact, state.position, state.doubt)
            for name, state in sorted(self.states.items())
        ]
        choice = settling.choose(self.member.shared.head, witnesses)
        self._enter(Phase.SETTLING)
        if choice.verdict == "nothing":
            self._elect()
            return
        what = f"@{choice.commits[0].position} of term {choice.order[0]} is in doubt"
        if choice.verdict == "fail":
            lacking = ", ".join(choice.lacking)
            self.member.work.note(f"{what}, {lacking} never had it -> fail it")
            self.proposing.propose_own((settling.failure(choice),), again=True)
        else:
            self.member.work.note(f"{what}, it may have been decided -> {choice.verdict}")
            commits = tuple(c._replace(term=self.term) for c in choice.commits)
            self.proposing.propose(commits, again=True)

    def _elect(self) -> None:
        """Propose `MasterElected`: before it is committed nothing else is (C5)."""
        self._enter(Phase.ELECTING)
        boot_ids = tuple(node.boot_id for node in self.view.nodes)
        first = self.member.shared.regular_through + 1
        elected = ev.MasterElected(
            self.term, self.here, first, self.view.names, boot_ids, self.view.members
        )
        events = election(self.member.shared.state, elected)
        self.proposing.propose_own(events, again=True)

    # D: what comes after a proposal.

    def _refused(self, proposal: Proposal, name: str, refused: msg.Refused) -> None:
        """Settle a refusal: what is on disks is failed by a commit of its own (D8)."""
        if proposal.stage is Stage.CHECKING:
            self.changes.rejected(proposal, name, refused)
            return
        failure, failed = self.changes.failed(proposal, name, refused)
        self.proposing.propose((failure,), again=True, requests=failed)

    def _done(self, proposal: Proposal) -> None:
        """Everybody has applied it: go on with what comes next (C5, B6, D7)."""
        if self.phase is Phase.SETTLING:
            self._elect()
        elif self.phase is Phase.ELECTING:
            self._elected()
        elif self.phase is Phase.JOINING:
            self.joining.go_on()
        else:
            self.changes.done(proposal)
            self.changes.propose_waiting()

    # B6, B7: who left, and who joins.

    def _elected(self) -> None:
        member = self.member
        member.work.note(f"MasterElected of term {self.term} applied by all -> ready for slaves")
        member.work.directives.append(ReadyForSlaves(self.term, self.view.members))
        self._enter(Phase.JOINING)
        self.joining.go_on()

    def _all_joined(self) -> None:
        self._enter(Phase.ACTIVE)
        self.changes.begin()

    # G3: digests that differ.

    def halt(self, error: StoreError) -> None:
        """Make no change any more in this view: two nodes stand by different digests (G3)."""
        self._enter(Phase.HALTED)
        self.changes.halt(error)

    # What is sent again until it is answered.

    def tick(self) -> None:
        """Send again what was not answered for a while."""
        self.diverging.tick()
        at = self.wake_at()
        if at is not None and self.member.now_ms >= at:
            self._send_again()

    def linked(self, node: str) -> None:
        """Send a node what it has not answered: until now there was no link with it."""
        for name, message in self._outstanding():
            if name == node:
                self.member.work.send(name, message)

    def wake_at(self) -> int | None:
        """Return when what was not answered is to be sent again."""
        is_giving = self.phase in (Phase.EQUALIZING, Phase.COMPARING)
        reads = self.changes.reads
        if not is_giving and not self._outstanding() and not reads.is_asking:
            return None
        sent_at = (self._sent_at, self.catch_up.sent_at, self.proposing.sent_at, reads.sent_at)
        return RESEND_MS + max(sent_at)

    def _send_again(self) -> None:
        self._sent_at = self.member.now_ms
        for name, message in self._outstanding():
            self.member.work.send(name, message)
        if self.phase is Phase.EQUALIZING:
            self.catch_up.go_on()
        elif self.is_free:
            self.changes.reads.send_again()

    def _outstanding(self) -> list[tuple[str, Any]]:
        """Return what was not answered yet, and by whom."""
        if self.phase is Phase.COLLECTING:
            ask = msg.Ask(self.term, self.member.hard.incarnation, self.member.protocols[1])
            return [(name, ask) for name in self.others if name not in self.states]
        if self.phase is Phase.FETCHING:
            return [(self.source, msg.Fetch(self.term, self.head))]
        if self.proposing.open is not None:
            return self.proposing.unanswered()
        if self.phase is Phase.JOINING:
            return list(self.joining.unanswered())
        return list(self.diverging.unanswered())

    FROM_MEMBER: ClassVar[dict[type, Callable[[Office, Received], None]]] = {
        msg.Promised: _promised,
        msg.Fetched: _fetched,
    }
    """What members say to their master, and what it does."""

    IN_PHASE: ClassVar[dict[type, tuple[Phase | None, Callable[[Office, str, Any], None]]]] = {
        msg.Diverged: (None, lambda o, name, said: o.is_another(name, said.position)),
        msg.Differs: (
            None,
            lambda o, name, said: o.member.digests.told(o.member.work, name, said),
        ),
        **dict.fromkeys(
            CatchUp.ANSWERS, (Phase.EQUALIZING, lambda o, *a: o.catch_up.answered(*a))
        ),
        msg.Compared: (Phase.COMPARING, lambda o, name, said: o.diverging.compared(name, said)),
        msg.JoinChecked: (Phase.JOINING, lambda o, name, said: o.joining.checked(name, said)),
    }
    """What they say that counts in one phase only, or (None) always."""

    OF_PROPOSAL: ClassVar[dict[type, Callable[[Proposing, str, Any], None]]] = {
        msg.Agreed: Proposing.agreed,
        msg.Prepared: Proposing.prepared,
        msg.Refused: Proposing.refused,
        msg.Applied: Proposing.applied,
    }
    OF_CHANGES: ClassVar[dict[type, Callable[[Reconfigurations, Received], None]]] = {
        msg.Ship: Reconfigurations.shipped,
        msg.AskRead: lambda changes, said: changes.reads.shipped(said),
        msg.Standing: lambda changes, said: changes.reads.standing(said),
    }
