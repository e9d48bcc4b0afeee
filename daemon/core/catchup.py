"""Giving the members what their logs lack, piece after piece as each is acknowledged (C3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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

    def begin(self, states: Mapping[str, msg.Promised]) -> None:
        """Begin with what the members said of their logs."""
        for name in self.others:
            self._acknowledged[name] = states[name].position
            self._compare(name, states[name].hash)
        self.go_on()

    def _compare(self, name: str, found: bytes) -> None:
        """Note that a member's log is this one, or is not a prefix of it."""
        head = self.member.shared.head
        position = self._acknowledged[name]
        if position > head.position:
            self._give_up(name, head.position + 1)
        elif position == head.position and found == head.hash:
            self._equal.add(name)
        elif position == head.position:
            self._give_up(name, position)

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
        head = self.member.shared.head.position
        self.sent_at = self.member.now_ms
        piece = msg.Piece(self.term, self._acknowledged[name], head, ())
        self.member.work.load(name, piece, head)

    def caught_up(self, name: str, message: msg.CaughtUp) -> None:
        """Send the next piece, but only where the acknowledged position advances."""
        if self.is_over or name in self._equal or message.position <= self._acknowledged[name]:
            return
        self._acknowledged[name] = message.position
        self._compare(name, message.hash)
        if name in self._equal:
            self.go_on()
        elif not self.is_over:
            self._give(name)


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
