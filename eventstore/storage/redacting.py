"""Contexts that commits of a log say are to be gone from it, and taking them out.

A redaction is a commit like any other: it names the commit whose context goes, by its hash, and
says why; its own context says who asked. When it is stored, the context is taken out of the live
table, or the segment that holds it is written anew. Both can be done again at any time, and are
at every start: a crash in between delays it only. The hash of the context stays in the header, so
chain and replay are what they were.

A commit that records a redaction keeps its context: nobody redacts who redacted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from eventstore.codec import Commit, decode_events
from eventstore.errors import Damaged, StoreError
from eventstore.model.events import REDACTIONS, ContextRedacted
from eventstore.storage.archive import Named
from eventstore.storage.keeping import redact
from eventstore.storage.reader import LogReader
from eventstore.storage.segment import Redaction
from eventstore.storage.store import Store


def recorded(reader: LogReader, positions: Iterable[int]) -> list[tuple[Redaction, str]]:
    """Return the redactions that commits at some positions record, and the hashes they name."""
    return [
        (Redaction(event.position, reader.log, position), event.hash)
        for position in positions
        for event in decode_events(reader.commit(position).payload, position)
        if isinstance(event, ContextRedacted) and event.position < position
    ]


def carry_out(store: Store, note: Callable[[str], None]) -> bool:
    """Take what is to be gone out of the live tables; tell whether segments are left to do.

    Where the index has to be mended first it is done later: nobody waits for it here.

    Raises:
        AppendFailed: the disk refused; it is done at the next start.
    """
    left = False
    for log, reader in store.logs.items():
        floor = reader.archive.last()
        for redaction, wanted in _known(reader, store.known_positions(log, REDACTIONS) or ()):
            if redaction.position <= floor:
                left = left or bool(_to_rewrite(reader, redaction, wanted))
                continue
            commit = reader.commit(redaction.position)
            if commit.context is not None and _is_meant(commit, wanted):
                redact(store, log, commit.position)
                note(f"context of {reader.name} @{commit.position} redacted, by @{redaction.by}")
    return left


def to_rewrite(reader: LogReader) -> list[tuple[Named, list[Redaction]]]:
    """Return the segments in which contexts are that are to be gone, and which those are."""
    found: dict[Named, list[Redaction]] = {}
    for redaction, wanted in _known(reader, reader.positions(REDACTIONS)):
        named = _to_rewrite(reader, redaction, wanted)
        if named is not None:
            found.setdefault(named, []).append(redaction)
    return list(found.items())


def _known(reader: LogReader, positions: Iterable[int]) -> list[tuple[Redaction, str]]:
    try:
        return recorded(reader, positions)
    except Damaged:
        # The commit that says so is in a segment that is not to be had; what it says was done.
        return []


def _to_rewrite(reader: LogReader, redaction: Redaction, wanted: str) -> Named | None:
    """Return the segment that still has a context; one that is not to be had has to wait."""
    named = reader.archive.holding(redaction.position)
    try:
        if named is None or redaction in reader.archive.opened(named).foot.redactions:
            return None
        commit = reader.commit(redaction.position)
    except StoreError:
        return None
    return named if commit.context is not None and _is_meant(commit, wanted) else None


def _is_meant(commit: Commit, wanted: str) -> bool:
    """Whether a commit is the one that was named, and records no redaction itself."""
    events = decode_events(commit.payload, commit.position)
    return commit.hash.hex() == wanted and not any(isinstance(e, ContextRedacted) for e in events)
