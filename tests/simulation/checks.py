"""What has to be true in every run, checked after every step (I1 to I16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import Answer, Found, Ready
from daemon.core.sharedlog import failure
from eventstore.codec import Commit, decode_events, decode_header
from eventstore.model.cluster_events import RequestsFailed
from tests.simulation.founding import founded

if TYPE_CHECKING:
    from tests.simulation.world import World


class Violation(Exception):
    """An invariant does not hold; the run ends here."""


class Checks:
    """What was ever committed, promised and answered, and what that forbids."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.committed = {commit.position: commit.hash for commit in founded()}
        """Position -> hash, by whichever node committed it first (I1)."""
        self.times: dict[int, int] = {}
        self.outcomes: dict[str, Found] = {}
        self.heads: dict[str, int] = {}
        self.terms: dict[str, int] = {}
        self.masters: dict[int, str] = {}
        self.lists: dict[bytes, dict[tuple[int, int], tuple[str, ...]]] = {}
        self.stored: dict[tuple[bytes, tuple[int, int]], set[str]] = {}
        self.excused: list[str] = []
        self.violations: list[str] = []

    def broken(self, rule: str, what: str) -> None:
        """Note that an invariant does not hold."""
        self.violations.append(f"{rule}: {what}")
        self.world.tell("check", f"{rule} BROKEN: {what}")
        raise Violation(f"{rule}: {what}")

    def stepped(self, name: str, core: Node) -> None:
        """Look at what one step of one node decided."""
        hard = core.hard_state
        if hard.term < self.terms.get(name, 0):
            self.broken("I7", f"{name} went from term {self.terms[name]} to {hard.term}")
        self.terms[name] = hard.term
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
        for event in decode_events(commit.payload):
            if isinstance(event, RequestsFailed):
                for request in event.requests:
                    if request in self.outcomes:
                        self.broken("I4", f"{request} is done, and failed @{position}")
                    self.outcomes[request] = failure(event, position)
        self._everywhere(name, commit)

    def proposed(self, record: msg.Record) -> None:
        """Remember to which members a record went."""
        for commit in record.commits:
            self.lists.setdefault(commit.hash, {})[record.order] = record.members

    def flushed(self, name: str, ready: Ready) -> None:
        """Remember what a node had on stable storage, under which term and number."""
        hard = ready.hard_state
        if hard is not None and hard.doubt is not None:
            for commit in hard.doubt.commits:
                self.stored.setdefault((commit.hash, hard.doubt.order), set()).add(name)

    def _everywhere(self, name: str, commit: Commit) -> None:
        """A commit is decided once each member of its list has it on stable storage (D5, I5)."""
        lists = self.lists.get(commit.hash, {})
        for order, members in lists.items():
            if self.stored.get((commit.hash, order), set()).issuperset(members):
                return
        if lists or len(self.world.names) > 1:
            self.broken("I5", f"{name} commits @{commit.position}, not all of {lists} have it")

    def recovered(self, name: str, core: Node) -> None:
        """A restarted node has what it had, or is known to have lost it (I2)."""
        head = core.shared.head.position
        if head and self.committed.get(head, core.shared.head.hash) != core.shared.head.hash:
            self.broken("I2", f"{name} comes back with another content @{head}")
        self.heads[name] = head

    def killed(self, name: str) -> None:
        """What a node promised must still be promised after its death (I7)."""
        term = self.world.disks[name].hard_state().term
        self.terms[name] = min(self.terms.get(name, 0), term)

    def lost(self, name: str, what: str) -> None:
        """Note that a disk lost what it had; its node may know less from here on."""
        self.terms[name] = 0
        self.excused.append(f"{name} {what}")

    def leaves(self, name: str, message: msg.AnyMessage) -> None:
        """Hold a message against what a power cut at this instant would leave (I8)."""
        disk = self.world.disks[name]
        hard = disk.hard_state()
        if isinstance(message, msg.Promised) and hard.term < message.term:
            self.broken("I8", f"{name} promises term {message.term}, its disk has {hard.term}")
        if isinstance(message, msg.Ask) and hard.term < message.term:
            self.broken(
                "I8", f"{name} asks for term {message.term} before its own promise is safe"
            )
        if isinstance(message, msg.Prepared):
            order = (message.term, message.number)
            if hard.numbered < order:
                self.broken("I8", f"{name} says prepared {order}, its disk has not")
        if isinstance(message, msg.CaughtUp) and len(disk.shared) < message.position:
            doubt = hard.doubt
            if doubt is None or doubt.last < message.position:
                self.broken("I8", f"{name} says it has @{message.position}, its disk has not")

    def answered(self, name: str, answer: Answer) -> None:
        """An answer rests on nothing that is undecided (I4, D13)."""
        position = answer.get("position", 0) if answer["ok"] else 0
        if answer.get("log") == "shared" and position not in self.committed and position:
            self.broken("I4", f"{name} answers from @{position}, which nobody committed")
