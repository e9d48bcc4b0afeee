"""The rule by which nodes archive their logs, which the cluster keeps in its shared log."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eventstore.codec import decode_events
from eventstore.model.events import RETENTIONS, RetentionSet
from eventstore.past.moments import time_of
from eventstore.storage.archiving import archivable
from eventstore.storage.reader import LogReader


class Rule(Struct, frozen=True):
    """What is older is archived, but for the last `keep` commits; since `position` (0: none)."""

    archive_after_s: int = 0
    keep: int = 0
    position: int = 0

    @property
    def is_on(self) -> bool:
        """Whether anything is archived by it."""
        return self.archive_after_s > 0 or self.keep > 0


def rule_of(reader: LogReader, positions: Sequence[int], high: int | None = None) -> Rule:
    """Return the rule that the shared log has at a position, given where rules may be set."""
    for position in reversed(positions):
        if high is not None and position > high:
            continue
        for event in decode_events(reader.commit(position).payload, position):
            if isinstance(event, RetentionSet):
                return Rule(event.archive_after_s, event.keep, position)
    return Rule()


def rule_at(reader: LogReader, high: int) -> Rule:
    """Return the rule that the shared log has at a position."""
    return rule_of(reader, reader.positions(RETENTIONS), high)


def due(reader: LogReader, rule: Rule, commits: int, now_us: int) -> tuple[int, int] | None:
    """Return the next commits of a log that are to be archived, so many at once, if any are."""
    first = reader.archive.last() + 1
    last = first + commits - 1
    if not rule.is_on or last > archivable(reader, reader.last() - rule.keep):
        return None
    if rule.archive_after_s and time_of(reader, last) > now_us - rule.archive_after_s * 1_000_000:
        return None
    return first, last
