"""The shared log as the core sees it: what may come next, and what takes effect.

Unlike a node's own log it is never ahead of what is decided: a proposal is worked out on the
state and taken back (`seal_next`, then `forget`), and takes effect only by `take` (D5).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from daemon.core.differing import Differs
from daemon.core.livelog import LiveLog
from daemon.core.ready import Found
from eventstore import codec
from eventstore.codec import Commit, Context, Entry, Head
from eventstore.errors import StoreError
from eventstore.model import digest
from eventstore.model.cluster import configured, elected_term, header, seat
from eventstore.model.cluster_events import ConfiguredNodesChanged, MasterElected, RequestsFailed
from eventstore.model.events import AnyEvent, touched
from eventstore.model.evolve import apply
from eventstore.model.objects import OWN_HEADER, Change
from eventstore.model.state import State
from eventstore.present.views import object_name

RECENT_MAX = 4096
"""Requests whose outcome is remembered without a look at the log."""


class SharedLog(LiveLog):
    """The shared log's state, digest and head; and what became of recent requests."""

    def __init__(
        self,
        state: State,
        head: Head,
        last_change: int = 0,
        known_digest: int | None = None,
        regular_through: int | None = None,
    ) -> None:
        super().__init__("shared", state, head, last_change, known_digest)
        self.regular_through = head.position if regular_through is None else regular_through
        """The last position that all members of the last `MasterElected` are known to have stored:
        the last that was decided under its term, or what is before it (`stored_by_all`)."""
        self.recent: OrderedDict[str, Found] = OrderedDict()
        self.forgotten_through = head.position
        """What became of requests up to here is in the log only."""
        self._trial: list[Change] = []
        self._trial_digest = self.digest
        self._trial_head = head

    @property
    def configured(self) -> tuple[str, ...]:
        """Return the nodes that the cluster was set up with."""
        return configured(self.state)

    def required_of(self, node: str) -> int:
        """Return the position up to which a node is recorded to have stored the log (C3)."""
        found = seat(self.state, node)
        if found is None:
            return 0
        return self.regular_through if found.member else found.stored_through

    def configured_by(self, commits: Sequence[Commit]) -> list[tuple[str, ...]]:
        """Return the configured nodes, and what undecided commits would make of them (B11)."""
        sets = [self.configured]
        for commit in commits:
            events = codec.decode_events(commit.payload, commit.position)
            sets += [e.nodes for e in events if isinstance(e, ConfiguredNodesChanged)]
        return sets

    def begin_trial(self) -> None:
        """Begin to work out what comes next."""
        self._trial.clear()
        self._trial_digest, self._trial_head = self.digest, self.head

    def seal_next(
        self, tx: str, node: str, context: Context, events: Sequence[AnyEvent], term: int
    ) -> Commit:
        """Return the next commit of a trial; the state is that after it until `end_trial`.

        Raises:
            StoreError: the events break an invariant; the trial is as it was.
        """
        changes = self.try_out(events)
        self._trial += changes
        self._trial_digest = digest.updated(self._trial_digest, changes)
        draft = codec.Draft(
            tx,
            node,
            codec.encode_context(context),
            codec.encode_events(events),
            digest.stored(self._trial_digest),
            context.clock_us,
            None,
            term,
        )
        commit = codec.seal(self._trial_head, draft, context.clock_us)
        self._trial_head = codec.head_after(self._trial_head, commit)
        return commit

    def end_trial(self) -> None:
        """Take back what the trial did to the state."""
        self.state.restore(self._trial)
        self._trial.clear()

    def follows(self, commits: Sequence[Commit]) -> bool:
        """Whether commits are what they say, and chain from the end of this log."""
        head = self.head
        for commit in commits:
            header = codec.decode_header(commit.header)
            if (
                header.position != head.position + 1
                or header.position != commit.position
                or header.lineage != head.lineage
                or codec.chain(head.hash, commit.header) != commit.hash
                or not codec.content_hashes_hold(commit)
            ):
                return False
            head = Head(head.lineage, commit.position, commit.hash, header.time_us)
        return True

    def take(self, commit: Commit, applied_us: int) -> Entry:
        """Make a decided commit take effect, and return it for the disk.

        Raises:
            Differs: the state after it is not the one that was recorded with it (G3); it did not.
        """
        header = codec.decode_header(commit.header)
        events = codec.decode_events(commit.payload, commit.position)
        term_before = elected_term(self.state)
        try:
            changes = apply(self.state, events)
        except KeyError as error:
            cause = f"an event does not fit the state: {error.args[0]}"
            raise Differs(commit, b"", self._objects(events), cause) from error
        after = digest.updated(self.digest, changes)
        if digest.stored(after) != commit.digest:
            objects = self._objects(events)
            self.state.restore(changes)
            cause = "the state's digest is not the one recorded with it"
            raise Differs(commit, digest.stored(after), objects, cause)
        self.digest = after
        self.head = Head(self.head.lineage, commit.position, commit.hash, header.time_us)
        term = elected_term(self.state)
        if commit.term == term:
            self.regular_through = commit.position
        elif term != term_before:
            self.regular_through = commit.position - 1
        if any(key != OWN_HEADER for key, _before, _after in changes):
            self.last_change = commit.position
        if header.tx.find("@") < 0:
            self._remember(header.tx, Found("done", commit.position))
        for event in events:
            if isinstance(event, RequestsFailed):
                found = failure(event, commit.position)
                for request in event.requests:
                    self._remember(request, found)
        stored = commit._replace(applied_us=applied_us)
        return Entry("shared", stored, codec.index_keys(header.tx, events))

    def _objects(self, events: Sequence[AnyEvent]) -> tuple[str, ...]:
        """Return the names of what events are about."""
        keys = dict.fromkeys(key for event in events for key in touched(event))
        return tuple(object_name(self.state, key) for key in keys)

    def found(self, request: str, looked_up: Found | None, as_of: int) -> Found | None:
        """Return what became of a request, given what the log said of it at `as_of`.

        Raises:
            StoreError: more was committed since than is remembered: it has to be asked again.
        """
        known = self.recent.get(request, looked_up)
        if known is None and as_of < self.forgotten_through:
            raise StoreError(
                "V-5-1-7910",
                "the request waited too long to be known as new",
                cause=f"its identifier was looked up at @{as_of}",
                fix="ask again with the same identifier",
                rule="D13",
            )
        return known

    def _remember(self, request: str, found: Found) -> None:
        self.recent[request] = found
        if len(self.recent) > RECENT_MAX:
            _request, oldest = self.recent.popitem(last=False)
            self.forgotten_through = max(self.forgotten_through, oldest.position)


def stored_by_all(state: State, end: int, commit_at: Callable[[int], Commit]) -> int:
    """Return up to where all members of a log's last `MasterElected` had stored it (C3).

    That is the last commit that was decided under its term. Where others completed the election
    there may be none, but its members had all that is before it when it was proposed (C5).
    """
    cluster = header(state)
    while cluster is not None and end > cluster.regular:
        commit = commit_at(end)
        if commit.term == cluster.term:
            break
        end -= 1
        events = codec.decode_events(commit.payload, commit.position)
        if any(isinstance(event, MasterElected) for event in events):
            break
    return end


def failure(event: RequestsFailed, position: int) -> Found:
    """Return what a failure commit says of each request that it fails."""
    return Found("failed", position, event.node, event.message_id, event.message, event.rule)
