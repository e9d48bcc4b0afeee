"""Many commits at once: column by column, and as one value for who stores them unapplied.

What is done for each of many commits takes a third less where it is done for a column at a time.
The packed value has the columns of what is stored, but for positions, which have no gaps, and
hashes, which whoever unpacks it makes again: so nothing gets in that does not chain from the log
it is to follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import chain, repeat
from operator import add
from typing import NamedTuple
from zlib import crc32

from msgspec import DecodeError, Struct
from msgspec.msgpack import Decoder, Encoder

from eventstore.codec import Commit, Head, contents_hold, decode_header
from eventstore.errors import StoreError


class Columns(NamedTuple):
    """Commits that follow each other, each field of all of them."""

    positions: Sequence[int]
    headers: Sequence[bytes]
    contexts: Sequence[bytes | None]
    payloads: Sequence[bytes]
    hashes: Sequence[bytes]
    digests: Sequence[bytes]
    terms: Sequence[int]
    applied: Sequence[int]

    def commits(self) -> list[Commit]:
        """Return them one by one."""
        # The named tuple's own constructor costs thrice as much.
        return list(map(tuple.__new__, repeat(Commit), zip(*self, strict=True)))

    def begin(self, number: int) -> Columns:
        """Return the first ones."""
        return Columns._make(column[:number] for column in self)

    def end(self) -> Columns:
        """Return the last one alone."""
        return Columns._make(column[-1:] for column in self)


def columns(commits: Sequence[Commit]) -> Columns:
    """Return commits that follow each other column by column."""
    return Columns(*(zip(*commits, strict=True) if commits else [()] * 8))


def joined(pages: Sequence[Columns]) -> Columns:
    """Return pages that follow each other as one."""
    return Columns._make(list(chain.from_iterable(parts)) for parts in zip(*pages, strict=True))


class _Packed(Struct, frozen=True, array_like=True):
    """What is packed of them."""

    headers: list[bytes]
    contexts: list[bytes | None]
    payloads: list[bytes]
    digests: list[bytes]
    terms: list[int]


_encode = Encoder().encode
_decode = Decoder(_Packed).decode


class NotWhole(Exception):
    """What was packed is not what was written: the content is not what the headers say."""


def pack(commits: Sequence[Commit]) -> bytes:
    """Return commits that follow each other as one value."""
    return pack_columns(columns(commits))


def pack_columns(found: Columns) -> bytes:
    """Return the same of commits that are in columns already."""
    return _encode((found.headers, found.contexts, found.payloads, found.digests, found.terms))


def unpack(head: Head, body: bytes, applied_us: int) -> tuple[list[Commit], Head]:
    """Return the commits of a value, chained from a head, and the head behind them.

    Whether the last hash is the one that it should be is for whoever knows that to look at.

    Raises:
        NotWhole: it cannot be read, or a commit is not what its header says.
    """
    try:
        found = _decode(body)
        beside = (found.contexts, found.payloads, found.digests, found.terms)
        commits = _chained(head, applied_us, found.headers, *beside)
        if not commits:
            return [], head
        time_us = decode_header(commits[-1].header).time_us
    except (DecodeError, StoreError, ValueError, TypeError) as error:
        raise NotWhole(str(error)) from error
    return commits, Head(head.lineage, commits[-1].position, commits[-1].hash, time_us)


def _chained(
    head: Head,
    applied_us: int,
    headers: list[bytes],
    contexts: list[bytes | None],
    payloads: list[bytes],
    digests: list[bytes],
    terms: list[int],
) -> list[Commit]:
    """Chain commits; as short as can be, as it is much of a far catch-up."""
    many, first = len(headers), head.position + 1
    if {len(contexts), len(payloads), len(digests), len(terms)} != {many}:
        raise NotWhole("it has columns of several lengths")
    positions = range(first, first + many)
    beginnings = map(add, repeat(_beginning(head.lineage)), map(_encode, positions))
    if not (
        contents_hold(headers, contexts, payloads)
        and all(map(bytes.startswith, headers, beginnings))
    ):
        raise NotWhole(
            f"a commit from @{first} to @{first + many - 1} is not what its header says"
        )
    hashes, hashed = list[bytes](), head.hash
    for header in headers:
        hashed = sha256(hashed + header).digest()
        hashes.append(hashed)
    applied = [applied_us] * many
    return Columns(
        positions, headers, contexts, payloads, hashes, digests, terms, applied
    ).commits()


def _beginning(lineage: bytes) -> bytes:
    """Return how the header of each commit of a log begins; its position follows."""
    return b"\x9a\x01\xc4\x10" + lineage


def side_checks(commits: Sequence[Commit]) -> list[int]:
    """Return the check over digest, term and time of application, which no hash covers."""
    checks, ends = [], dict[tuple[int, int], bytes]()
    for commit in commits:
        beside = commit[6:]
        end = ends.get(beside)
        if end is None:
            end = ends[beside] = b" %d %d" % beside
        checks.append(crc32(commit[5] + end))
    return checks
