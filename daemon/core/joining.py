"""Letting those who came join, one by one (B4 to B6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.core import messages as msg
from daemon.core.proposing import Proposing
from daemon.core.ready import JoinComplete
from daemon.core.station import Station
from daemon.core.view import View
from eventstore.model import events as ev
from eventstore.model.cluster import joined_nodes


class Joining:
    """The joins that an office brings about before it changes anything; then `done` is called.

    `give_up` is called with a node that cannot join, and the reason.
    """

    def __init__(
        self,
        member: Station,
        view: View,
        proposing: Proposing,
        done: Callable[[], None],
        give_up: Callable[[str, str], None],
    ) -> None:
        self.member = member
        self.view = view
        self.proposing = proposing
        self._done = done
        self._give_up = give_up
        self._joining = ""

    def go_on(self) -> None:
        """Record the next join that is not in the log yet (B6)."""
        member, joined = self.member, joined_nodes(self.member.shared.state)
        if self._joining in joined:
            member.work.directives.append(JoinComplete(self._joining))
            self._joining = ""
        coming = [name for name in self.view.members if name not in joined]
        if not coming:
            self._done()
            return
        self._joining = coming[0]
        if coming[0] not in member.shared.configured:
            why = "it is none of the configured nodes: 'vx cluster add NODE' makes it one (B11)"
            self._give_up(coming[0], why)
            return
        if coming[0] == member.name:
            objection = member.local.join_objection()
            self._decide(None if objection is None else objection.to_map())
        for name, message in self.unanswered():
            member.work.send(name, message)

    def checked(self, sender: str, message: msg.JoinChecked) -> None:
        """Take the joiner's own look at its disks and names (B4)."""
        if self.proposing.open is None and sender == self._joining:
            self._decide(message.error)

    def _decide(self, error: dict[str, Any] | None) -> None:
        """Commit that a node joined, or give its join up (B4)."""
        if error is not None:
            self._give_up(self._joining, f"{error['message']}: {error['cause']}")
            return
        self.proposing.propose_own((ev.NodeJoined(self._joining),))

    def unanswered(self) -> list[tuple[str, msg.CheckJoin]]:
        """Return the question to the joiner, while there is no answer."""
        if self._joining in ("", self.member.name) or self.proposing.open is not None:
            return []
        head = self.member.shared.head.position
        return [(self._joining, msg.CheckJoin(self.proposing.term, head))]
