"""Giving the members what their logs lack, piece after piece as each is acknowledged (C3).

One that is far behind gets long pieces, which it only stores, then a keyframe; it begins anew with
that, which is a new view, and in the next office it lacks little or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from daemon.core import messages as msg
from daemon.core.sharedlog import SharedLog
from daemon.core.station import Station


class CatchUp:
    """One office's catch-up: the first in succession before all others.

    `done` is called when all logs are equal to this node's; `diverged` with a member whose log is
    not a prefix of it, and the first position at which that is known (B3).
    """

    def __init__(
        self,
        member: Station,
        term: int,
        others: tuple[str, ...],
        done: Callable[[], None],
        diverged: Callable[[str, int], None],
    ) -> None:
        self.member = member
        self.term = term
        self.others = others
        self.is_over = False
        self.sent_at = 0
        self._done = done
        self._diverged = diverged
        self._acknowledged: dict[str, int] = {}
        """Member -> how far its log goes, as it said in this term."""
        self._equal: set[str] = set()
        self._far: dict[str, int] = {}
        """Member that is far behind -> where it began."""
        self._frames: dict[str, tuple[int, int]] = {}
        """One that has stored everything -> which keyframe it is given, and the next slice."""

    def begin(self, states: Mapping[str, msg.Promised]) -> None:
        """Begin with what the members said of their logs."""
        for name in self.others:
            self._acknowledged[name] = position = states[name].position
            self._compare(name, states[name].hash)
            if self.member.shared.head.position - position > self.member.far_behind:
                self._far[name] = position
        self.go_on()

    def _compare(self, name: str, found: bytes) -> None:
        """Note that a member's log is this one, or is not a prefix of it."""
        head = self.member.shared.head
        position = self._acknowledged[name]
        if position > head.position:
            self._give_up(name, head.position + 1)
        elif position == head.position and found == head.hash:
            self._has_all(name)
        elif position == head.position:
            self._give_up(name, position)

    def _has_all(self, name: str) -> None:
        """Note that a log is this one; whose state is not there yet gets a keyframe."""
        if name in self._far:
            self._frames.setdefault(name, (0, 0))
        else:
            self._equal.add(name)

    def _give_up(self, name: str, position: int) -> None:
        self.is_over = True
        self._diverged(name, position)

    def go_on(self) -> None:
        """Give the first in succession what it lacks, then all others; or be done."""
        if self.is_over:
            return
        behind = [name for name in self.others if name not in self._equal]
        if not behind:
            self.is_over = True
            self._done()
            return
        for name in behind[:1] if self.others[0] in behind else behind:
            self._give(name)

    def _give(self, name: str) -> None:
        head, after = self.member.shared.head.position, self._acknowledged[name]
        work = self.member.work
        self.sent_at = self.member.now_ms
        if name in self._frames:
            frame = msg.Frame(self.term, *self._frames[name], b"", (), last=False)
            work.load_frame(name, frame, self._far[name], head)
        elif name in self._far:
            work.load(name, msg.Bulk(self.term, after, head, b"", b""), head)
        else:
            work.load(name, msg.Piece(self.term, after, head, ()), head)

    def answered(self, name: str, message: Any) -> None:
        """Take a member's answer to a piece."""
        if not self.is_over and name not in self._equal:
            self.ANSWERS[type(message)](self, name, message)

    def caught_up(self, name: str, message: msg.CaughtUp) -> None:
        """Send the next piece, but only where the acknowledged position advances.

        A member that is far behind took in the last piece before it had it on its disk.
        """
        known, head = self._acknowledged[name], self.member.shared.head.position
        if name in self._frames or message.position < known or message.position == known != head:
            return
        self._acknowledged[name] = message.position
        self._compare(name, message.hash)
        if name in self._equal:
            self.go_on()
        elif not self.is_over:
            self._give(name)

    def more(self, name: str, message: msg.More) -> None:
        """Send what follows what a member took in, and will have on its disk."""
        if name in self._far and message.position > self._acknowledged[name]:
            self._acknowledged[name] = message.position
            self._give(name)

    def framed(self, name: str, message: msg.Framed) -> None:
        """Send the next slices of a keyframe, where this acknowledges any."""
        position, number = self._frames.get(name, (message.position, message.number))
        if position != message.position or number < message.number:
            self._frames[name] = (message.position, message.number)
            self._give(name)

    ANSWERS: ClassVar[dict[type, Callable[[CatchUp, str, Any], None]]] = {
        msg.CaughtUp: lambda c, name, said: c.caught_up(name, said),
        msg.More: lambda c, name, said: c.more(name, said),
        msg.Framed: lambda c, name, said: c.framed(name, said),
    }


def longest(states: Mapping[str, msg.Promised], order: Sequence[str]) -> str:
    """Return whose log is the longest; of two as long an intact one, then the first in order.

    A damaged log may lack what it had, but what is in it was decided (C3).
    """
    return max(order, key=lambda name: (states[name].position, states[name].intact))


def lacking(shared: SharedLog, states: Mapping[str, msg.Promised]) -> dict[str, str]:
    """Return the members whose logs end before what they are recorded to have stored, and why."""
    found: dict[str, str] = {}
    for name, state in sorted(states.items()):
        covers = msg.reach(state.position, state.doubt)
        required = shared.required_of(name)
        if state.intact and covers < required:
            found[name] = f"the log of {name} ends at @{covers}, but @{required} was stored there"
    return found
