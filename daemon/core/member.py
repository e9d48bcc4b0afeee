"""A node's part in the cluster: what it has promised, what it is in doubt about, whom it follows.

Theory of operation. The kernel says who is in the cluster and who is master (`viewed`). The
master takes a term and asks for promises (`daemon.core.office`); from its promise on a member
obeys that master and no lower term (C2). A member writes down what is proposed, then answers
(D4), and applies it when it hears that it is decided (D6). Everything a member answers is on its
disk before it leaves. Handlers are short, one for each message; tables say which is whose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from daemon.core import messages as msg
from daemon.core.behind import Behind
from daemon.core.local import LocalFacts
from daemon.core.messages import Record
from daemon.core.office import Office
from daemon.core.ready import HardState, HashAt, Held, Hold, Received, Release, Replayed
from daemon.core.requests import Requests
from daemon.core.sharedlog import SharedLog
from daemon.core.station import Station
from daemon.core.view import View
from eventstore.codec import Commit
from eventstore.errors import StoreError

BACKOFF_MS = 150
"""How long a deposed master that its view still names waits before it tries again."""

REMIND_MS = 1000
"""How often a member says again which term it promised, to a master that does not ask above it."""


class Member(Station):
    """One node's part in the protocol; see the module's description."""

    def __init__(
        self, name: str, cluster_id: str, shared: SharedLog, local: LocalFacts, hard: HardState
    ) -> None:
        super().__init__(name, cluster_id, shared, local, hard)
        self.office: Office | None = None
        self.behind = Behind(self)
        self.requests = Requests(self)
        self.on_applied = self.requests.applied
        self.comparing: msg.Compare | None = None
        self.restart_at: int | None = None
        self.remind_at: int | None = None

    @property
    def reserved(self) -> tuple[Commit, ...]:
        """Return what is on its way: its names and disks are held until the outcome (D3)."""
        records = [self.checked, self.hard.doubt]
        if self.proposed is not None:
            records.append(self.proposed.record)
        if self.office is not None and self.office.proposing.open is not None:
            records.append(self.office.proposing.open.record)
        return tuple(commit for record in records if record for commit in record.commits)

    def is_master_of(self, term: int) -> bool:
        """Whether this node is the master of a term, now."""
        return self.office is not None and self.office.term == term == self.hard.term

    # What the kernel says.

    def viewed(self, view: View) -> None:
        """Take a view: take office, or wait to be asked (C0)."""
        if view.arbiter and view.number < self.hard.view_number:
            self.work.note(f"view {view.number} is older than {self.hard.view_number} -> refused")
            return
        if self.view is not None and view.says_the_same(self.view):
            return
        self.view = view
        if view.arbiter and view.number > self.hard.view_number:
            self.set_hard(view_number=view.number)
        self.is_connected = self.is_connected and self.name in view.names
        self.leave_office()
        who = ", ".join(view.members) or "nobody"
        quorum = "" if view.quorate else ", not in quorum"
        self.work.note(f"view of {who}, master {view.master}{quorum} -> {self._part(view)}")
        if self._is_to_lead(view):
            self.take_office()
        self._say_deposed()
        self.requests.membership_changed()

    def _say_deposed(self) -> None:
        """Tell a master that another term was promised here: it may not have heard (C2)."""
        view, hard = self.view, self.hard
        self.remind_at = None
        if view is None or not self.is_possible(view) or view.master in (self.name, ""):
            return
        if hard.term and hard.promised_to != view.master:
            self.work.send(view.master, self._promised_otherwise())
            self.remind_at = self.now_ms + REMIND_MS

    def _is_to_lead(self, view: View) -> bool:
        return view.master == self.name and self.is_possible(view)

    def _part(self, view: View) -> str:
        if self.name not in view.members:
            return "out of the cluster"
        if not self.is_possible(view):
            return "no change can be made"
        return "take office" if view.master == self.name else "follow"

    def take_office(self) -> None:
        """Begin section C under a term above all that were heard of."""
        assert self.view is not None
        self.leave_office()
        self.restart_at = None
        if self.behind.must_begin_anew("this node is to lead"):
            return
        term = max(self.heard, self.hard.term) + 1
        office = Office(self, self.requests, self.view, term, self.take_office)
        self.office, self.requests.proposer = office, office.changes
        office.begin()

    def leave_office(self) -> None:
        """Stop being master; what was under way is settled by the next one, or by this one."""
        if self.office is not None:
            self.requests.office_ended()
            self.office = None

    def tick(self) -> None:
        """Send again what was not answered, try again what was put off."""
        if self.restart_at is not None and self.now_ms >= self.restart_at:
            self.restart_at = None
            if self.view is not None and self._is_to_lead(self.view):
                self.take_office()
        if self.remind_at is not None and self.now_ms >= self.remind_at:
            self._say_deposed()
        if self.office is not None:
            self.office.tick()
        self.digests.tick(self.now_ms)
        self.requests.tick()

    def wake_at(self) -> int | None:
        """Return when the next `tick` is due."""
        times = [self.restart_at, self.remind_at, self.requests.wake_at(), self.digests.until_ms]
        if self.office is not None:
            times.append(self.office.wake_at())
        return min((at for at in times if at is not None), default=None)

    def held(self, said: Held) -> None:
        """The kernel holds I/O, or says why it cannot (D4)."""
        proposed = self.proposed
        if proposed is None or proposed.record.number != said.number:
            if proposed is None and not self.hard.held:
                # For a proposal that is no more, or that an earlier run did not write down.
                self.work.directives.append(Release())
            return
        self.proposed = None
        if said.problem is not None:
            self._cannot_hold(proposed.record, said.problem)
            return
        self.write_down(proposed.record, proposed.holds)
        self._prepared(proposed.record)

    def _cannot_hold(self, record: Record, problem: str) -> None:
        """Refuse what I/O cannot be held for (D4)."""
        self.work.directives.append(Release())
        error = StoreError(
            "V-5-1-7915",
            "I/O on what the change is about cannot be held",
            cause=problem,
            rule="D4",
            node=self.name,
        )
        self._refuse(record, record.first, error)

    # What peers say.

    def received(self, said: Received) -> None:
        """Take a peer's message; one of a lower term is told which was promised (C2, G4)."""
        message, sender = said.message, said.sender
        if isinstance(message, msg.Deposed):
            self._deposed(message)
            if self.office is not None and message.term < self.office.term:
                self.office.linked(sender)  # its view came after what it was asked
        elif message.term < self.hard.term:
            self.work.send(sender, self._promised_otherwise())
        elif isinstance(message, msg.Ask):
            self._asked(sender, message)
        elif type(message) in self.OF_MASTER:
            is_mine = message.term == self.hard.term and sender == self.hard.promised_to
            if is_mine and sender != self.name and self.behind.takes(type(message)):
                self.OF_MASTER[type(message)](self, message)
        elif self.office is not None and message.term == self.office.term:
            self.office.received(said)
        elif isinstance(message, msg.Promised):
            # A late `Ask` of an earlier run of this daemon was answered: the term is taken.
            self._deposed(msg.Deposed(message.term, self.name, message.incarnation))

    def _promised_otherwise(self) -> msg.Deposed:
        hard = self.hard
        return msg.Deposed(hard.term, hard.promised_to, hard.promised_incarnation)

    def _deposed(self, message: msg.Deposed) -> None:
        """Hear of a higher term: stop, and start again above it if the view still says so (C2).

        Of the same term, too, if it was promised to another, or to an earlier run of this daemon.
        """
        self.heard = max(self.heard, message.term)
        office = self.office
        mine = (message.to, message.incarnation) == (self.name, self.hard.incarnation)
        if office is not None and (message.term, not mine) > (office.term, False):
            self.work.note(f"term {message.term} was promised to {message.to} -> go above it")
            self.leave_office()
            self.restart_at = self.now_ms + BACKOFF_MS

    def _asked(self, sender: str, ask: msg.Ask) -> None:
        """Promise, or not, and say how the log stands (C2)."""
        self.heard = max(self.heard, ask.term)
        if self.view is not None and self.is_possible(self.view) and self.view.master != sender:
            return
        hard = self.hard
        promised = (hard.promised_to, hard.promised_incarnation)
        if ask.term == hard.term and promised != (sender, ask.incarnation):
            self.work.send(sender, self._promised_otherwise())
            return
        if ask.term > hard.term:
            if self.behind.must_begin_anew(f"{sender} asks for term {ask.term}"):
                return
            self.leave_office()
            self.promise(ask.term, sender, ask.incarnation)
            self.work.note(f"{sender} asks for term {ask.term} -> promised")
        self._say_state()

    def _say_state(self) -> None:
        self.work.send(self._master, self.state())

    def _distrust(self, message: msg.Distrust) -> None:
        self.distrust(message.reason)
        self._say_state()

    def _fetch(self, message: msg.Fetch) -> None:
        head = self.shared.head.position
        if message.after < head:
            self.work.load(self._master, msg.Fetched(message.term, message.after, ()), head)

    def _piece(self, message: msg.Piece) -> None:
        """Append what follows, in order; anything else only says where the log ends (C3, G4)."""
        head = self.shared.head.position
        commits = tuple(c for c in message.commits if c.position > head)
        if commits and commits[0].position == head + 1:
            if not self.shared.follows(commits):
                self.work.send(self._master, msg.Diverged(message.term, commits[0].position))
                return
            self.catch_up(commits)
        if self.is_damage_of_this_term:
            self._say_state()
            return
        self._say_differs(message.term)
        head_now = self.shared.head
        self.work.send(self._master, msg.CaughtUp(message.term, head_now.position, head_now.hash))

    @property
    def _master(self) -> str:
        return self.hard.promised_to

    def _compare(self, message: msg.Compare) -> None:
        """Say whether the log has a hash at a position, once it is looked up (B3)."""
        self.comparing = message
        if message.position > self.end.position:
            self.looked_up(HashAt(message.position, b""))
        else:
            self.work.lookups.append(message.position)

    def looked_up(self, said: HashAt) -> None:
        """Take a hash of the own log: for the master who asked, or for this one."""
        if self.office is not None:
            self.office.diverging.looked_up(said.position, said.hash)
        asked = self.comparing
        if asked is None or asked.position != said.position:
            return
        self.comparing = None
        if asked.term == self.hard.term:
            same = asked.hash == said.hash
            ends = not said.hash or not self.hard.intact
            self.work.send(self._master, msg.Compared(asked.term, asked.position, same, ends))

    def _quarantine(self, message: msg.Quarantine) -> None:
        self.quarantine(message.position)

    def _check(self, message: msg.Check) -> None:
        """Agree, and hold names and disks until the outcome is known (D3)."""
        record = message.record
        refusal = self._objection(record)
        if refusal is not None:
            self._refuse(record, *refusal)
        elif self._fits(record):
            self.checked = record
            self.work.send(self._master, msg.Agreed(record.term, record.number))

    def _propose(self, message: msg.Propose) -> None:
        """Write a proposal down, once the kernel holds what it is about; then say so (D4)."""
        record = message.record
        doubt = self.hard.doubt
        if doubt is not None and doubt.order == record.order:
            self._prepared(record)
            return
        if record.order <= self.hard.numbered or not self._fits(record):
            return
        refusal = None if record.again else self._objection(record)
        if refusal is not None:
            self._refuse(record, *refusal)
        elif message.holds and not record.again:
            if self.proposed is None:
                self.work.directives.append(Hold(record.number, message.holds))
            self.proposed = message
        else:
            self.write_down(record)
            self._prepared(record)

    def _fits(self, record: Record) -> bool:
        """Whether a record is for this member, and follows from the end of its log."""
        commits = tuple(c for c in record.commits if c.position > self.shared.head.position)
        return self.name in record.members and bool(commits) and self.shared.follows(commits)

    def _objection(self, record: Record) -> tuple[int, StoreError] | None:
        """Return what this node has against a proposal: at which position, and why (D3)."""
        for commit in record.commits:
            error = self.local.objection(commit)
            if error is not None:
                return commit.position, error
        return None

    def _prepared(self, record: Record) -> None:
        if self.is_master_of(record.term):
            assert self.office is not None
            self.office.proposing.answered(self.name, record.number)
        else:
            self.work.send(self._master, msg.Prepared(record.term, record.number))

    def _refuse(self, record: Record, position: int, error: StoreError) -> None:
        error.node = error.node or self.name
        refused = msg.Refused(record.term, record.number, position, error.to_map())
        self.work.note(f"proposal {record.number} @{position} -> refused: {error.message}")
        if self.is_master_of(record.term):
            assert self.office is not None
            self.office.proposing.refused(self.name, refused)
        else:
            self.work.send(self._master, refused)

    def _commit(self, message: msg.CommitNow) -> None:
        """Apply what is decided (D6)."""
        doubt = self.hard.doubt
        if doubt is not None and doubt.order == (message.term, message.number):
            self.take(doubt.commits, flush=False)
        self._say_differs(message.term)
        head = self.shared.head.position
        if head >= message.position:
            self.work.send(self._master, msg.Applied(message.term, head))

    def _say_differs(self, term: int) -> None:
        """Tell the master, who wants a commit applied, that it gives another state here (G3)."""
        stands = self.digests.stands(term)
        if stands is not None:
            self.work.send(self._master, stands)

    def replayed(self, said: Replayed) -> None:
        """Take what a replay gave; changes halt where two nodes stand by their digests (G3).

        Raises:
            Damaged: it is this node whose state was wrong.
        """
        halted = self.digests.replayed(said)
        if halted is not None:
            self.work.note(f"{halted.message}: {halted.cause}")
        if halted is not None and self.office is not None:
            self.office.halt(halted)
        self._say_differs(self.hard.term)

    def _check_join(self, message: msg.CheckJoin) -> None:
        error = self.local.join_objection()
        found = None if error is None else error.to_map()
        self.work.send(self._master, msg.JoinChecked(message.term, message.position, found))

    def _stand(self, message: msg.Stand) -> None:
        self.work.send(self._master, msg.Standing(message.term, message.read))

    OF_MASTER: ClassVar[dict[type, Callable[[Member, Any], None]]] = {
        msg.Fetch: _fetch,
        msg.Piece: _piece,
        msg.Bulk: lambda member, said: member.behind.bulk(said),
        msg.Frame: lambda member, said: member.behind.frame(said),
        msg.Distrust: _distrust,
        msg.Compare: _compare,
        msg.Quarantine: _quarantine,
        msg.Check: _check,
        msg.Propose: _propose,
        msg.CommitNow: _commit,
        msg.CheckJoin: _check_join,
        msg.Stand: _stand,
        msg.Answered: lambda member, said: member.requests.answered(said),
        msg.ReadAt: lambda member, said: member.requests.read_at(said),
    }
    """What only the master to whom a member promised may say, and what the member does."""
