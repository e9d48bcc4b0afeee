"""What one node does with one input: worked out once, however many interleavings come to it.

The core is deterministic, so a step depends on the node's core, its disk and the input alone. All
three are interned as small numbers, and a step is a row in a table. One search then costs
look-ups, and the core itself runs once for each thing that a node can come to.

Here, too, is checked what one node's step alone can break: its promise (I7), what its messages
promise of its disk (I8), and that its live state is what replay makes of its log (I10).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import (
    Begin,
    Held,
    Hold,
    Input,
    Load,
    PutOut,
    ReadCurrent,
    Ready,
    Received,
    Submit,
    Tick,
    Viewed,
)
from daemon.core.view import View
from eventstore.codec import Commit
from eventstore.errors import Damaged
from eventstore.model import digest
from tests.exploration.disks import (
    Image,
    Violation,
    broken_promise,
    check_gaps,
    context,
    hard_of,
    hold_of,
    outcome_of,
    words_of,
)
from tests.exploration.snapshot import copied, key_of
from tests.simulation import founding
from tests.simulation.disk import Disk
from tests.support.cluster import loaded

_encode = msgspec.msgpack.Encoder().encode
DOWN = -1


class Step(NamedTuple):
    """What a step comes to: the core and the disk after it, and what leaves the node."""

    core: int
    written: int
    """The disk with what the step wrote, not flushed by it."""
    disk: int
    """The disk when all that follows the flush leaves."""
    early: tuple[int, ...]
    late: tuple[int, ...]
    answers: tuple[tuple[str, str, int], ...]
    taken: tuple[tuple[int, int], ...]
    """Position and number of each commit that takes effect here."""
    proposal: tuple[tuple[str, ...], tuple[int, ...]] | None
    """Members and commits of the proposal that was open before the step."""
    master_of: int
    hold: int
    """The number of the hold that it asks the kernel for, RELEASE, or 0."""
    flushes: bool
    """Whether what it says has to wait for the disk."""
    too_early: str
    """What is wrong if it does not wait for the flush of an earlier step (I8)."""
    number: int
    """Its place among all steps."""


class Request(NamedTuple):
    """What a utility is to ask, at which node, and when it likes."""

    node: str
    name: str
    command: Any
    """None: what is current (G6)."""


class Steps:
    """All that nodes were seen to do."""

    def __init__(
        self,
        names: tuple[str, ...],
        requests: tuple[Request, ...],
        piece: int,
        own: dict[str, list[Commit]],
    ) -> None:
        self.names = names
        self.own = own
        """Node -> its own log, where it has disks or a private disk group."""
        self.all: list[Step] = []
        self.requests = requests
        self.piece = piece
        self.cores: list[Node] = []
        self.disks: list[Image] = []
        self.messages: list[tuple[int, int, bytes, str]] = []
        """Sender, receiver, frame, and what it is in words."""
        self.commits: list[Commit] = []
        self.views: list[View] = []
        self._ids: dict[Any, int] = {}
        self._known: dict[tuple[int, int, int, Any], Step] = {}
        self.held_numbers: dict[int, int] = {}
        """Message -> the hold that it is about, where a kernel says it."""
        self._replayed: set[bytes] = set()
        self._safe: dict[int, frozenset[int]] = {}
        self.worked_out = 0

    # Numbers for things.

    def _intern(self, kind: str, key: Any, shelf: list[Any], item: Any) -> int:
        found = self._ids.get((kind, key))
        if found is None:
            found = self._ids[kind, key] = len(shelf)
            shelf.append(item)
        return found

    def core_of(self, core: Node) -> int:
        """The number of a core."""
        return self._intern("core", key_of(core), self.cores, core)

    def disk_of(self, image: Image) -> int:
        """The number of a disk."""
        ends = tuple((tuple(c.hash for c in commits), hard) for commits, hard in image.unsynced)
        last = image.shared[-1].hash if image.shared else b""
        terms = tuple(c.term for c in image.shared)
        return self._intern("disk", (last, terms, image.hard, ends), self.disks, image)

    def commit_of(self, commit: Commit) -> int:
        """The number of a commit's content."""
        return self._intern("commit", commit.hash, self.commits, commit)

    def view_of(self, view: View) -> int:
        """The number of a view."""
        return self._intern("view", view, self.views, view)

    def safe_on(self, disk: int) -> frozenset[int]:
        """The commits that a power cut would leave on a disk, decided or in doubt."""
        found = self._safe.get(disk)
        if found is None:
            image = self.disks[disk]
            doubt = hard_of(image.hard).doubt
            commits = image.shared + (doubt.commits if doubt else ())
            found = self._safe[disk] = frozenset(map(self.commit_of, commits))
        return found

    def term_on(self, disk: int) -> int:
        """The term that a disk promises after a power cut."""
        return hard_of(self.disks[disk].hard).term

    def message_of(self, sender: int, to: str, message: msg.AnyMessage) -> int:
        """The number of a message on its way."""
        receiver, frame = self.names.index(to), msg.encode(message)
        words = f"{self.names[sender]} > {to}: {words_of(message)}"
        item = (sender, receiver, frame, words)
        return self._intern("message", (sender, receiver, frame), self.messages, item)

    def held_of(self, node: int, number: int) -> int:
        """The number of what a kernel says when it holds I/O."""
        words = f"{self.names[node]}'s kernel holds for {number}"
        item = (node, node, b"", words)
        letter = self._intern("message", (node, node, number), self.messages, item)
        self.held_numbers[letter] = number
        return letter

    # Steps.

    def hears(self, node: int, core: int, disk: int, message: int) -> Step:
        """What a node does with a message."""
        return self.step(node, core, disk, ("message", message))

    def starts(self, node: int, disk: int) -> Step:
        """What a daemon does that starts on a disk."""
        return self.step(node, DOWN, disk, ("begin",))

    def step(self, node: int, core: int, disk: int, said: Any) -> Step:
        key = (node, core, disk, said)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._work_out(node, core, disk, said)
            self.worked_out += 1
        return found

    def _work_out(self, node: int, core: int, disk: int, said: Any) -> Step:
        image = self.disks[disk].whole if core == DOWN else self.disks[disk]
        is_down = core == DOWN
        live = self._recovered(self.names[node], image) if is_down else copied(self.cores[core])
        before = live.hard_state
        office = live.member.office
        is_open = office is not None and office.proposing.open is not None
        record = (
            office.proposing.open.record if is_open and office and office.proposing.open else None
        )
        now = live.member.now_ms
        if said == ("tick",):
            now = max(now, live.member.wake_at() or 0)
        try:
            ready = live.step(now, founding.START_US, self._input(live, image, said))
        except Damaged as error:
            raise Violation(f"I10: {live.name}: {error.message}: {error.cause}") from error
        except Exception as error:
            raise Violation(f"{live.name}'s core breaks: {error!r}") from error
        if live.hard_state.term < before.term:
            raise Violation(f"I7: {live.name} goes back to term {live.hard_state.term}")
        self._check_state(live)
        return self._outcome(node, live, image, ready, record)

    def _recovered(self, name: str, image: Image) -> Node:
        disk = Disk(name)
        disk.shared, disk.hard = list(image.shared), image.hard
        disk.own = list(self.own.get(name, ()))
        return disk.recover(founding.START_US)

    def _input(self, live: Node, image: Image, said: Any) -> Input:
        match said:
            case ("message", number) if number in self.held_numbers:
                return Held(self.held_numbers[number])
            case ("stuck", number):
                return Held(self.held_numbers[number], "a path is stuck")
            case ("message", number):
                sender, _to, frame, _words = self.messages[number]
                message = msg.decode(frame)
                found = None
                if isinstance(message, msg.Ship):
                    found = outcome_of(message.request, image)
                head = live.shared.head.position
                return Received(self.names[sender], message, found, head)
            case ("submit", number):
                asked = self.requests[number]
                if asked.command is None:
                    return ReadCurrent(number + 1)
                return Submit(
                    number + 1,
                    asked.name,
                    "change",
                    asked.command,
                    context(),
                    outcome_of(asked.name, image),
                    as_of=live.shared.head.position,
                )
            case ("view", number):
                return Viewed(self.views[number])
            case ("tick",):
                return Tick()
            case _:
                pass
        return Begin("boot", "exploration", "exploration")

    def _outcome(
        self, node: int, live: Node, image: Image, ready: Ready, record: msg.Record | None
    ) -> Step:
        commits = tuple(
            e.item for e in ready.append if e.log == "shared" and isinstance(e.item, Commit)
        )
        hard = None if ready.hard_state is None else _encode(ready.hard_state)
        written = image
        if commits or hard is not None:
            written = image._replace(unsynced=(*image.unsynced, (commits, hard)))
        is_flushed = not ready.lazy and bool(ready.append or ready.hard_state)
        disk = written.whole if is_flushed else written
        late = tuple(self.message_of(node, s.to, s.message) for s in ready.sends)
        late += tuple(self._loaded(node, disk.whole, load) for load in ready.loads)
        late += tuple(
            self.held_of(node, d.number) for d in ready.directives if isinstance(d, Hold)
        )
        too_early = self._promised(live.name, ready, written, disk)
        self._check_directives(live.name, ready)
        office = live.member.office
        check_gaps(live.name, commits, len(image.whole.shared))
        step = Step(
            self.core_of(live),
            self.disk_of(written),
            self.disk_of(disk),
            tuple(self.message_of(node, s.to, s.message) for s in ready.early),
            late,
            tuple(self._answer(token, answer) for token, answer in ready.replies),
            tuple((c.position, self.commit_of(c)) for c in commits),
            None if record is None else self._proposal(record),
            office.term if office is not None and office.is_free else 0,
            hold_of(ready),
            is_flushed,
            too_early,
            len(self.all),
        )
        self.all.append(step)
        return step

    def _promised(self, name: str, ready: Ready, written: Image, disk: Image) -> str:
        """Hold what a step says against the disk; return what only an earlier flush makes true.

        Raises:
            Violation: it is on no disk, however many steps share the flush (I8).
        """
        for send in ready.sends:
            broken = broken_promise(name, send.message, written.whole)
            if broken:
                raise Violation(broken)
        wrong = (broken_promise(name, send.message, disk) for send in ready.sends)
        return next(filter(None, wrong), "")

    def _proposal(self, record: msg.Record) -> tuple[tuple[str, ...], tuple[int, ...]]:
        return record.members, tuple(self.commit_of(c) for c in record.commits)

    def _loaded(self, node: int, image: Image, load: Load) -> int:
        return self.message_of(node, load.to, loaded(load, image.shared, self.piece))

    def _answer(self, token: int, answer: dict[str, Any]) -> tuple[str, str, int]:
        name = self.requests[token - 1].name
        if answer["ok"]:
            outcome = answer["data"].get("outcome", "current")
            return name, outcome, answer["data"]["position"]
        failed = "has failed" in answer["error"]["message"]
        return name, "failed" if failed else "rejected", 0

    def _check_state(self, live: Node) -> None:
        """I10: the state is what its log makes of it, and has the digest recorded with it."""
        shared = live.shared
        if shared.head.hash in self._replayed or not shared.head.position:
            return
        self._replayed.add(shared.head.hash)
        if digest.of_state(shared.state) != shared.digest:
            raise Violation(
                f"I10: {live.name} @{shared.head.position} has lost count of its state"
            )

    def _check_directives(self, name: str, ready: Ready) -> None:
        if ready.lookups or ready.cut is not None:
            raise Violation(f"B3: {name} finds that a log is another one")
        for directive in ready.directives:
            if isinstance(directive, PutOut):
                raise Violation(f"B3: {name} puts {directive.node} out: {directive.reason}")
