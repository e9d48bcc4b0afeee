"""What one node knows that the shared configuration does not: its own disks and disk groups.

The members' own checks rest on it (D3, B4). Pure: it looks at the two states, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.livelog import LiveLog
from eventstore.codec import Commit, decode_events
from eventstore.errors import Rejected, StoreError
from eventstore.model.activation import activates
from eventstore.model.commands import AnyCommand
from eventstore.model.decide import sharing
from eventstore.model.decide.home import home_of
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.sharing import DiskFact
from eventstore.model.events import AnyEvent
from eventstore.model.objects import OWN_HEADER, Key, Node


class LocalFacts:
    """The node's own state beside the shared one."""

    def __init__(self, shared: LiveLog, own: LiveLog) -> None:
        self._shared = shared
        self._own = own
        self.leaving = False
        """Whether this node is to leave the cluster: then it activates nothing any more (B8)."""

    def named_disks(self, command: AnyCommand) -> tuple[DiskFact, ...]:
        """Return the devices that a command on a shared group names, as this node knows them.

        Raises:
            StoreError: there is none of a name, or the group is this node's own.
        """
        return sharing.named_disks(self._shared.state, self._own.state, command)

    def decide(
        self, command: AnyCommand, moment: Moment, disks: Sequence[DiskFact]
    ) -> tuple[AnyEvent, ...]:
        """Return the events by which a command on a shared disk group takes effect (D2).

        Raises:
            StoreError: it is refused.
        """
        known = sharing.completed(self._own.state, disks)
        return sharing.decide_shared(self._shared.state, command, moment, known)

    def home_of(self, command: AnyCommand) -> str:
        """Return the log that a command belongs to, ``shared`` or ``node``."""
        return home_of(self._shared.state, self._own.state, command)

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
        if self.leaving and activates(events, self._name):
            return _is_leaving(self._name)
        return sharing.local_check(self._own.state, self._shared.state, events)

    @property
    def _name(self) -> str:
        header = self._own.state.get(OWN_HEADER)
        assert isinstance(header, Node)
        return header.name

    def join_objection(self) -> StoreError | None:
        """Return why this node cannot join, None if it can (B4)."""
        return sharing.join_check(self._own.state, self._shared.state)

    def in_use(self, events: Sequence[AnyEvent]) -> tuple[Key, ...]:
        """Return the volumes whose I/O has to be held for events (D4)."""
        return sharing.in_use(self._shared.state, events)


def _is_leaving(node: str) -> Rejected:
    return Rejected(
        "V-5-1-9102",
        f"node {node} is about to leave the cluster: it activates nothing any more",
        cause="a clean leave waits until the node has no shared disk group in use",
        fix="activate it on another node, or let this one stay",
        rule="B8",
        node=node,
    )
