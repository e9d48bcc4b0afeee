"""A segment: old commits of one log in a file of their own, compressed and sealed.

Format 1. The file is the eight bytes of `MAGIC`, then blocks, then the foot, then the foot's
length as 8 bytes, big-endian, and `MAGIC` once more. A block holds some 256 commits as five
columns, each a Zstandard frame of its own (`eventstore.compression`), one behind the other:

1. headers: a MessagePack array of byte strings, each a header without its last 68 bytes, the two
   hashes: they are worked out from context and payload. Of a redacted commit only the last 34 are
   left out, since nothing is there any more from which the hash of its context could be made.
2. contexts: an array of byte strings, nil where one was redacted.
3. payloads: an array of byte strings.
4. digests: one behind the other, all of the same length.
5. beside them: an array of two arrays of integers: terms, and when each was applied here, as the
   difference from the one before (of the first: from 0).

The foot is the MessagePack form of `Foot`. Each of its blocks says where it is in the file, which
commits it holds, the hash of the commit before it, and the SHA-256 of its bytes. The SHA-256 of
the foot is the segment's seal. The store that the commits were taken out of names the seal; so
whatever is read of a segment is proven by what the live log says, block by block, without reading
the rest.

The hashes of commits are in no column: they are made anew at every read by the chain itself, from
the hash before the block; the foot has the one that has to come out at the end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from eventstore.codec import BIN32, HASH_BYTES, Commit
from eventstore.compression import NotCompressed, compress, decompress

FORMAT = 1
MAGIC = b"VXSEGM1\n"
BLOCK_COMMITS = 256
"""What a look at one commit inflates: some hundred kilobytes."""
BLOCK_BYTES = 1 << 20
"""A block that has grown so large takes no further commit."""

_LENGTH = 8
_FOOT_MAX = 1 << 26
_HEADERS, _CONTEXTS, _PAYLOADS, _DIGESTS, _SIDES = range(5)


class NotASegment(Exception):
    """The bytes are no segment, or not the one that was sealed; the text says in what."""


class Redaction(Struct, frozen=True, array_like=True):
    """A context that is no longer in the segment, and the commit that says who took it out."""

    position: int
    log: str
    by: int


class Block(Struct, frozen=True, array_like=True):
    """Where some commits are in the file: offset, sizes of the columns, packed and whole."""

    first: int
    count: int
    offset: int
    sizes: tuple[int, ...]
    whole: tuple[int, ...]
    before: bytes
    sha256: bytes

    @property
    def last(self) -> int:
        """Return the position of its last commit."""
        return self.first + self.count - 1


class Foot(Struct, frozen=True, array_like=True):
    """What is at the end of a segment; its SHA-256 is the seal."""

    format: int
    log: str
    lineage: bytes
    first: int
    last: int
    before: bytes
    hash: bytes
    blocks: tuple[Block, ...]
    redactions: tuple[Redaction, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode_foot = msgspec.msgpack.Decoder(Foot).decode
_decode_list = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_contexts = msgspec.msgpack.Decoder(list[bytes | None]).decode
_decode_sides = msgspec.msgpack.Decoder(tuple[list[int], list[int]]).decode
_UNREADABLE = (msgspec.DecodeError, NotCompressed, ValueError)


def pack(
    log: str,
    lineage: bytes,
    before: bytes,
    commits: Sequence[Commit],
    redactions: Sequence[Redaction] = (),
) -> tuple[bytes, bytes]:
    """Return the bytes of a segment of commits that follow each other, and its seal.

    `before` is the hash of the commit before the first one.
    """
    body, blocks, at, previous = bytearray(MAGIC), list[Block](), len(MAGIC), before
    for part in _parts(commits):
        columns = _columns(part)
        frames = [compress(column) for column in columns]
        packed = b"".join(frames)
        block = Block(
            part[0].position,
            len(part),
            at,
            tuple(map(len, frames)),
            tuple(map(len, columns)),
            previous,
            sha256(packed).digest(),
        )
        blocks.append(block)
        body += packed
        at, previous = at + len(packed), part[-1].hash
    first, last = commits[0].position, commits[-1].position
    found = (FORMAT, log, lineage, first, last, before, previous)
    foot = _encode(Foot(*found, tuple(blocks), tuple(redactions)))
    body += foot + len(foot).to_bytes(_LENGTH) + MAGIC
    return bytes(body), sha256(foot).digest()


def _parts(commits: Sequence[Commit]) -> Iterator[list[Commit]]:
    part, size = list[Commit](), 0
    for commit in commits:
        part.append(commit)
        size += len(commit.header) + len(commit.context or b"") + len(commit.payload)
        if len(part) == BLOCK_COMMITS or size >= BLOCK_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _columns(part: Sequence[Commit]) -> tuple[bytes, ...]:
    headers = [c.header[: -HASH_BYTES * (1 if c.context is None else 2)] for c in part]
    applied = [c.applied_us for c in part]
    deltas = [now - then for now, then in zip(applied, [0, *applied[:-1]], strict=True)]
    return (
        _encode(headers),
        _encode([c.context for c in part]),
        _encode([c.payload for c in part]),
        b"".join(c.digest for c in part),
        _encode(([c.term for c in part], deltas)),
    )


class Segment:
    """A segment in a file, opened by its seal; of the rest is read what is needed."""

    def __init__(self, path: Path, seal: bytes | None = None) -> None:
        """Open it.

        Raises:
            NotASegment: it is none, or not the one of that seal.
            OSError: it cannot be read.
        """
        self.path = path
        with path.open("rb") as file:
            size = file.seek(0, 2)
            ends = len(MAGIC) + _LENGTH
            file.seek(max(0, size - ends))
            end = file.read(ends)
            length = int.from_bytes(end[:_LENGTH])
            if end[_LENGTH:] != MAGIC or not 0 < length <= min(_FOOT_MAX, size - ends):
                raise NotASegment("it has no end")
            file.seek(size - ends - length)
            foot = file.read(length)
        self.size = size
        self.seal = sha256(foot).digest()
        if seal is not None and self.seal != seal:
            raise NotASegment("its seal is another one than the log says")
        self.foot = _foot(foot)

    def block(self, position: int) -> int:
        """Return the number of the block that holds a commit of this segment."""
        return bisect_right(self.foot.blocks, position, key=attrgetter("first")) - 1

    def commits(self, number: int) -> list[Commit]:
        """Return the commits of a block, chained from the hash before it.

        Raises:
            NotASegment: they are not what was sealed.
            OSError: they cannot be read.
        """
        block = self.foot.blocks[number]
        columns = self._columns(block, range(5))
        try:
            headers, payloads = _decode_list(columns[_HEADERS]), _decode_list(columns[_PAYLOADS])
            contexts = _decode_contexts(columns[_CONTEXTS])
            terms, deltas = _decode_sides(columns[_SIDES])
            digests = _pieces(columns[_DIGESTS], block.count)
            return _chained(block, zip(
                headers, contexts, payloads, digests, terms, accumulate(deltas), strict=True
            ))  # fmt: skip
        except _UNREADABLE as error:
            raise NotASegment(f"block {number}: {error}") from error

    def payloads(self, number: int) -> list[bytes]:
        """Return the payloads of a block; one column of five is inflated.

        Raises:
            NotASegment: they are not what was sealed.
            OSError: they cannot be read.
        """
        block = self.foot.blocks[number]
        (column,) = self._columns(block, (_PAYLOADS,))
        try:
            return _decode_list(column)
        except _UNREADABLE as error:
            raise NotASegment(f"block {number}: {error}") from error

    def _columns(self, block: Block, wanted: Sequence[int]) -> list[bytes]:
        with self.path.open("rb") as file:
            file.seek(block.offset)
            packed = file.read(sum(block.sizes))
        if sha256(packed).digest() != block.sha256:
            raise NotASegment(
                f"commits @{block.first} to @{block.last} in it are not what was sealed"
            )
        starts = [0, *accumulate(block.sizes)]
        try:
            return [
                decompress(packed[starts[which] : starts[which + 1]], block.whole[which])
                for which in wanted
            ]
        except (NotCompressed, IndexError) as error:
            raise NotASegment(f"commits @{block.first} to @{block.last}: {error}") from error

    def check(self) -> None:
        """Read all of it: every block, and the chain from the first commit to the last.

        Raises:
            NotASegment: it is not what was sealed, or does not hold together.
            OSError: it cannot be read.
        """
        previous, at = self.foot.before, self.foot.first
        for number, block in enumerate(self.foot.blocks):
            if (block.before, block.first) != (previous, at):
                raise NotASegment(f"block {number} does not follow the one before it")
            previous, at = self.commits(number)[-1].hash, block.last + 1
        if (previous, at) != (self.foot.hash, self.foot.last + 1):
            raise NotASegment("its last commit is another one than its foot says")


def _foot(data: bytes) -> Foot:
    try:
        foot = _decode_foot(data)
    except msgspec.DecodeError as error:
        raise NotASegment(f"its foot cannot be decoded: {error}") from error
    if foot.format != FORMAT:
        raise NotASegment(f"it is of format {foot.format}; this program knows {FORMAT}")
    return foot


def _pieces(column: bytes, count: int) -> list[bytes]:
    size = len(column) // count
    if size * count != len(column):
        raise ValueError("digests are missing")
    return [column[at : at + size] for at in range(0, len(column), size)]


def _chained(block: Block, rows: Any) -> list[Commit]:
    """Work out the hashes of commits, and return them whole."""
    found, previous, position = list[Commit](), block.before, block.first
    new, add = tuple.__new__, found.append
    for header, context, payload, digest, term, applied_us in rows:
        hashes = BIN32 + sha256(payload).digest()
        if context is not None:
            hashes = BIN32 + sha256(context).digest() + hashes
        header += hashes  # noqa: PLW2901 the part that is not stored
        previous = sha256(previous + header).digest()
        add(new(Commit, (position, header, context, payload, previous, digest, term, applied_us)))
        position += 1
    if len(found) != block.count:
        raise ValueError("commits are missing")
    return found
