"""One log as the core sees it: the state after its last commit, and how the next is made.

The state is ahead of the disk between a step and the flush that follows it. Nothing that rests on
it leaves the daemon before; if the flush fails the daemon starts again from the log (G5).
"""

from __future__ import annotations

from collections.abc import Sequence

from eventstore.codec import (
    Context,
    Draft,
    Entry,
    Head,
    encode_context,
    encode_events,
    head_after,
    index_keys,
    seal,
)
from eventstore.errors import StoreError
from eventstore.model import digest
from eventstore.model.events import AnyEvent
from eventstore.model.evolve import apply
from eventstore.model.invariants import violations_at
from eventstore.model.objects import OWN_HEADER, Change
from eventstore.model.state import State


class LiveLog:
    """A log's state, digest and head, moved on by `record` only."""

    def __init__(
        self,
        log: str,
        state: State,
        head: Head,
        last_change: int,
        known_digest: int | None = None,
    ) -> None:
        self.log = log
        self.state = state
        self.head = head
        self.digest = digest.of_state(state) if known_digest is None else known_digest
        self.last_change = last_change

    def try_out(self, events: Sequence[AnyEvent]) -> list[Change]:
        """Apply events, check what they touched, and return the changes.

        Raises:
            StoreError: they break an invariant, so the decision was wrong; the state is as it was.
        """
        try:
            changes = apply(self.state, events)
        except KeyError as error:
            raise _defect(f"an event does not fit the state: {error.args[0]}") from error
        problems = [p for key in {c[0] for c in changes} for p in violations_at(self.state, key)]
        if problems:
            self.state.restore(changes)
            raise _defect("; ".join(sorted(problems)))
        return changes

    def record(
        self,
        tx: str,
        node: str,
        context: Context,
        events: Sequence[AnyEvent],
        *,
        term: int,
        shared_position: int | None,
    ) -> Entry:
        """Make events take effect as the next commit, and return it for the disk.

        Raises:
            StoreError: they break an invariant.
        """
        changes = self.try_out(events)
        self.digest = digest.updated(self.digest, changes)
        draft = Draft(
            tx,
            node,
            encode_context(context),
            encode_events(events),
            digest.stored(self.digest),
            context.clock_us,
            shared_position,
            term,
        )
        commit = seal(self.head, draft, context.clock_us)
        self.head = head_after(self.head, commit)
        if any(key != OWN_HEADER for key, _before, _after in changes):
            self.last_change = commit.position
        return Entry(self.log, commit, index_keys(tx, events))


def _defect(cause: str) -> StoreError:
    return StoreError(
        "V-5-1-1",
        "the change would break an invariant of the configuration; nothing was changed",
        cause=cause,
        fix="this is a defect of the program: report it with 'vx show' and the command",
        rule="I10",
    )
