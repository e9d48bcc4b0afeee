"""Archiving: old commits of a log written into segments beside it, and read back.

It reads the store and writes files; the store itself is changed by its one writer only, in a
transaction of its own (`eventstore.storage.keeping`), after the segment is on stable storage and
gave back, read from there, exactly the commits that are in the log. A crash leaves a file that
nobody names, or a segment: never a gap. What is left of a crash goes when archiving goes on.

Never more is archived than what lies well before a keyframe: a node starts, and answers about the
present, without any segment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from eventstore.codec import ZERO_HASH, Commit
from eventstore.errors import Damaged, Rejected, Unavailable
from eventstore.model.keeping_events import redaction_of
from eventstore.storage.archive import Named, directory_of, file_of
from eventstore.storage.flushing import flush
from eventstore.storage.reader import LogReader
from eventstore.storage.segment import NotASegment, Redaction, Segment, pack

SEGMENT_COMMITS = 16_384
"""About a megabyte; taken out of the live table in some hundredths of a second."""
SUFFIX = ".segment"
_NAME = re.compile(r"\.(\d+)-(\d+)\.[0-9a-f]+\.segment(\.part)?\Z")
_BESIDE_KEYFRAME = 2
"""A start looks at a keyframe's own commit, and at the one before it."""


def last_to_archive(reader: LogReader, *, before: int | None = None, keep: int = 0) -> int:
    """Return up to where a log can be archived: what is before a position, all but so many.

    Raises:
        Rejected: nothing can: it says why.
    """
    head, archived = reader.last(), reader.archive.last()
    wanted = head - keep if before is None else min(before - 1, head - keep)
    last = archivable(reader, wanted)
    if last > archived:
        return last
    cause = f"@{archived + 1} to @{wanted} are behind the newest keyframe"
    fix = "ask again later: the daemon makes keyframes as the log grows"
    if wanted <= archived:
        cause = f"of the log's {head} commits those up to @{archived} are archived already"
        fix = "name a later moment, or a smaller number to keep"
    elif last <= 0:
        cause = "the log is short, and has no keyframe"
    raise Rejected(
        "V-5-1-9282", f"log {reader.name}: there is nothing to archive", cause=cause, fix=fix
    )


def archivable(reader: LogReader, wanted: int) -> int:
    """Return the last position up to `wanted` that may be archived: a keyframe is behind it."""
    frame = reader.keyframes.nearest(reader.last())
    return min(wanted, 0 if frame is None else frame.position - _BESIDE_KEYFRAME)


def written(
    reader: LogReader, node: str, last: int, directory: str = "", commits: int = SEGMENT_COMMITS
) -> Iterator[Named]:
    """Write what is not archived yet, up to `last`, into segments; yield each, read back.

    Raises:
        Damaged, Unavailable: see `write`.
    """
    for first in range(reader.archive.last() + 1, last + 1, commits):
        yield write(reader, node, first, min(last, first + commits - 1), directory)


def write(reader: LogReader, node: str, first: int, last: int, directory: str = "") -> Named:
    """Write the commits of a log from one position to another into a segment, and read it back.

    `directory` is where it goes; empty: beside the store.

    Raises:
        Damaged: the commits are not what was written, or the segment does not give them back.
        Unavailable: the file system refuses.
    """
    before = ZERO_HASH if first == 1 else reader.commit(first - 1).hash
    commits = list(reader.commits(first, last))
    gone = [
        Redaction(c.position, reader.log, by)
        for c in commits
        if c.context is None
        for by in reader.positions(redaction_of(c.position))
    ]
    return _stored(reader, node, before, commits, gone, directory)


def rewrite(reader: LogReader, node: str, named: Named, redactions: Sequence[Redaction]) -> Named:
    """Write a segment anew without some contexts; the new seal names the redactions.

    Raises:
        SegmentDamaged: the segment is missing, or not what was sealed.
        Damaged, Unavailable: see `write`.
    """
    foot = reader.archive.opened(named).foot
    gone = {redaction.position for redaction in redactions}
    commits = [
        commit._replace(context=None) if commit.position in gone else commit
        for commit in reader.commits(named.first, named.last)
    ]
    known = {one.position: one for one in (*foot.redactions, *redactions)}
    told = [known[position] for position in sorted(known)]
    return _stored(reader, node, foot.before, commits, told, named.directory)


def _stored(
    reader: LogReader,
    node: str,
    before: bytes,
    commits: Sequence[Commit],
    redactions: Sequence[Redaction],
    directory: str,
) -> Named:
    database = reader.archive.database
    where = Path(directory) if directory else directory_of(database)
    data, seal = pack(reader.log, reader.lineage, before, commits, redactions)
    first, last = commits[0].position, commits[-1].position
    name = f"{node}.{reader.log}.{first:012}-{last:012}.{seal.hex()[:16]}{SUFFIX}"
    path, part = where / name, where / f"{name}.part"
    try:
        where.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        _read_back(part, seal, commits)
        part.rename(path)
        flush(where)
        flush(where.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise Unavailable(
            "V-5-1-9283",
            f"segment {path} could not be written",
            cause=str(error),
            fix="make room there, or name another directory: [archive] directory in config.toml",
        ) from error
    return Named(reader.log, first, last, seal, name, directory, len(data))


def _read_back(path: Path, seal: bytes, commits: Sequence[Commit]) -> None:
    """Look whether a segment on the disk gives back exactly what was to be in it.

    Raises:
        Damaged: it does not.
    """
    at, cause = commits[0].position, "the log's own row says something else"
    try:
        segment = Segment(path, seal)
        blocks = range(len(segment.foot.blocks))
        found = [commit for block in blocks for commit in segment.commits(block)]
        differ = (one.position for one, there in zip(commits, found, strict=True) if one != there)
        at = next(differ, 0)
        segment.check()
    except (NotASegment, ValueError) as error:
        cause = str(error)
    else:
        if not at:
            return
    path.unlink(missing_ok=True)
    raise Damaged(
        f"commit @{at} cannot be archived: a segment of it does not give back what is in the log",
        position=at,
        cause=cause,
    )


def tidy(reader: LogReader, node: str) -> list[Path]:
    """Remove files that a crash or a redaction left; return which.

    Those are unfinished ones, and such as hold commits of a segment that is named, and are not it.
    """
    segments = reader.archive.all()
    names, removed = {named.name for named in segments}, list[Path]()
    places = {file_of(reader.archive.database, named).parent for named in segments}
    for path in sorted(path for place in places for path in place.glob(f"{node}.{reader.log}.*")):
        held = _NAME.search(path.name)
        if path.name in names or held is None:
            continue
        first, last = int(held[1]), int(held[2])
        again = any(first <= named.last and named.first <= last for named in segments)
        if again or path.suffix == ".part":
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed
