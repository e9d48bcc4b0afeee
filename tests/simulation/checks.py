"""What has to be true in every run, checked after every step (I1 to I16)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import Answer, Found, HardState, Ready
from daemon.core.sharedlog import failure
from eventstore.codec import Commit, decode_events, decode_header
from eventstore.model.cluster_events import (
    ConfiguredNodesChanged,
    MasterElected,
    RequestsFailed,
)
from eventstore.model.events import AnyEvent
from tests.simulation.activations import Activations
from tests.simulation.founding import founded

if TYPE_CHECKING:
    from tests.simulation.world import World


_AT = re.compile(r"recorded in the shared log @\d+")

QUEUE_MAX = 4000
"""Inputs that wait for one daemon: one that stands still for 20 s is sent so much at most."""

IN_FLIGHT_MAX = 8000
"""Frames on their way: what is sent again, and answered again, does not feed itself (I14)."""


class Violation(Exception):
    """An invariant does not hold; the run ends here."""


class Checks:
    """What was ever committed, promised and answered, and what that forbids."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.committed = {commit.position: commit.hash for commit in founded()}
        """Position -> hash, by whichever node committed it first (I1)."""
        self.activations = Activations()
        self.times: dict[int, int] = {}
        self.outcomes: dict[str, Found] = {}
        self.heads: dict[str, int] = {}
        self.applied: dict[str, int] = {}
        """Node -> how far it ever applied the log."""
        self.terms: dict[str, int] = {}
        self.masters: dict[int, str] = {}
        self.lists: dict[bytes, dict[tuple[int, int], tuple[str, ...]]] = {}
        self.stored: dict[tuple[bytes, tuple[int, int]], set[str]] = {}
        self.elected: tuple[int, tuple[str, ...]] = (0, ())
        """Where the last `MasterElected` is, and the members of its term."""
        self.firsts: dict[bytes, msg.Record] = {}
        """Hash -> how a commit was proposed first, by a utility's request or the protocol."""
        self.configured = world.names
        """The configured nodes, as the last decided commit has them (B11)."""
        self.removed: set[str] = set()
        """Nodes that were ever to be removed from the configured ones."""
        self.harmed: set[str] = set()
        self.gone: tuple[str, ...] = ()
        """Nodes whose logs were lost together: no majority is left (the run's fault atlas)."""
        self.halted = ""
        self.stale: dict[str, int] = {}
        """Node whose disk is an old copy -> what has to be in its log until it counts again."""

    def broken(self, rule: str, what: str) -> None:
        """Note that an invariant does not hold.

        Raises:
            Violation: always: the run ends.
        """
        raise self.found(rule, what)

    def found(self, rule: str, what: str) -> Violation:
        """Return what is to be raised where an invariant does not hold."""
        self.world.tell("check", f"{rule} BROKEN: {what}")
        return Violation(f"{rule}: {what}")

    def stepped(self, name: str, core: Node) -> None:
        """Look at what one step of one node decided."""
        hard = core.hard_state
        if hard.term < self.terms.get(name, 0):
            self.broken("I7", f"{name} went from term {self.terms[name]} to {hard.term}")
        self.terms[name] = hard.term
        if not hard.intact and name not in self.harmed:
            self.broken("I9", f"{name} counts its log as damaged, and nothing ever happened to it")
        office = core.member.office
        if office is not None and office.is_free:
            known = self.masters.setdefault(office.term, name)
            if known != name:
                self.broken("I7", f"{known} and {name} are both master in term {office.term}")

    def persisted(self, name: str, ready: Ready) -> None:
        """Look at what a node has on its disk, or knows that all have on theirs."""
        for entry in ready.append:
            if entry.log == "shared":
                assert isinstance(entry.item, Commit)
                self._committed(name, entry.item)
                self.applied[name] = max(entry.item.position, self.applied.get(name, 0))
        for commit in ready.store:
            self._committed(name, commit)

    def _committed(self, name: str, commit: Commit) -> None:
        position = commit.position
        known = self.committed.get(position)
        if known is None:
            self._first(name, commit)
        elif known != commit.hash:
            self.broken("I1", f"{name} commits another content @{position}")
        if position != self.heads.get(name, 0) + 1:
            self.broken("I6", f"{name} goes from @{self.heads.get(name, 0)} to @{position}")
        self.heads[name] = position
        if position >= self.stale.get(name, position + 1):
            del self.stale[name]

    def _first(self, name: str, commit: Commit) -> None:
        """Look at what is committed for the first time anywhere (I5, I6, I15)."""
        header = decode_header(commit.header)
        position = commit.position
        self.committed[position] = commit.hash
        self.times[position] = header.time_us
        if header.time_us < self.times.get(position - 1, 0):
            self.broken("I15", f"@{position} is earlier than the commit before it")
        if "@" not in header.tx:
            if header.tx in self.outcomes:
                known = self.outcomes[header.tx]
                self.broken(
                    "I6", f"{header.tx} is @{position} and {known.outcome} @{known.position}"
                )
            self.outcomes[header.tx] = Found("done", position)
        events = decode_events(commit.payload)
        conflict = self.activations.committed(events)
        if conflict:
            self.broken("I11", f"@{position} {conflict}")
        self._remember(events, position)
        self._everywhere(name, commit)

    def _remember(self, events: Sequence[AnyEvent], position: int) -> None:
        """Keep what later steps are held against: the members, the nodes, what failed (I4)."""
        for event in events:
            if isinstance(event, MasterElected):
                self.elected = (position, event.members)
            if isinstance(event, ConfiguredNodesChanged):
                self.configured = event.nodes
            if isinstance(event, RequestsFailed):
                for request in event.requests:
                    if request in self.outcomes:
                        self.broken("I4", f"{request} is done, and failed @{position}")
                    self.outcomes[request] = failure(event, position)

    def proposed(self, record: msg.Record) -> None:
        """Remember to which members a record went."""
        for commit in record.commits:
            self.lists.setdefault(commit.hash, {})[record.order] = record.members
            if not record.again:
                self.firsts.setdefault(commit.hash, record)

    def flushed(self, name: str, hard: HardState | None) -> None:
        """Remember what a node had on stable storage, under which term and number.

        An election's proposals may be on the master's disk and never leave (C5): the next master
        finds them there, and on whose members' word they were completed (C4b).
        """
        if hard is not None and hard.doubt is not None:
            self.proposed(hard.doubt)
            for commit in hard.doubt.commits:
                self.stored.setdefault((commit.hash, hard.doubt.order), set()).add(name)

    def _everywhere(self, name: str, commit: Commit) -> None:
        """A commit is decided once each member of its list has it on stable storage (D5, I5)."""
        lists = self.lists.get(commit.hash, {})
        own = {name} if self.world.disks[name].has(commit.position) else set()
        for order, members in lists.items():
            if (own | self.stored.get((commit.hash, order), set())).issuperset(members):
                self._with_consent(commit, own)
                return
        if lists or len(self.world.names) > 1:
            self.broken("I5", f"{name} commits @{commit.position}, not all of {lists} have it")

    def _with_consent(self, commit: Commit, own: set[str]) -> None:
        """Who was asked first, and was there when it was completed, has agreed to it (I5, C4b)."""
        first = self.firsts.get(commit.hash)
        if first is None:
            return
        later = sorted(order for order in self.lists[commit.hash] if order > first.order)
        here = set(self.lists[commit.hash][later[0]] if later else first.members)
        agreed = own | self.stored.get((commit.hash, first.order), set()) | self.harmed
        for name in sorted(here.intersection(first.members) - agreed):
            self.broken("I5", f"@{commit.position} is decided, {name} never agreed to it")

    def recovered(self, name: str, core: Node) -> None:
        """A restarted node has what it had, or is known to have lost it (I2)."""
        head = core.shared.head.position
        for commit in self.world.disks[name].shared[self.heads.get(name, 0) :]:
            if commit.position not in self.committed:
                self._first(name, commit)
        if head and self.committed.get(head, core.shared.head.hash) != core.shared.head.hash:
            self.broken("I2", f"{name} comes back with another content @{head}")
        self.heads[name] = head
        self.applied[name] = max(head, self.applied.get(name, 0))

    def killed(self, name: str) -> None:
        """What a node promised must still be promised after its death (I7)."""
        hard = self.world.disks[name].hard_state()
        self.flushed(name, hard)
        self.terms[name] = min(self.terms.get(name, 0), hard.term)

    def lost(self, name: str) -> None:
        """Note that a disk lost what it had; its node may know less from here on."""
        self.terms[name] = 0
        self.harmed.add(name)

    def gone_back(self, name: str) -> None:
        """Note that a disk is an older copy of itself."""
        self.stale[name] = max(self.committed)

    def leaves(self, name: str, to: str, message: msg.AnyMessage) -> None:
        """Hold a message against what a power cut at this instant would leave (I8)."""
        disk = self.world.disks[name]
        match message:
            case msg.Promised() | msg.Ask() if disk.hard_state().term < message.term:
                self.broken("I8", f"{name} sends {message}, its disk has not promised that")
            case msg.Prepared() if disk.hard_state().numbered < (message.term, message.number):
                self.broken("I8", f"{name} says prepared {message.number}, its disk has not")
            case msg.CaughtUp() | msg.Applied() if not disk.has(message.position):
                self.broken("I8", f"{name} says it has @{message.position}, its disk has not")
            case msg.CommitNow():
                self._in_succession(name, to, message)
            case _:
                pass

    def _in_succession(self, master: str, to: str, message: msg.CommitNow) -> None:
        """Before another slave hears of a commit the first in succession has applied it (D6)."""
        process = self.world.processes[master]
        office = process.core.member.office
        if office is None or office.term != message.term or office.proposing.open is None:
            return
        members = office.proposing.open.record.members
        first = next(n for n in office.view.names if n in members and n != master)
        if to != first and self.applied.get(first, 0) < message.position:
            self.broken("D6", f"{to} hears of @{message.position} before {first} has it")

    def answered(self, name: str, answer: Answer) -> None:
        """An answer rests on nothing that is undecided, or not on the disk (I4, I8, D13)."""
        if not answer["ok"]:
            return
        position, disk = answer["position"], self.world.disks[name]
        if answer["log"] != "shared":
            if len(disk.own) < position:
                self.broken("I8", f"{name} answers from its own @{position}, not on its disk")
        elif position not in self.committed:
            self.broken("I4", f"{name} answers from @{position}, which nobody committed")
        elif not disk.has(position):
            self.broken("I8", f"{name} answers from @{position}, which its disk has not")

    def told_done(self, request: str, position: int) -> None:
        """Who hears *done* first hears it when every member has applied it (D7)."""
        orders = self.lists.get(self.committed[position], {})
        members = orders[max(orders)] if orders else ()
        if self.elected[0] > position:
            members = self.elected[1]
        for name in members:
            if self.applied.get(name, 0) < position:
                self.broken("D7", f"{request} is done @{position}, {name} has not applied it")

    def told(self, request: str, error: dict[str, object]) -> None:
        """Who hears *failed* hears it when the commit that says so is decided (C6, I4)."""
        found = _AT.search(str(error["cause"]))
        if found is not None:
            known = self.outcomes.get(request)
            if known is None or known.outcome != "failed":
                self.broken("I4", f"{request} is told to have failed {found[0]}: it has not")

    def queued(self, name: str, count: int) -> None:
        """Inputs that wait for a daemon are bounded (I14)."""
        if count > QUEUE_MAX:
            self.broken("I14", f"{count} inputs wait for {name}")

    def in_flight(self, count: int) -> None:
        """Frames on their way are bounded (I14)."""
        if count > IN_FLIGHT_MAX:
            self.broken("I14", f"{count} frames are on their way")
