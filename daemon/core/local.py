"""What one node knows that the shared configuration does not: its own disks and disk groups.

The members' own checks rest on it (D3, B4). Pure: it looks at the two states, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.livelog import LiveLog
from eventstore.codec import Commit, decode_events
from eventstore.errors import StoreError
from eventstore.model.commands import AnyCommand
from eventstore.model.decide import sharing
from eventstore.model.decide.moment import Moment
from eventstore.model.events import AnyEvent
from eventstore.model.objects import Key


class LocalFacts:
    """The node's own state beside the shared one."""

    def __init__(self, shared: LiveLog, own: LiveLog) -> None:
        self._shared = shared
        self._own = own

    def decide(self, command: AnyCommand, moment: Moment) -> tuple[AnyEvent, ...]:
        """Return the events by which a command on a shared disk group takes effect (D2).

        Raises:
            StoreError: it is refused.
        """
        return sharing.decide_shared(self._shared.state, self._own.state, command, moment)

    def home_of(self, command: AnyCommand) -> str:
        """Return the log that a command belongs to, ``shared`` or ``node``."""
        return sharing.home_of(self._shared.state, self._own.state, command)

    def private_objection(
        self, events: Sequence[AnyEvent], reserved: Sequence[Commit] = ()
    ) -> StoreError | None:
        """Return what the shared configuration has against a private change (D3).

        `reserved` are commits whose outcome is not known yet.
        """
        coming = [event for c in reserved for event in decode_events(c.payload, c.position)]
        return sharing.private_check(self._shared.state, self._own.state, events, coming)

    def objection(self, commit: Commit) -> StoreError | None:
        """Return what this node has against a commit, None if nothing (D3)."""
        return self.objection_to(decode_events(commit.payload, commit.position))

    def objection_to(self, events: Sequence[AnyEvent]) -> StoreError | None:
        """Return what this node has against events, None if nothing (D3)."""
        return sharing.local_check(self._own.state, self._shared.state, events)

    def join_objection(self) -> StoreError | None:
        """Return why this node cannot join, None if it can (B4)."""
        return sharing.join_check(self._own.state, self._shared.state)

    def in_use(self, events: Sequence[AnyEvent]) -> tuple[Key, ...]:
        """Return the volumes whose I/O has to be held for events (D4)."""
        return sharing.in_use(self._shared.state, events)
