"""Commits of a log as few bytes as they need: what can be computed is left out, like lies by like.

Of a run of commits the positions, the hashes, and the two hashes at the end of every header
follow from the rest; of a redacted context only its hash is left, so that one stays. What remains
is MessagePack, column by column, ready to be compressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec
from msgspec import Struct

from eventstore.codec import BIN32, HASH_BYTES, Commit, chain, content_hashes_hold
from eventstore.errors import Damaged

_ENDING = 2 * HASH_BYTES
"""Bytes at the end of a header: the hashes of context and payload."""


class Packed(Struct, frozen=True, array_like=True):
    """A run of commits, column by column; `left` are the hashes of contexts that are gone."""

    stems: list[bytes]
    contexts: list[bytes | None]
    left: list[bytes]
    payloads: list[bytes]
    digests: list[bytes]
    terms: list[int]
    applied: list[int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Packed).decode


def pack(commits: Iterable[Commit], *, redact: bool = False) -> bytes:
    """Return a run of commits, packed; `redact` leaves out who asked, with which words, and why.

    Raises:
        Damaged: a commit is not what was written; so it would not come back.
    """
    packed = Packed([], [], [], [], [], [], [])
    for commit in commits:
        if not content_hashes_hold(commit):
            raise Damaged(
                f"commit @{commit.position} is not what was written", position=commit.position
            )
        context = None if redact else commit.context
        packed.stems.append(commit.header[:-_ENDING])
        packed.contexts.append(context)
        if context is None:
            packed.left.append(commit.header[-_ENDING:][len(BIN32) : HASH_BYTES])
        packed.payloads.append(commit.payload)
        packed.digests.append(commit.digest)
        packed.terms.append(commit.term)
        packed.applied.append(commit.applied_us)
    return _encode(packed)


def unpack(data: bytes, first: int, before: bytes) -> list[Commit]:
    """Return a run of commits; it begins at `first`, behind a commit with the hash `before`.

    Raises:
        ValueError: it is none.
    """
    try:
        packed = _decode(data)
        left = iter(packed.left)
        columns = zip(
            packed.stems, packed.contexts, packed.payloads, packed.digests, packed.terms,
            packed.applied, strict=True,
        )  # fmt: skip
        found: list[Commit] = []
        for position, (stem, context, payload, digest, term, applied) in enumerate(columns, first):
            known = next(left) if context is None else sha256(context).digest()
            header = stem + BIN32 + known + BIN32 + sha256(payload).digest()
            before = chain(before, header)
            found.append(Commit(position, header, context, payload, before, digest, term, applied))
    except (msgspec.DecodeError, StopIteration) as error:
        raise ValueError(str(error) or "a hash is missing") from error
    return found
