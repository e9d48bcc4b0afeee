"""Events about the logs themselves: what is kept of them. None changes the configuration."""

from __future__ import annotations

from eventstore.model.event import Event

REDACTIONS = "event/context-redacted"
"""The word under which every `ContextRedacted` is indexed."""
RETENTIONS = "event/retention-set"
"""The word under which every `RetentionSet` is indexed."""


def redaction_of(position: int) -> str:
    """Return the word under which the redactions of one commit are indexed."""
    return f"redacted/{position}"


class ContextRedacted(Event, frozen=True, tag="context-redacted/1"):
    """The context of a commit of this log is to be gone from it; `hash` says of which."""

    position: int
    hash: str
    reason: str

    def index_terms(self) -> tuple[str, ...]:
        """Redactions are found all together, and by the commit that each is about."""
        return (REDACTIONS, redaction_of(self.position))


class RetentionSet(Event, frozen=True, tag="retention-set/1"):
    """Each node archives what is older, but for the last `keep` commits; 0, 0: nothing."""

    archive_after_s: int
    keep: int

    def index_terms(self) -> tuple[str, ...]:
        """The last one is the rule."""
        return (RETENTIONS,)
