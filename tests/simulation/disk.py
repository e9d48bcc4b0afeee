"""A node's disk: transactions that a flush made safe, and those that a power cut may take."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import msgspec

from daemon.core.livelog import LiveLog
from daemon.core.messages import Frame, reach
from daemon.core.node import Node
from daemon.core.ready import HardState, Ready, Replay, Replayed
from daemon.core.sharedlog import SharedLog, stored_by_all
from eventstore.codec import (
    ZERO_HASH,
    Actor,
    Commit,
    Context,
    Head,
    decode_events,
    head_after,
)
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from tests.simulation.checks import Violation
from tests.simulation.founding import CLUSTER, founded, lineage_of
from tests.simulation.frames import Kept

_decode_hard = msgspec.msgpack.Decoder(HardState).decode
_encode_hard = msgspec.msgpack.Encoder().encode


class Transaction(NamedTuple):
    """What one flush, or a part of one, writes together."""

    shared: tuple[Commit, ...]
    own: tuple[Commit, ...]
    hard: bytes | None
    frame: Frame | None = None


class Image(NamedTuple):
    """A copy of a disk."""

    shared: tuple[Commit, ...]
    own: tuple[Commit, ...]
    hard: bytes

    @property
    def end(self) -> int:
        """Return how far the log goes, with what is in doubt."""
        return reach(len(self.shared), _decode_hard(self.hard).doubt)


class Disk:
    """What one node has on stable storage, and what is still on its way there."""

    def __init__(self, node: str, *, blank: bool = False) -> None:
        self.node = node
        self.shared: list[Commit] = [] if blank else list(founded())
        self.own: list[Commit] = []
        self.hard = _encode_hard(HardState(intact=not blank))
        self.unsynced: list[Transaction] = []
        self.frames = Kept()

    def write(self, ready: Ready) -> None:
        """Write what a step asks for; a flush is another matter."""
        if not (ready.append or ready.store or ready.hard_state or ready.frame):
            return
        items = [(e.log, e.item) for e in ready.append if isinstance(e.item, Commit)]
        hard = None if ready.hard_state is None else _encode_hard(ready.hard_state)
        self.unsynced.append(
            Transaction(
                (*ready.store, *(item for log, item in items if log == "shared")),
                tuple(item for log, item in items if log == "node"),
                hard,
                ready.frame,
            )
        )

    def flush(self) -> None:
        """Make everything that was written safe."""
        for transaction in self.unsynced:
            self._settle(transaction)
        self.unsynced.clear()

    def _settle(self, transaction: Transaction) -> None:
        for commit in transaction.shared:
            if commit.position != len(self.shared) + 1:
                raise Violation(f"I6: {self.node} writes @{commit.position} in another place")
            self.shared.append(commit)
        self.own += transaction.own
        if transaction.hard is not None:
            self.hard = transaction.hard
        if transaction.frame is not None:
            self.frames.take(transaction.frame)

    def lose_power(self, random: Random) -> None:
        """Keep the first few of the transactions that were not flushed: all, some, or none."""
        for transaction in self.unsynced[: random.randint(0, len(self.unsynced))]:
            self._settle(transaction)
        self.unsynced.clear()

    def hard_state(self) -> HardState:
        """Return the hard state that a power cut at this moment would leave."""
        return _decode_hard(self.hard)

    def image(self) -> Image:
        """Return a copy of what is safe."""
        return Image(tuple(self.shared), tuple(self.own), self.hard)

    def restore(self, image: Image) -> None:
        """Become an older copy of itself."""
        self.shared, self.own, self.hard = list(image.shared), list(image.own), image.hard
        self.frames = Kept()

    def make_blank(self) -> None:
        """Lose everything, as a disk that was replaced."""
        self.shared, self.own = [], []
        self.frames = Kept()
        self.forget_promise()

    def forget_promise(self) -> None:
        """Lose the hard state: what was promised, and what was in doubt."""
        self.hard = _encode_hard(HardState(intact=False))

    def rot(self, position: int) -> None:
        """Find that the shared log cannot be read from a position on; recovery puts it aside."""
        hard = self.hard_state()
        del self.shared[position - 1 :]
        distrusted = msgspec.structs.replace(
            hard, intact=False, distrusted_term=hard.term, doubt=None, held=()
        )
        self.hard = _encode_hard(distrusted)

    def has(self, position: int) -> bool:
        """Whether a power cut at this moment would leave a position, as log or as doubt (I8)."""
        doubt = None if len(self.shared) >= position else self.hard_state().doubt
        return (doubt is None and len(self.shared) >= position) or (
            doubt is not None and doubt.last >= position
        )

    def required_of(self, node: str) -> int:
        """Return up to where this log says that a node stored it (C3)."""
        shared, regular = _replayed("shared", lineage_of("shared"), self.shared)
        return SharedLog(shared.state, shared.head, 0, 0, regular).required_of(node)

    def digests(self) -> tuple[int, int]:
        """Return the digests of the states that replaying both logs gives."""
        waiting = self.unsynced
        shared = [*self.shared, *(c for t in waiting for c in t.shared)]
        own = [*self.own, *(c for t in waiting for c in t.own)]
        return (
            _replayed("shared", lineage_of("shared"), shared)[0].digest,
            _replayed("node", lineage_of(self.node), own)[0].digest,
        )

    def replayed(self, asked: Replay) -> Replayed:
        """Replay the shared log to a position, and say what digests there are (G3)."""
        commits = self.shared[: asked.position]
        if asked.commit is not None:
            commits = [*self.shared[: asked.commit.position - 1], asked.commit]
        live, _regular = _replayed("shared", lineage_of("shared"), commits)
        return Replayed(len(commits), digest.stored(live.digest), commits[-1].digest)

    def recover(self, wall_us: int) -> Node:
        """Rebuild the core from what is on the disk (A4), as a restart does."""
        self.flush()
        start = self.frames.nearest(self.shared)
        shared, regular = _replayed("shared", lineage_of("shared"), self.shared, *start)
        if not self.own:
            self.own.append(_first_own(self.node, wall_us))
        own, _regular = _replayed("node", lineage_of(self.node), self.own)
        log = SharedLog(shared.state, shared.head, 0, shared.digest, regular)
        return Node(self.node, "prod", log, own, self.hard_state())


def _replayed(
    log: str, lineage: bytes, commits: list[Commit], onto: State | None = None, at: int = 0
) -> tuple[LiveLog, int]:
    """Replay a log; find what all members of its last election had stored, as recovery does."""
    state, head = State() if onto is None else onto, Head(lineage, 0, ZERO_HASH, 0)
    for commit in commits[at:]:
        apply(state, decode_events(commit.payload, commit.position))
    regular = stored_by_all(state, len(commits), lambda position: commits[position - 1])
    if commits:
        head = head_after(head, commits[-1])
    return LiveLog(log, state, head, 0), regular


def _first_own(node: str, wall_us: int) -> Commit:
    live = LiveLog("node", State(), Head(lineage_of(node), 0, ZERO_HASH, 0), 0)
    context = Context(Actor(program="vxconfigd"), clock_us=wall_us)
    event = ev.NodeCreated(node, CLUSTER)
    entry = live.record(f"{node}@node-1", node, context, (event,), term=0, shared_position=1)
    assert isinstance(entry.item, Commit)
    return entry.item
