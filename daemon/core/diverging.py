"""Finding where two logs begin to differ, and which of them is another one (B3).

Both logs agree at the beginning and differ at their ends: the first position that differs is found
by halving. A hash at a position is not in memory; the shell looks it up, here and at the other
node. Then the other members are asked what they have there. What was decided is on a majority of
nodes, so the log that fewer have is the one that something happened to; with as many on either
side the master's is the cluster's. Where no answer comes, what is known is said: from a position
on *at the latest*.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.core import messages as msg
from daemon.core.station import Station

PATIENCE_MS = 5000
"""How long all of the comparison may take: some twenty answers, each of a small message."""


class Diverging:
    """One comparison of two logs; `put_out` is called with whose is another one, and why."""

    def __init__(
        self,
        member: Station,
        term: int,
        others: tuple[str, ...],
        put_out: Callable[[str, str], None],
    ) -> None:
        self.member = member
        self.term = term
        self.others = others
        self._put_out = put_out
        self.peer = ""
        """Whose log is compared with this node's; "" where nothing is."""
        self._same_through = 0
        self._differs_at = 0
        self._asked = 0
        self._hash = b""
        self._votes: dict[str, msg.Compared] | None = None
        """What others have where the two begin to differ, once that is known."""
        self._until_ms = 0

    def begin(self, peer: str, position: int) -> None:
        """Begin with what is known: another's log differs at a position, or before it.

        One that only reaches further than the longest intact log, as a damaged one may, is no
        other log: it is left out until the others have settled what it has more (C3).
        """
        if peer == self.member.name or position > self.member.shared.head.position:
            self._put_out(peer, f"the shared log of {peer} goes on where intact ones end (C3)")
            return
        self.peer, self._votes = peer, None
        self._differs_at = position
        self._until_ms = self.member.now_ms + PATIENCE_MS
        self._go_on()

    def _go_on(self) -> None:
        if self._differs_at - self._same_through > 1:
            self._look_up((self._same_through + self._differs_at) // 2)
            return
        self._votes = {}
        self._look_up(self._differs_at)

    def _look_up(self, position: int) -> None:
        self._asked, self._hash = position, b""
        self.member.work.lookups.append(position)

    def looked_up(self, position: int, found: bytes) -> None:
        """Take the own hash at a position, and ask for that of others."""
        if self.peer and position == self._asked and not self._hash:
            self._hash = found
            for name, message in self.unanswered():
                self.member.work.send(name, message)
            self._counted()

    def compared(self, sender: str, message: msg.Compared) -> None:
        """Take whether another node has the same there."""
        if message.position != self._asked or not self._hash or not self.peer:
            return
        if self._votes is not None:
            self._votes[sender] = message
            self._counted()
        elif sender == self.peer:
            if message.same:
                self._same_through = message.position
            else:
                self._differs_at = message.position
            self._go_on()

    def unanswered(self) -> list[tuple[str, msg.Compare]]:
        """Return the question, for all that have not answered it."""
        if not self.peer or not self._hash:
            return []
        message = msg.Compare(self.term, self._asked, self._hash)
        return [(name, message) for name in self._audience()]

    def _audience(self) -> list[str]:
        if self._votes is None:
            return [self.peer]
        votes = self._votes
        return [name for name in self.others if name != self.peer and name not in votes]

    def _counted(self) -> None:
        if self._votes is not None and self._hash and not self._audience():
            self._tell(exactly=True)

    def tick(self) -> None:
        """Say what is known if it takes too long."""
        if self.peer and self.member.now_ms >= self._until_ms:
            self._tell(exactly=False)

    def _tell(self, *, exactly: bool) -> None:
        """Put out the log that is another one; quarantine it if that is certain (B3)."""
        votes = [vote.same for vote in (self._votes or {}).values() if not vote.ends]
        name, position = self.peer, self._differs_at
        self.peer = ""
        if votes.count(False) > votes.count(True) or not self.member.hard.intact:
            name = self.member.name
        if exactly and name == self.member.name:
            self.member.quarantine(position)
        elif exactly:
            self.member.work.send(name, msg.Quarantine(self.term, position))
        where = f"@{position} on" + ("" if exactly else " at the latest")
        self._put_out(name, f"the shared log of {name} is another one, from {where} (B3)")

    def known(self, name: str, position: int) -> None:
        """Leave out a node whose log is quarantined already."""
        self._put_out(name, f"its shared log is quarantined from @{position} on (B3)")
