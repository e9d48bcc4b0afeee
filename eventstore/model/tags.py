"""Names for commits: events, commands, and what they do to the header of the log they point into.

A tag is kept beside nothing else of the configuration: it changes no object, and a commit that
only sets one does not count for `--expect`. Once set it is never moved; it can be taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from msgspec.structs import replace

from eventstore.model.command import Command, Sectors, Text
from eventstore.model.event import Event
from eventstore.model.objects import OWN_HEADER, Change, Cluster, Node, Tag
from eventstore.model.state import State

Changes = tuple[Change, ...]
TAGS = "event/tag"
"""The word under which every event about a tag is indexed."""


class OfLog(Event, frozen=True):
    """An event about the log itself, which its own header keeps."""


class TagSet(OfLog, frozen=True, tag="tag-set/1"):
    """A commit of this log got a name."""

    name: str
    position: int

    def index_terms(self) -> tuple[str, ...]:
        """A tag is found by its name, and among all."""
        return TAGS, f"tag/{self.name}"


class TagRemoved(OfLog, frozen=True, tag="tag-removed/1"):
    """A commit of this log lost a name."""

    name: str

    def index_terms(self) -> tuple[str, ...]:
        """As `TagSet`."""
        return TAGS, f"tag/{self.name}"


AnyTagEvent = TagSet | TagRemoved


class SetTag(Command, frozen=True, tag="tag.set"):
    """Give a commit a name: the newest, if no position is given.

    `log` is ``shared`` or ``node/NAME``; None: the one that is meant where none is named.
    """

    name: Text
    position: Sectors | None = None
    log: Text | None = None


class RemoveTag(Command, frozen=True, tag="tag.delete"):
    """Take a name from the commit that has it."""

    name: Text
    log: Text | None = None


AnyTagCommand = SetTag | RemoveTag


def tags(state: State) -> tuple[Tag, ...]:
    """Return the tags that a log has now, by name."""
    return getattr(state.get(OWN_HEADER), "tags", ())


def _set(state: State, e: TagSet) -> Changes:
    others = [tag for tag in tags(state) if tag.name != e.name]
    return _keep(state, sorted([*others, Tag(e.name, e.position)], key=lambda tag: tag.name))


def _remove(state: State, e: TagRemoved) -> Changes:
    return _keep(state, [tag for tag in tags(state) if tag.name != e.name])


def _keep(state: State, left: list[Tag]) -> Changes:
    space, rid = OWN_HEADER
    before = cast("Cluster | Node", state.spaces[space].records[rid])
    after = replace(before, tags=tuple(left))
    state.spaces[space].records[rid] = after
    return ((OWN_HEADER, before, after),)


HANDLERS: dict[type, Callable[[State, Any], Changes]] = {TagSet: _set, TagRemoved: _remove}
"""What each event about a tag does."""
