"""Finding where a log that is not a prefix of the master's begins to be another one (B3).

Both logs agree at the beginning and differ at their ends: the first position that differs is found
by halving. A hash at a position is not in memory; the shell looks it up, here and at the other
node. Where no answer comes, what is known is what is said: from a position on *at the latest*.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.core import messages as msg
from daemon.core.station import Station

PATIENCE_MS = 5000
"""How long all of the comparison may take: some twenty answers, each of a small message."""


class Diverging:
    """One comparison of two logs; `put_out` is called with whose is another one, and why."""

    def __init__(self, member: Station, term: int, put_out: Callable[[str, str], None]) -> None:
        self.member = member
        self.term = term
        self._put_out = put_out
        self.name = ""
        self.peer = ""
        self._same_through = 0
        self._differs_at = 0
        self._asked = 0
        self._hash = b""
        self._until_ms = 0

    def begin(self, name: str, peer: str, position: int) -> None:
        """Begin with what is known: `name`'s log differs at a position, or before it."""
        self.name, self.peer = name, peer
        self._differs_at = min(position, self.member.shared.head.position + 1)
        self._until_ms = self.member.now_ms + PATIENCE_MS
        self._go_on()

    def _go_on(self) -> None:
        if self._differs_at - self._same_through <= 1:
            self._tell(exactly=True)
            return
        self._asked = (self._same_through + self._differs_at) // 2
        self._hash = b""
        self.member.work.lookups.append(self._asked)

    def looked_up(self, position: int, found: bytes) -> None:
        """Take the own hash at a position, and ask the other node for its."""
        if self.peer and position == self._asked and not self._hash:
            self._hash = found
            for name, message in self.unanswered():
                self.member.work.send(name, message)

    def compared(self, sender: str, message: msg.Compared) -> None:
        """Take whether the other node has the same there."""
        if sender != self.peer or message.position != self._asked or not self._hash:
            return
        if message.same:
            self._same_through = message.position
        else:
            self._differs_at = message.position
        self._go_on()

    def unanswered(self) -> list[tuple[str, msg.Compare]]:
        """Return the question that the other node has not answered."""
        if not self.peer or not self._hash:
            return []
        return [(self.peer, msg.Compare(self.term, self._asked, self._hash))]

    def tick(self) -> None:
        """Say what is known if it takes too long."""
        if self.peer and self.member.now_ms >= self._until_ms:
            self._tell(exactly=False)

    def _tell(self, *, exactly: bool) -> None:
        """Quarantine the log that is another one: an administrator has to look (B3)."""
        name, position = self.name, self._differs_at
        self.peer = ""
        if name == self.member.name:
            self.member.quarantine(position)
        else:
            self.member.work.send(name, msg.Quarantine(self.term, position))
        where = f"@{position} on" + ("" if exactly else " at the latest")
        self._put_out(name, f"the shared log of {name} is another one, from {where} (B3)")

    def known(self, name: str, position: int) -> None:
        """Leave out a node whose log is quarantined already."""
        self._put_out(name, f"its shared log is quarantined from @{position} on (B3)")
