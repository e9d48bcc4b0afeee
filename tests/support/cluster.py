"""A cluster that is led by hand: nothing moves, arrives or is flushed before a test says so.

Its nodes are the pure core on simulated disks; its time stands until it is told to pass. What each
step made a node do is kept as lines in the order of a `Ready`, in words (`tests.support.telling`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from daemon.core import messages as msg
from daemon.core.node import Node
from daemon.core.ready import (
    Begin,
    Found,
    HashAt,
    Hold,
    Input,
    Load,
    Ready,
    Received,
    Replay,
    Replayed,
    Submit,
    Tick,
    Viewed,
)
from daemon.core.sharedlog import failure
from daemon.core.station import FAR_BEHIND
from daemon.core.view import View, ViewNode
from eventstore.codec import Actor, Commit, Context, decode_events, decode_header
from eventstore.errors import Damaged
from eventstore.model import commands as cmd, digest
from eventstore.model.cluster_events import RequestsFailed
from eventstore.model.evolve import apply
from eventstore.model.state import State
from tests.simulation import founding
from tests.simulation.disk import Disk
from tests.simulation.process import with_commits
from tests.support import telling

PIECE = 2
"""How many commits a piece of catch-up holds here: few, so that there are several."""


class Letter(NamedTuple):
    """A message on its way."""

    sender: str
    to: str
    message: msg.AnyMessage

    def fits(self, sender: str, to: str, kind: str) -> bool:
        """Whether it is from and to these, and its words begin so ("" is any)."""
        words = telling.message(self.message) + " "
        return (self.sender, self.to) == (sender, to) and words.startswith(kind and kind + " ")


class Led:
    """The cluster; see the module's description."""

    def __init__(self, names: tuple[str, ...]) -> None:
        founding.configure(len(names))
        self.names = names
        self.now_ms = 10_000
        self.disks = {name: Disk(name) for name in names}
        self.nodes: dict[str, Node] = {}
        self.runs = dict.fromkeys(names, 0)
        self.far_behind = FAR_BEHIND
        self.set_by_us = dict.fromkeys(names, 0)
        self.boots = dict.fromkeys(names, 1)
        self.on_the_way: list[Letter] = []
        self.arrived: list[Letter] = []
        self.slow: set[str] = set()
        self.waiting: dict[str, list[Ready]] = {}
        self.wakes: dict[str, int | None] = {}
        self.copies: dict[str, Any] = {}
        self.stubborn: set[str] = set()
        """Nodes whose program makes other states than that of the others, in a replay too."""
        self.holds: dict[str, int] = {}
        """Node -> the number of the last hold that its kernel was asked for."""
        self.lines: list[str] = []
        self.asked: dict[int, str] = {}
        self._views: dict[str, View] = {}

    # Daemons and their disks.

    def start(self, name: str) -> None:
        """A daemon begins on what its disk has."""
        assert name not in self.nodes, f"{name} runs already"
        self.runs[name] += 1
        self.nodes[name] = self.disks[name].recover(self.wall_us(name))
        self.nodes[name].member.far_behind = self.far_behind
        self.step(name, Begin(f"{name}-boot{self.boots[name]}", "scenario", "scenario"))

    def end(self, name: str, *, keeping: int | None) -> None:
        """A daemon dies: what it wrote stays, or (power) only so many of what was not flushed."""
        del self.nodes[name]
        self.waiting.pop(name, None)
        self.slow.discard(name)
        self.wakes.pop(name, None)
        disk = self.disks[name]
        if keeping is not None:
            del disk.unsynced[keeping:]
            self.boots[name] += 1
        disk.flush()

    def flush(self, name: str) -> None:
        """The disk has written what it was given: what waited for it leaves."""
        self.slow.discard(name)
        readies = self.waiting.pop(name)
        self.disks[name].flush()
        for ready in readies:
            self._finish(name, ready)

    def wall_us(self, name: str) -> int:
        """What a node's clock shows."""
        return founding.START_US + self.now_ms * 1000 + self.set_by_us[name]

    # Steps.

    def step(self, name: str, said: Input) -> None:
        """Let one node take one input."""
        assert name not in self.waiting, f"{name} waits for its disk"
        before = self.nodes[name].hard_state
        try:
            ready = self.nodes[name].step(self.now_ms, self.wall_us(name), said)
        except Damaged as error:
            self.lines.append(f"{name} stops: {error.message}: {error.cause}")
            self.end(name, keeping=None)
            return
        self._post(name, ready.early, " early")
        self.disks[name].write(ready)
        writes = bool(ready.append or ready.store or ready.hard_state)
        self.wakes[name] = ready.wake_at_ms
        told = telling.written(name, before, ready)
        if writes and not ready.lazy and name in self.slow:
            self.lines.append(f"{name} waits for its disk")
            self.waiting[name] = [ready]
            return
        self.lines += told
        if not ready.lazy:
            self.disks[name].flush()
        self._finish(name, ready)

    def _finish(self, name: str, ready: Ready) -> None:
        if ready.cut is not None:
            log = self.disks[name].shared
            tail = tuple(log[ready.cut.first - 1 :])
            self.lines.append(f"{name} sets aside {telling.span(tail)}")
            del log[ready.cut.first - 1 :]
        self.lines += [
            f"{name}'s kernel: {telling.directive(d, self.nodes[name].shared)}"
            for d in ready.directives
        ]
        for directive in ready.directives:
            if isinstance(directive, Hold):
                self.holds[name] = directive.number
        self._post(name, ready.sends, "")
        for load in ready.loads:
            self._load(name, load)
        for token, answer in ready.replies:
            self.lines.append(f"{name} answers {self.asked[token]}: {telling.answer(answer)}")
        self._read(name, ready)

    def _read(self, name: str, ready: Ready) -> None:
        """Do what the shell does beside the loop: look up, replay, set aside."""
        log = self.disks[name].shared
        for position in ready.lookups:
            self.lines.append(f"{name} looks up @{position}")
            self.step(name, HashAt(position, log[position - 1].hash))
        if ready.replay is not None:
            self.lines.append(f"{name} replays to @{ready.replay.position}")
            self.step(name, self._replayed(name, ready.replay))
        if ready.anew:
            self.lines.append(f"{name} begins anew: {ready.anew}")
        if ready.cut is not None or ready.anew:
            self.end(name, keeping=None)
            self.start(name)

    def _replayed(self, name: str, replay: Replay) -> Replayed:
        commits = [*self.disks[name].shared[: replay.position]]
        commits += [replay.commit] if replay.commit else []
        state = State()
        for commit in commits:
            apply(state, decode_events(commit.payload))
        found = digest.stored(digest.of_state(state))
        mine = self.nodes[name].member.digests.mine
        if name in self.stubborn and mine is not None:
            found = mine.own
        return Replayed(replay.position, found, commits[-1].digest)

    def _post(self, name: str, sends: Any, manner: str) -> None:
        told: dict[str, list[str]] = {}
        for send in sends:
            self.on_the_way.append(Letter(name, send.to, send.message))
            told.setdefault(telling.message(send.message), []).append(send.to)
        for what, to in told.items():
            self.lines.append(f"{name} sends {' '.join(to)}{manner}: {what}")

    def _load(self, name: str, load: Load) -> None:
        full = loaded(load, self.disks[name].shared, PIECE)
        self.on_the_way.append(Letter(name, load.to, full))
        self.lines.append(f"{name} sends {load.to}: {telling.message(full)}")

    # Messages.

    def deliver(self, letter: Letter) -> None:
        """Let a message arrive; a daemon that is down does not hear it."""
        self.arrived.append(letter)
        if letter.to not in self.nodes:
            return
        message = msg.decode(msg.encode(letter.message))
        found, head = None, self.nodes[letter.to].shared.head.position
        if isinstance(message, msg.Ship):
            found = self.look_up(letter.to, message.request)
        self.step(letter.to, Received(letter.sender, message, found, head))

    def take(self, sender: str, to: str, kind: str = "") -> Letter:
        """Take the first message of a kind from one node to another from the way."""
        for letter in self.on_the_way:
            if letter.fits(sender, to, kind):
                self.on_the_way.remove(letter)
                return letter
        raise AssertionError(f"nothing {kind} is on its way from {sender} to {to}")

    def alter(self, sender: str, to: str, kind: str, **fields: Any) -> None:
        """Let a message say something else."""
        letter = self.take(sender, to, kind)
        self.on_the_way.append(letter._replace(message=replace(letter.message, **fields)))

    def deliver_all(self, but: tuple[str, str, str] | None = None) -> None:
        """Let everything arrive, and what follows from it, but for what is named."""
        while True:
            letter = next((x for x in self.on_the_way if but is None or not x.fits(*but)), None)
            if letter is None:
                return
            self.on_the_way.remove(letter)
            self.deliver(letter)

    # Time, views, utilities.

    def passes(self, ms: int) -> None:
        """Let time pass; timers fire when they are due."""
        end = self.now_ms + ms
        while True:
            due = [(at, n) for n, at in self.wakes.items() if at is not None and at <= end]
            if not due:
                break
            at, name = min(due)
            self.now_ms = max(self.now_ms, at)
            self.wakes[name] = None
            self.step(name, Tick())
        self.now_ms = end

    def view(self, text: str, *, old: bool = False) -> View:
        """The view that a text describes: `*n1 n2 (n3)`: n1 is master, n3's daemon is down."""
        if old:
            return self._views[text]
        words, quorate = text.removesuffix(", not in quorum").split(), "not in" not in text
        plain = [word.strip("*()") for word in words]
        master = next(w.strip("*()") for w in words if "*" in w)
        nodes = tuple(
            ViewNode(n, f"{n}-boot{self.boots[n]}", 0 if "(" in word else max(self.runs[n], 1))
            for n, word in zip(plain, words, strict=True)
        )
        found = self._views[text] = View(founding.CLUSTER, nodes, master, quorate)
        return found

    def hears(self, name: str, view: View) -> None:
        """The kernel tells a node who is in the cluster."""
        self.step(name, Viewed(view))

    def submit(self, name: str, label: str, command: cmd.AnyCommand, **options: Any) -> None:
        """A utility asks a node for a change; `label` is the request's identifier."""
        token = self.token(label)
        context = Context(Actor(0, "root", 1, "vx"), clock_us=self.wall_us(name))
        head = self.nodes[name].shared.head.position
        verb = str(command.__struct_config__.tag)
        found = self.look_up(name, label)
        said = Submit(token, label, verb, command, context, found, as_of=head, **options)
        self.step(name, said)

    def token(self, label: str) -> int:
        """A token that nobody has, for what will be answered under a label."""
        token = len(self.asked) + 1
        self.asked[token] = label
        return token

    def look_up(self, node: str, request: str) -> Found | None:
        """What a node's shared log says of a request."""
        disk = self.disks[node]
        return found_in((*disk.shared, *(c for t in disk.unsynced for c in t.shared)), request)

    # Disks that fail.

    def blank(self, name: str) -> None:
        """The disk is replaced by an empty one."""
        self.disks[name].make_blank()

    def rot(self, name: str, position: int) -> None:
        """The shared log cannot be read from a position on."""
        self.disks[name].rot(position)

    def copy(self, name: str) -> None:
        """Somebody keeps a copy of the disk."""
        self.copies[name] = self.disks[name].image()

    def restore(self, name: str) -> None:
        """Somebody puts the copy back."""
        self.disks[name].restore(self.copies[name])


def found_in(commits: Iterable[Commit], request: str) -> Found | None:
    """What the commits of a shared log say of a request."""
    for commit in commits:
        if decode_header(commit.header).tx == request:
            return Found("done", commit.position)
        for event in decode_events(commit.payload):
            if isinstance(event, RequestsFailed) and request in event.requests:
                return failure(event, commit.position)
    return None


def loaded(load: Load, log: Sequence[Commit], count: int) -> msg.AnyMessage:
    """The message that a node was asked to send with so many commits of its log."""
    if isinstance(load.message, msg.Frame):
        return replace(load.message, position=0)
    return with_commits(load, log, count)
