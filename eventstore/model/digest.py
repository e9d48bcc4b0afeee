"""A digest of the state that costs what a commit changes.

The digest is a multiset hash (AdHash: Bellare and Micciancio, 1997): the sum, modulo 2**128, of a
hash of every record. A change subtracts the record before and adds the record after, so two nodes
that disagree find out at the commit, and then at the object.

A record's hash is the first 16 bytes of SHA-256 over its canonical form: the MessagePack array of
its kind and its fields in the order of their declaration, without the ones at the end that are at
their default. A field that is added comes last, so records that do not use it hash as before; no
field is ever moved. `RULES` is the version of this paragraph, and the first byte of every stored
digest; `tests/golden` pins the bytes, so that a library that changed its output would be noticed.

(msgspec's own `omit_defaults` will not do: it looks for the very object that is the default, so
an equal string that came out of a decoder would be encoded, and one from the program would not.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import get_args

from msgspec.msgpack import Encoder
from msgspec.structs import astuple, fields

from eventstore.model.objects import AnyRecord, Change, Key
from eventstore.model.state import State

RULES = 1
SIZE = 17
"""Bytes of a stored digest: the version of the rules, then 128 bits, big-endian."""

_MASK = (1 << 128) - 1
_RULES = bytes((RULES,))
_encode = Encoder().encode


class _Shape:
    """A kind of record: its name, its defaults, and how the last one of it was cut (a hint)."""

    __slots__ = ("defaults", "end", "last", "name", "rest")

    def __init__(self, kind: type[AnyRecord]) -> None:
        self.name = str(kind.__struct_config__.tag)
        self.defaults = tuple(field.default for field in fields(kind))  # NODEFAULT equals nothing
        self.ends_at(len(self.defaults))

    def ends_at(self, end: int) -> None:
        """Remember how many fields were left, and what a record has behind them."""
        self.end, self.rest, self.last = end, self.defaults[end:], self.defaults[end - 1]


_SHAPES = {kind: _Shape(kind) for kind in get_args(AnyRecord)}


def canonical(record: AnyRecord) -> bytes:
    """Return the bytes that are hashed."""
    shape = _SHAPES[type(record)]
    values, end = astuple(record), shape.end
    # Most records of a kind end where the last one did: looked at first, and looked for if not.
    if values[end:] != shape.rest or values[end - 1] == shape.last:
        end = len(values)
        while values[end - 1] == shape.defaults[end - 1]:
            end -= 1
        shape.ends_at(end)
    return _encode((shape.name, *values[:end]))


def of_record(record: AnyRecord) -> int:
    """Return the 128-bit hash of one record."""
    return int.from_bytes(sha256(canonical(record)).digest()[:16])


def _of_records(records: Sequence[AnyRecord]) -> list[int]:
    """Return the hashes of many records: what a replay with digests does most."""
    forms = list[bytes]()
    add, shapes, encode = forms.append, _SHAPES, _encode
    for record, values in zip(records, map(astuple, records), strict=True):
        shape = shapes[type(record)]
        end = shape.end
        if values[end:] != shape.rest or values[end - 1] == shape.last:
            add(canonical(record))
        else:
            add(encode((shape.name, *values[:end])))  # as `canonical` does it; called less
    new, number = sha256, int.from_bytes
    return [number(new(form).digest()[:16]) for form in forms]


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


class Running:
    """The digest of a state, commit by commit, for whoever replays: no record is hashed twice.

    It remembers the hash of every record that changed, which a daemon that serves need not. With
    `whole` it follows a state from its beginning, and no record can be there that it has not seen.
    """

    __slots__ = ("_hashes", "_whole", "value")

    def __init__(self, value: int = 0, *, whole: bool = True) -> None:
        self.value = value
        self._whole = whole
        self._hashes: dict[Key, int] = {}

    def update(self, changes: Sequence[Change]) -> None:
        """Take the changes of a commit; of several to one record, the last one counts."""
        self.through((changes,))

    def through(self, commits: Sequence[Sequence[Change]]) -> list[int]:
        """Take the changes of commits that follow each other; return the digest after each."""
        if not self._whole:
            for changes in commits:
                self._meet(changes)
        last = [{key: after for key, _before, after in changes} for changes in commits]
        records = [each for these in last for each in these.values() if each is not None]
        made = iter(_of_records(records))
        hashes, value, found = self._hashes, self.value, list[int]()
        for these in last:
            for key, after in these.items():
                if after is None:
                    value -= hashes.pop(key, 0)
                else:
                    new = next(made)
                    value += new - hashes.get(key, 0)
                    hashes[key] = new
            value &= _MASK
            found.append(value)
        self.value = value
        return found

    def _meet(self, changes: Sequence[Change]) -> None:
        """Learn the hashes of records that were there before the first change to them."""
        for key, before, _after in changes:
            if key not in self._hashes:
                self._hashes[key] = 0 if before is None else of_record(before)


def stored(digest: int) -> bytes:
    """Return the stored form, `SIZE` bytes."""
    return _RULES + digest.to_bytes(16)
