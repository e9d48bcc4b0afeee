"""Several nodes' cores and the wires between them: no time, no loss, unless a test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from daemon.core import messages as msg
from daemon.core.livelog import LiveLog
from daemon.core.node import Node
from daemon.core.ready import (
    Begin,
    Cut,
    Directive,
    HardState,
    HashAt,
    Held,
    Hold,
    Input,
    Notified,
    Ready,
    Received,
    Replay,
    Replayed,
    Submit,
    Tick,
    Viewed,
)
from daemon.core.view import View, ViewNode
from eventstore.codec import Actor, Commit, Context, decode_events
from eventstore.model import commands as cmd, digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.notifications import Notification
from eventstore.model.state import State
from tests.support.cluster import loaded
from tests.support.core import an_empty_log, an_empty_shared_log
from tests.support.model import START_US

FOUNDER = "vxconfigd"


class OneCore:
    """One node: what is on its disk, and what it asked of its kernel."""

    def __init__(self, name: str, nodes: Sequence[str]) -> None:
        self.name = name
        self.log: list[Commit] = []
        self.own: list[Commit] = []
        self.hard = HardState(intact=bool(nodes))
        self.directives: list[Directive] = []
        self.answers: dict[int, dict[str, Any]] = {}
        self.notes: list[str] = []
        self.aside: list[Commit] = []
        self.looks_up = True
        self.replays_to: bytes | None = None
        """What a replay gives, if not what it should."""
        self.is_stubborn = False
        """Whether a replay gives what the live state gave, as by another program."""
        self.runs = 1
        self.boot = f"{name}-boot1"
        shared, own = an_empty_shared_log(), an_empty_log("node")
        founding = Context(Actor(program=FOUNDER), clock_us=START_US)
        founded: tuple[tuple[LiveLog, ev.AnyEvent, int | None], ...] = (
            (shared, ev.ClusterCreated("c1", "prod", tuple(nodes)), None),
            (own, ev.NodeCreated(name, "c1"), 1),
        )
        # A node that no nodes were named to is blank: it gets its shared log from others.
        for log, event, position in founded if nodes else founded[1:]:
            tx = f"founding@{log.log}-1"
            entry = log.record(tx, FOUNDER, founding, (event,), term=0, shared_position=position)
            assert isinstance(entry.item, Commit)
            (self.log if log is shared else self.own).append(entry.item)
        self.node = Node(name, "prod", shared, own, self.hard)

    def replayed(self, replay: Replay) -> Replayed:
        """What a replay of the log from its beginning gives."""
        state, commits = State(), self.log[: replay.position - bool(replay.commit)]
        commits += [replay.commit] if replay.commit else []
        for commit in commits:
            apply(state, decode_events(commit.payload))
        found = self.replays_to or digest.stored(digest.of_state(state))
        mine = self.node.member.digests.mine
        if self.is_stubborn and mine is not None:
            found = mine.own
        return Replayed(replay.position, found, commits[-1].digest)

    def recovers(self) -> None:
        """Have again the state that the log gives."""
        shared = an_empty_shared_log()
        for commit in self.log:
            shared.take(commit, 0)
        self.node = Node(self.name, "prod", shared, self.node.own, self.hard)

    def cut(self, cut: Cut) -> None:
        """Keep the end of the log aside, and be what is left of it."""
        self.aside = self.log[cut.first - 1 :]
        self.log = self.log[: cut.first - 1]
        self.recovers()

    def becomes(self, other: OneCore) -> None:
        """Have another's shared log and hard state, as from a backup of another life."""
        self.log, self.hard = list(other.log), other.hard
        self.node = Node(self.name, "prod", other.node.shared, self.node.own, self.hard)

    def asked_of_kernel(self, kind: type) -> list[Directive]:
        return [found for found in self.directives if isinstance(found, kind)]


