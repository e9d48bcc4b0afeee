"""What a crash may leave of a store's two files, step by step: the database and its WAL.

A transaction is written into the WAL in one direction: header and page of one frame after the
other, then a flush. A process that ends in between leaves a beginning of that; a power cut may
also leave a write torn, or an earlier one missing though a later one is there, since nothing
orders them before the flush. A checkpoint writes pages into the database, and touches the WAL
only once those are flushed, so any part of them may be there beside a WAL that is whole.

Pure but for `Files.of` and `Files.to`. The formats are those of SQLite's file format, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from eventstore.storage.offline import wal_of

WAL_HEADER = 32
FRAME_HEADER = 24
_PAGE_SIZE_AT = 8
"""Where in the WAL's header the size of a page stands, four bytes."""
_PAGE_BYTES = 4096
_SECTOR = 512
"""What a disk writes whole or not at all."""


class Files(NamedTuple):
    """The bytes of a store's files at one moment."""

    database: bytes
    wal: bytes

    @classmethod
    def of(cls, path: Path) -> Files:
        """Read the files of a store; nothing may write them meanwhile."""
        return cls(path.read_bytes(), wal_of(path))

    def to(self, path: Path) -> Path:
        """Write them as the files of a store in a directory of its own, and return its path."""
        path.write_bytes(self.database)
        path.with_name(f"{path.name}-wal").write_bytes(self.wal)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        return path


class Image(NamedTuple):
    """What one crash left; `done`: the transaction has to be there, else it must not be."""

    what: str
    files: Files
    done: bool


def of_transaction(before: Files, after: Files) -> Iterator[Image]:
    """Yield what a crash may leave of a transaction that wrote nothing but the WAL."""
    edges = _edges(before.wal, after.wal)
    for number, (low, high) in enumerate(pairwise(edges)):
        name = f"write {number + 1} of {len(edges) - 1}"
        cuts = [(low, f"before {name}")]
        if high - low > _SECTOR:
            cuts.append((low + (high - low) // (2 * _SECTOR) * _SECTOR, f"{name} torn"))
        for at, what in cuts:
            yield _image(what, before, after, after.wal[:at] + before.wal[at:])
        missing = after.wal[:low] + _there(before.wal, low, high) + after.wal[high:]
        yield _image(f"{name} missing", before, after, missing)
    yield Image("after the last write", after, done=True)


def _image(what: str, before: Files, after: Files, wal: bytes) -> Image:
    return Image(what, Files(before.database, wal), done=wal == after.wal)


def _edges(before: bytes, after: bytes) -> list[int]:
    """Return where the writes of a transaction begin and end: header and page of each frame."""
    page = int.from_bytes(after[_PAGE_SIZE_AT : _PAGE_SIZE_AT + 4]) or _PAGE_BYTES
    first, last = _first_difference(before, after), _last_difference(before, after)
    edges = [0, WAL_HEADER]
    while edges[-1] < len(after):
        edges += [edges[-1] + FRAME_HEADER, edges[-1] + FRAME_HEADER + page]
    begin = max(i for i, edge in enumerate(edges) if edge <= first)
    end = min((i for i, edge in enumerate(edges) if edge > last), default=len(edges) - 1)
    return edges[begin : end + 1]


def _first_difference(before: bytes, after: bytes) -> int:
    """Return where two WALs begin to differ."""
    end = min(len(before), len(after))
    low = 0
    while low < end and before[low : low + _SECTOR] == after[low : low + _SECTOR]:
        low += _SECTOR
    while low < end and before[low] == after[low]:
        low += 1
    return min(low, end)


def _last_difference(before: bytes, after: bytes) -> int:
    """Return the last place at which a WAL was written: behind it stands what was there before."""
    last = len(after) - 1
    if len(after) > len(before):
        return last
    while last > _SECTOR and before[last - _SECTOR : last] == after[last - _SECTOR : last]:
        last -= _SECTOR
    while last > 0 and before[last] == after[last]:
        last -= 1
    return last


def _there(before: bytes, low: int, high: int) -> bytes:
    """Return what a place held before, or zeros where the file ended."""
    return before[low:high] + bytes(max(0, high - max(low, len(before))))


def of_checkpoint(before: Files, database: bytes) -> Iterator[Image]:
    """Yield what a crash may leave of a checkpoint that is to make the database so."""
    pages = [
        at
        for at in range(0, len(database), _PAGE_BYTES)
        if before.database[at : at + _PAGE_BYTES] != database[at : at + _PAGE_BYTES]
    ]
    mixed = bytearray(before.database.ljust(len(database), b"\0"))
    for number, at in enumerate(pages):
        half = at + _PAGE_BYTES // 2
        name = f"page {number + 1} of {len(pages)} of the checkpoint"
        mixed[at:half] = database[at:half]
        yield Image(f"{name} torn", Files(bytes(mixed), before.wal), done=True)
        mixed[at : at + _PAGE_BYTES] = database[at : at + _PAGE_BYTES]
        yield Image(f"after {name}", Files(bytes(mixed), before.wal), done=True)
    yield Image("after the checkpoint", Files(database, b""), done=True)
