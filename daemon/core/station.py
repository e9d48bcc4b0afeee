"""Where a node stands: its logs, what it promised, what it is in doubt about, and its view.

What is here knows no messages' order and no phases: it keeps the hard state and the shared log
true to each other, so that whatever leaves this node is on its disk (I8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from daemon.core import messages as msg
from daemon.core.differing import Differs, Digests
from daemon.core.local import LocalFacts
from daemon.core.messages import Record
from daemon.core.ready import HardState, Release
from daemon.core.sharedlog import SharedLog
from daemon.core.view import View, is_majority
from daemon.core.work import Work
from eventstore.codec import Commit, Head
from eventstore.model.cluster import elected_term, header, joined_nodes
from eventstore.model.cluster_events import LogQuarantined
from eventstore.model.events import AnyEvent

PROTOCOLS = (1, 1)
"""The protocol versions that this program speaks."""


FAR_BEHIND = 10_000
"""A member that lacks more commits stores them, and does not apply each (C3): to begin anew from
the log takes about as long as to be given so many one by one."""


class Station:
    """What one node has and has promised; see the module's description."""

    def __init__(
        self, name: str, cluster_id: str, shared: SharedLog, local: LocalFacts, hard: HardState
    ) -> None:
        self.name = name
        self.cluster_id = cluster_id
        self.shared = shared
        self.local = local
        self.hard = hard
        self.protocols = PROTOCOLS
        self.far_behind = FAR_BEHIND
        self.ahead: Head | None = None
        """Where the log ends on the disk, while it goes further than it is applied (C3)."""
        self.view: View | None = None
        self.heard = hard.term
        """The highest term heard of."""
        self.checked: Record | None = None
        """What this member agreed to, and reserves names and disks for (D3)."""
        self.proposed: msg.Propose | None = None
        """What is written down as soon as the kernel holds I/O (D4)."""
        self.digests = Digests(name)
        self.damage_heard: dict[str, int] = {}
        """Node whose log was said to be damaged, and not since to be intact -> its daemon's
        incarnation (C3)."""
        self.facts: list[AnyEvent] = []
        """What this step found out about the node itself, for its own log."""
        self.is_connected = False
        """Whether the log was caught up with a master's since the daemon started (E3)."""
        self.work = Work()
        self.now_ms = 0
        self.wall_us = 0
        self.on_applied: Callable[[], None] = lambda: None

    # What it is, at a glance.

    @property
    def end(self) -> Head:
        """Return where the shared log ends on the disk: as a rule, at what is applied."""
        return self.ahead or self.shared.head

    @property
    def is_elected(self) -> bool:
        """Whether the `MasterElected` of the promised term is applied here, in the same view."""
        return (
            self.view is not None
            and self.hard.intact
            and self.hard.term > 0
            and elected_term(self.shared.state) == self.hard.term
            and self.view.master == self.hard.promised_to
            and self.is_possible(self.view)
        )

    @property
    def is_damage_of_this_term(self) -> bool:
        """Whether the damage was found in the promised term: it takes another to mend it (C3)."""
        return not self.hard.intact and self.hard.distrusted_term == self.hard.term

    def is_new_damage(self, name: str, state: msg.Promised) -> bool:
        """Note what a node says of its log; whether it costs a new term (C3).

        It does once for each incarnation, and again where the log was intact in between: a disk
        that goes back to the same copy twice may bring the same incarnation back.
        """
        if state.intact:
            self.damage_heard.pop(name, None)
            return False
        known = self.damage_heard.get(name)
        self.damage_heard[name] = state.incarnation
        return known != state.incarnation

    def foreign(self, state: msg.Promised) -> str:
        """Return why a node can have no part in this cluster, empty if it can (B3, B5).

        It has to speak the protocol version that the log says, whatever else its program speaks.
        """
        if state.cluster_id != self.cluster_id:
            return f"it belongs to cluster {state.cluster_id}"
        cluster, (lowest, highest) = header(self.shared.state), state.protocols
        spoken = lowest if cluster is None else cluster.protocol
        return "" if lowest <= spoken <= highest else "protocol version out of range"

    def is_possible(self, view: View) -> bool:
        """Whether a view may become active: quorate, its members a majority (C1)."""
        if not view.quorate or self.name not in view.members:
            return False
        if view.arbiter:
            return view.active and view.number >= self.hard.view_number
        configured = self.shared.configured
        if not configured:
            return True
        present = [name for name in view.members if name in configured]
        return is_majority(len(present), len(configured))

    # The disk.

    def set_hard(self, **changes: Any) -> None:
        """Change the hard state, on disk before anything leaves."""
        self.hard = replace(self.hard, **changes)
        self.work.persist(self.hard)

    def write_down(self, record: Record, holds: tuple[Any, ...] = ()) -> None:
        """Be in doubt about a record; what was in doubt before goes in the same transaction.

        A lower one that waits for the kernel is no more: it must not take this one's place (D8).
        """
        self.checked = None
        self._stop_waiting()
        held = holds or self.hard.held
        self.set_hard(doubt=record, numbered=record.order, held=held)

    def _stop_waiting(self) -> None:
        """Let go of a proposal that waits for the kernel; I/O on what it is about goes on."""
        if self.proposed is not None:
            self.proposed = None
            self.work.directives.append(Release())

    def take(self, commits: tuple[Commit, ...], *, flush: bool) -> None:
        """Apply what was decided under the promised term, as far as it gives the same state."""
        self._append(commits, flush=flush)
        self._trust_again()
        self._applied()

    def catch_up(self, commits: tuple[Commit, ...]) -> None:
        """Apply what others had already: it proves nothing of this node's own log (C3).

        What says that this node stored more than it had is damage that only this moment shows:
        the next office finds the log as long as any. So the mark is in the same transaction.
        """
        had = self._given()
        for commit in commits:
            self._append((commit,), flush=True)
            self._look_whether_it_stored_more(had)
        self._applied()

    def _given(self) -> int:
        """Note, with the first that a term gives, how far the log went before; return that."""
        had = msg.reach(self.end.position, self.hard.doubt)
        given = self.hard.given_in
        if self.hard.intact and (not given or given[-1][0] < self.hard.term):
            elected = elected_term(self.shared.state)
            kept = (pair for pair in given if pair[0] > elected and pair[1] < had)
            self._set_lazily(given_in=(*kept, (self.hard.term, had)))
        return had

    def _look_whether_it_stored_more(self, had: int) -> None:
        """Hold what an election claims against what this node had when it was proposed.

        It cannot rest on what was given in a later term than that of the election.
        """
        elected = elected_term(self.shared.state)
        had = next((reach for term, reach in self.hard.given_in if term > elected), had)
        stored = self.shared.required_of(self.name)
        if stored > had:
            self.distrust(f"the log ended at @{had}, but @{stored} was stored here")

    def _applied(self) -> None:
        joined = self.name in joined_nodes(self.shared.state)
        self.is_connected = self.is_connected or (joined and self.is_elected)
        self.on_applied()

    def _append(self, commits: tuple[Commit, ...], *, flush: bool) -> None:
        """Append commits; a doubt that they settle ends in the same transaction (C3)."""
        try:
            for commit in commits:
                if commit.position > self.shared.head.position and not self.digests.is_in_question:
                    self.work.append.append(self.shared.take(commit, self.wall_us))
        except Differs as error:
            self.digests.differs(self.work, error, self.now_ms)
        self.work.flush = self.work.flush or flush
        self._settle_doubt(commits)

    def store(self, commits: Sequence[Commit], end: Head) -> None:
        """Put commits behind the log without applying them; a doubt that they settle ends (C3)."""
        self._given()
        self.work.store += commits
        self.ahead = end
        self._settle_doubt(commits)

    def _settle_doubt(self, commits: Sequence[Commit]) -> None:
        if self._is_settled_by(commits):
            if self.hard.held:
                self.work.directives.append(Release())
            self._set_lazily(doubt=None, held=())

    def _is_settled_by(self, commits: Sequence[Commit]) -> bool:
        """Whether the doubt ends: all of it is in the log, or something else is in its place."""
        doubt = self.hard.doubt
        if doubt is None:
            return False
        mine = {commit.position: commit.hash for commit in doubt.commits}
        replaced = any(mine.get(c.position, c.hash) != c.hash for c in commits)
        return replaced or doubt.last <= self.end.position

    def _trust_again(self) -> None:
        """A log that was caught up counts again once the term's `MasterElected` is in it (C3)."""
        elected = elected_term(self.shared.state) == self.hard.term
        if elected and self.hard.given_in:
            self._set_lazily(given_in=())
        if elected and not self.hard.intact and self.hard.term > self.hard.distrusted_term:
            self._set_lazily(intact=True)
            self.work.note("caught up and elected -> the log counts as intact again")

    def _set_lazily(self, **changes: Any) -> None:
        """Change the hard state together with what is appended; it need not be flushed (D6)."""
        self.hard = replace(self.hard, **changes)
        self.work.hard_state = self.hard

    # The promise.

    def begin(self, incarnation: int) -> None:
        """Begin a new incarnation; hold what was stored and not applied against what was here."""
        self.set_hard(incarnation=incarnation)
        self._look_whether_it_stored_more(msg.reach(self.end.position, self.hard.doubt))

    def promise(self, term: int, to: str, incarnation: int) -> None:
        """Promise a term; from here on nothing of a lower one is accepted or applied (C2)."""
        self.checked = None
        self._stop_waiting()
        self.set_hard(term=term, promised_to=to, promised_incarnation=incarnation)
        self.heard = max(self.heard, term)

    def state(self) -> msg.Promised:
        """Return the promise, and how the log stands."""
        hard, head = self.hard, self.end
        return msg.Promised(
            hard.term,
            hard.promised_incarnation,
            self.cluster_id,
            head.position,
            head.hash,
            hard.intact,
            hard.doubt,
            self.protocols,
            hard.incarnation,
            hard.quarantined,
        )

    def distrust(self, reason: str) -> None:
        """Count the own log as damaged until it is caught up in a later term (C3, I9)."""
        if self.hard.intact:
            self.set_hard(intact=False, distrusted_term=self.hard.term)
            self.work.note(f"{reason} -> the log counts as damaged until it is caught up")

    def quarantine(self, position: int) -> None:
        """Count for nothing, and take part in nothing, until what differs is set aside (B3)."""
        if self.hard.quarantined:
            return
        self.set_hard(quarantined=position, intact=False, distrusted_term=self.hard.term)
        self.facts.append(LogQuarantined(position))
        self.work.note(f"the shared log is another one from @{position} on -> quarantined")
