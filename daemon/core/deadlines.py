"""Changes that wait to be confirmed: undone when their time is over, by whoever decides then.

The deadline is in the log, with what has to be done: so it does not matter which daemon took the
request, or how often they started since. For shared disk groups the master in office sees to it,
by a request of its own that goes the way of every other (D); for private ones the node itself.
"""

from __future__ import annotations

from daemon.core.member import Member
from daemon.core.private import Private
from daemon.core.waiting import Request
from eventstore.codec import Actor, Cause, Context
from eventstore.model.commands import TakeBack
from eventstore.model.decide.wayback import waiting
from eventstore.model.objects import Awaited
from eventstore.model.state import State

RETRY_MS = 5_000
"""When what a member would not have is tried again: a disk that it cannot reach may come back."""

LOOK_MS = 5_000
"""How long nobody looks at the wall clock at most: it may be set."""


class Deadlines:
    """Looks at the clock after every input, and undoes what was not confirmed in time."""

    def __init__(self, member: Member, private: Private) -> None:
        self.member = member
        self.private = private
        self._tried: dict[str, tuple[str, int]] = {}
        """Identifier -> (that of the request to undo it, when the next may be made)."""
        self._attempts = 0

    def look(self) -> None:
        """Undo what is due."""
        member, private = self.member, self.private
        if not self._tried and not self._states():
            return
        for awaited in self._due(private.own.state):
            private.take_back(awaited.name)
        if member.requests.proposer is not None:
            due = self._due(member.shared.state)
            for awaited in due:
                self._ask(awaited)
            self._tried = {a.name: self._tried[a.name] for a in due if a.name in self._tried}
        else:
            self._tried = {}

    def _states(self) -> list[State]:
        """Return the states with something that waits, and that this node has to see to."""
        own, shared = self.private.own.state, self.member.shared.state
        here = (own,) if self.member.requests.proposer is None else (own, shared)
        return [state for state in here if state.counts.get(Awaited)]

    def _due(self, state: State) -> list[Awaited]:
        now_us = self.member.wall_us
        return [one for one in waiting(state) if one.until_us <= now_us and not one.failed]

    def _ask(self, awaited: Awaited) -> None:
        """Have the master, which is this node, undo a shared change: once at a time."""
        member, name = self.member, awaited.name
        request, again_ms = self._tried.get(name, ("", 0))
        if member.now_ms < again_ms or member.requests.is_under_way(request):
            return
        self._attempts += 1
        # '@' is in no identifier of a client; each attempt may have an outcome of its own (D13).
        request = f"{name}@{member.hard.term}.{member.hard.incarnation}.{self._attempts}"
        self._tried[name] = (request, member.now_ms + RETRY_MS)
        member.work.note(f"{name} was not confirmed in time -> undo it")
        command, context = TakeBack(name), self.context_of(name, member.wall_us)
        head = member.shared.head.position
        member.requests.enqueue(
            Request(
                request, "takeback", command, context, member.name,
                expect=None, dry_run=False, ship=False, found=None, as_of=head, waiters=[],
            )
        )  # fmt: skip

    @staticmethod
    def context_of(name: str, clock_us: int) -> Context:
        """Return who undoes a change, and why."""
        cause = Cause("transaction", name)
        said = "not confirmed in time"
        return Context(Actor(program="daemon"), message=said, cause=cause, clock_us=clock_us)

    def wake_at(self) -> int | None:
        """Return when to look again, None if nothing waits here."""
        member = self.member
        left = [
            RETRY_MS if one.until_us <= member.wall_us else (one.until_us - member.wall_us) // 1000
            for state in self._states()
            for one in waiting(state)
            if not one.failed
        ]
        return member.now_ms + min(LOOK_MS, min(left) + 1) if left else None
