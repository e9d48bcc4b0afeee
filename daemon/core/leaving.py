"""A node that wants to leave the cluster cleanly: it waits until it has nothing in use (B8).

In use is what the node has activated. Once it has nothing, and no doubt could still give it
something, the kernel hears that it may go; until it is gone, or stays after all, it activates
nothing any more. A node that goes without this leaves volumes that need recovery (B7).
"""

from __future__ import annotations

from daemon.core.ready import LeaveAllowed
from daemon.core.station import Station
from eventstore.model.activation import held_by


class Leaving:
    """What the kernel wants of this node, and what it waits for."""

    def __init__(self, member: Station) -> None:
        self.member = member
        self.is_wanted = False
        self.is_allowed = False
        self.waits_for: tuple[str, ...] = ()
        """What keeps the node here, in words, in the order of the groups' IDs."""

    def asked(self, *, wanted: bool) -> None:
        """Take that the node is to leave, or is to stay after all."""
        if wanted == self.is_wanted:
            return
        self.is_wanted = self.member.local.leaving = wanted
        self.is_allowed = False
        self.waits_for = ()
        what = "the node wants to leave" if wanted else "the node stays"
        self.member.work.note(f"{what} -> {'wait until nothing is in use' if wanted else 'on'}")

    def look(self) -> None:
        """Tell the kernel once nothing is in use any more (B8)."""
        if not self.is_wanted or self.is_allowed:
            return
        before, self.waits_for = self.waits_for, self._in_use()
        if not self.waits_for:
            self.is_allowed = True
            self.member.work.directives.append(LeaveAllowed())
            self.member.work.note("nothing is in use -> the node may leave")
        elif self.waits_for != before:
            self.member.work.note(f"in use: {'; '.join(self.waits_for)} -> the leave waits")

    def _in_use(self) -> tuple[str, ...]:
        member = self.member
        held = held_by(member.shared.state, member.name)
        found = [f"disk group {group.name} is active as {mode}" for group, mode in held]
        # What is in doubt, or about to be, may be an activation: its outcome comes first.
        if member.hard.doubt is not None or member.proposed is not None:
            found.append("a change is under way")
        if not member.hard.intact:
            found.append("the shared log is being caught up")
        return tuple(found)
