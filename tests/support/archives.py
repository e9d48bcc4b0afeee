"""Logs of which the older part is in segments."""

from __future__ import annotations

from eventstore.codec import Commit
from eventstore.storage import keeping
from eventstore.storage.archiving import write
from eventstore.storage.store import Store
from tests.support.keyframes import cut_at
from tests.support.long_history import extend
from tests.support.stores import NODE, Engine

COMMITS, HEAD = 600, 1000
"""Commits that are archived, and the head of the log."""


def long_store(store: Store) -> list[Commit]:
    """Give a store a log of 1,000 commits with a keyframe @900; return them."""
    extend(store, HEAD - 1)
    cut_at(store, {900})
    return list(store.logs["node"].commits())


def archived(store: Store, last: int, log: str = "node") -> None:
    """Archive a log up to a position, in one segment."""
    reader = store.logs[log]
    keeping.archive(store, write(reader, NODE, reader.archive.last() + 1, last))


def archived_store(engine: Engine) -> list[Commit]:
    """Make a store of a long log with two segments, @1 to @300 and @301 to @600."""
    with engine.open() as store:
        before = long_store(store)
        archived(store, 300)
        archived(store, COMMITS)
    return before
