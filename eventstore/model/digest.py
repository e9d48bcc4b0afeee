"""A digest of the state that costs what a commit changes.

The digest is a multiset hash (AdHash: Bellare and Micciancio, 1997): the sum, modulo 2**128, of a
hash of every record. A change subtracts the record before and adds the record after, so two nodes
that disagree find out at the commit, and then at the object.

A record's hash is the first 16 bytes of SHA-256 over its canonical form: MessagePack in its
shortest form, keys sorted, fields at their default left out. `RULES` is the version of this
paragraph, and the first byte of every stored digest; `tests/golden` pins the bytes, so that a
library that changed its output would be noticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from msgspec.msgpack import Encoder

from eventstore.model.objects import AnyRecord, Change
from eventstore.model.state import State

RULES = 1
SIZE = 17
"""Bytes of a stored digest: the version of the rules, then 128 bits, big-endian."""

_MASK = (1 << 128) - 1
_encode = Encoder(order="sorted").encode


def of_record(record: AnyRecord) -> int:
    """Return the 128-bit hash of one record."""
    return int.from_bytes(sha256(_encode(record)).digest()[:16])


def of_state(state: State) -> int:
    """Return the digest from scratch; equal to the one kept up change by change."""
    return sum(of_record(record) for record in state.records()) & _MASK


def updated(digest: int, changes: Iterable[Change]) -> int:
    """Return the digest after changes, given the one before."""
    for _key, before, after in changes:
        if before is not None:
            digest -= of_record(before)
        if after is not None:
            digest += of_record(after)
    return digest & _MASK


def stored(digest: int) -> bytes:
    """Return the stored form, `SIZE` bytes."""
    return bytes((RULES,)) + digest.to_bytes(16)
