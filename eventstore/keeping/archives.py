"""What is archived of a node's logs, whether it holds, and what else could be.

It writes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from eventstore.errors import NotFound, Rejected, StoreError
from eventstore.keeping.retention import rule_at
from eventstore.past.moments import Moment, Resolved, resolve, time_of
from eventstore.source import Source, Then
from eventstore.storage.archive import Named, file_of
from eventstore.storage.archiving import last_to_archive
from eventstore.storage.reader import LogReader
from eventstore.text import iso

Row = dict[str, Any]


class ArchiveArgs(Struct, frozen=True):
    """What is to be archived: what is before a moment, all but so many commits, or both."""

    before: Moment | None = None
    keep: int | None = None


def asked(args: object) -> ArchiveArgs:
    """Return what is to be archived, as it is read from a map.

    Raises:
        Rejected: it is not put as it should be.
    """
    try:
        return msgspec.convert(args, ArchiveArgs)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-9284", "it is not said what is to be archived", cause=str(error)
        ) from error


class ListArgs(Struct, frozen=True):
    """``archive.list``: whether every segment is to be read, whole."""

    check: bool = False


class RuleArgs(Struct, frozen=True):
    """``retention``: nothing but the moment."""


class Span(Struct, frozen=True):
    """Commits of a log that are to be archived."""

    log: str
    first: int
    last: int


def spans(source: Source, args: ArchiveArgs) -> list[Span]:
    """Return what is to be archived of each log.

    A position names commits of one log: of the one that it says, or the default one.

    Raises:
        NotFound: there is no such moment.
        Rejected: there is nothing to archive; it says why.
    """
    if args.before is None and args.keep is None:
        raise Rejected(
            "V-5-1-9284",
            "it is not said what is to be archived",
            fix="say --before WHEN, or --keep N",
        )
    at = args.before
    named = at is not None and (at.log is not None or at.kind not in ("time", "head"))
    readers = [source.reader(at)] if named else list(source.readers.values())
    found, refused = list[Span](), list[StoreError]()
    for reader in readers:
        try:
            last = last_to_archive(reader, before=_before(reader, at), keep=args.keep or 0)
        except (Rejected, NotFound) as error:
            refused.append(error)
        else:
            found.append(Span(reader.log, reader.archive.last() + 1, last))
    if not found:
        raise refused[-1]
    return found


def _before(reader: LogReader, at: Moment | None) -> int | None:
    """Return the first position that is not before a moment."""
    if at is None:
        return None
    resolved = resolve(reader, at)
    return resolved.position + (at.kind == "time" and resolved.time_us < at.number)


def planned(source: Source, span: Span, segment: int) -> Row:
    """Return what archiving would do with a log, with so many commits in a segment at most."""
    commits = span.last - span.first + 1
    return {
        "log": source.readers[span.log].name,
        "first": span.first,
        "last": span.last,
        "commits": commits,
        "segments": -(-commits // segment),
    }


def rule(source: Source, at: Moment | None) -> tuple[Resolved, Row]:
    """Return the rule of the cluster at a moment, and which position that is."""
    then = Then(source, at, source.default).resolved("shared")
    found = rule_at(source.readers["shared"], then.position)
    return then, {
        "on": found.is_on,
        "archive_after_s": found.archive_after_s or None,
        "keep": found.keep,
        "since": found.position or None,
    }


def listed(source: Source, *, check: bool = False) -> list[Row]:
    """Return one row a segment; `check` reads the whole of each."""
    return [row for reader in source.readers.values() for row in _of_log(reader, check=check)]


def _of_log(reader: LogReader, *, check: bool) -> list[Row]:
    rows, previous = list[Row](), None
    for named in reader.archive.all():
        row = _row(reader, named)
        try:
            foot = reader.archive.opened(named).foot
            row["redactions"] = len(foot.redactions)
            if check:
                reader.archive.check(named)
            if previous is not None and foot.before != previous:
                row |= {"state": "damaged", "problem": "it does not follow the one before it"}
            previous = foot.hash
            row |= {"from": iso(time_of(reader, named.first))}
            row |= {"until": iso(time_of(reader, named.last))}
        except StoreError as error:
            previous = None
            row |= {"state": "damaged", "problem": f"{error.message}: {error.cause}"}
            if not file_of(reader.archive.database, named).exists():
                row["state"] = "missing"
        rows.append(row)
    return rows


def _row(reader: LogReader, named: Named) -> Row:
    return {
        "log": reader.name,
        "first": named.first,
        "last": named.last,
        "from": None,
        "until": None,
        "commits": named.last - named.first + 1,
        "bytes": named.size,
        "file": str(file_of(reader.archive.database, named)),
        "seal": named.seal.hex(),
        "redactions": None,
        "state": "ok",
        "problem": None,
    }


def made(reader: LogReader, named: Named) -> Row:
    """Return what became of commits that were archived just now: how small they are."""
    blocks = reader.archive.opened(named).foot.blocks
    return {
        **_row(reader, named),
        "live_bytes": sum(sum(block.whole) + _HASHES_BYTES * block.count for block in blocks),
    }


_HASHES_BYTES = 100
"""Of each commit: three hashes, which a segment does not store."""