class Cores:
    """A cluster of cores; `settle` lets everything that is under way arrive."""

    def __init__(self, *names: str) -> None:
        self.now_ms = 1_000
        self.nodes = {name: OneCore(name, names) for name in names}
        self.queue: deque[tuple[str, Input]] = deque()
        self.cut: set[str] = set()
        self.proposed: list[msg.Record] = []
        self._tokens = 0
        for name, one in self.nodes.items():
            self.steps(name, Begin(one.boot, "sim", "sim"))

    def adds_blank(self, name: str) -> None:
        """There is one more node, with nothing on its disk."""
        self.nodes[name] = OneCore(name, ())
        self.steps(name, Begin(self.nodes[name].boot, "sim", "sim"))

    def __getitem__(self, name: str) -> OneCore:
        return self.nodes[name]

    def steps(self, name: str, said: Input) -> Ready:
        """Let a node take an input, and what follows from it leave."""
        one = self.nodes[name]
        ready = one.node.step(self.now_ms, START_US + self.now_ms * 1000, said)
        one.log += ready.store
        for entry in ready.append:
            assert isinstance(entry.item, Commit)
            (one.log if entry.log == "shared" else one.own).append(entry.item)
        one.hard = ready.hard_state or one.hard
        one.directives += ready.directives
        one.notes += ready.notes
        one.answers |= dict(ready.replies)
        for hold in ready.directives:
            if isinstance(hold, Hold):
                self.queue.append((name, Held(hold.number)))
        for position in ready.lookups if one.looks_up else ():
            self.queue.append((name, HashAt(position, one.log[position - 1].hash)))
        if ready.cut is not None:
            one.cut(ready.cut)
            self.restarts(name)
        if ready.replay is not None and one.looks_up:
            self.queue.append((name, one.replayed(ready.replay)))
        for send in (*ready.early, *ready.sends):
            self._send(name, send.to, send.message)
        for load in ready.loads:
            self._send(name, load.to, loaded(load, one.log, len(one.log)))
        if ready.anew:
            one.recovers()
            self.restarts(name)
        return ready

    def _send(self, sender: str, to: str, message: msg.AnyMessage) -> None:
        if isinstance(message, msg.Propose) and message.record not in self.proposed:
            self.proposed.append(message.record)
        if to in self.nodes and not {sender, to} & self.cut:
            self.queue.append((to, Received(sender, msg.decode(msg.encode(message)))))

    def settle(self) -> None:
        """Deliver all that is under way, and what follows from it."""
        while self.queue:
            self.steps(*self.queue.popleft())

    def passes(self, ms: int) -> None:
        """Let time pass; what was not answered is sent again."""
        self.now_ms += ms
        for name in self.nodes:
            self.queue.append((name, Tick()))
        self.settle()

    def views(self, *names: str, quorate: bool = True, without: Sequence[str] = ()) -> None:
        """The kernels say who is in the cluster; the first is master."""
        nodes = tuple(
            ViewNode(n, self.nodes[n].boot, 0 if n in without else self.nodes[n].runs)
            for n in names
        )
        view = View("c1", nodes, names[0], quorate)
        for name in names:
            if name not in without:
                self.queue.append((name, Viewed(view)))
        self.settle()

    def sees(self, name: str, *notifications: Notification) -> None:
        """A node's kernel says something about its disks."""
        for notification in notifications:
            self.steps(name, Notified(notification))
        self.settle()

    def begins(self, name: str, command: cmd.AnyCommand) -> int:
        """A utility on a node asks for a change, which begins; return its token."""
        self._tokens += 1
        verb = str(command.__struct_config__.tag)
        context = Context(Actor(0, "root", 1, "vx"), clock_us=START_US)
        self.steps(name, Submit(self._tokens, f"r{self._tokens}", verb, command, context))
        return self._tokens

    def asks(self, name: str, command: cmd.AnyCommand) -> dict[str, Any]:
        """A utility on a node asks for a change; return the answer."""
        token = self.begins(name, command)
        self.settle()
        return self.nodes[name].answers[token]

    def done(self, name: str, *commands: cmd.AnyCommand) -> None:
        """A utility on a node asks for changes, and they are made."""
        for command in commands:
            answer = self.asks(name, command)
            assert answer["ok"], answer

    def restarts(self, name: str) -> None:
        """A node's daemon starts anew; what it had in memory only is gone."""
        one = self.nodes[name]
        one.runs += 1
        one.node = Node(name, "prod", one.node.shared, one.node.own, one.hard)
        self.steps(name, Begin(one.boot, "sim", "sim"))

    def reboots(self, name: str) -> None:
        """A node loses power, and comes back."""
        self.nodes[name].boot = f"{name}-boot{self.nodes[name].runs + 1}"
        self.restarts(name)

    def events(self, name: str) -> list[ev.AnyEvent]:
        """All that a node's shared log says."""
        return [e for commit in self.nodes[name].log for e in decode_events(commit.payload)]


def error_of(answer: dict[str, Any]) -> str:
    """The ID of what was refused."""
    assert not answer["ok"], answer
    return str(answer["error"]["id"])
