"""A commit as bytes, and the chain of hashes over them.

The stored form, all MessagePack:

``header``   array: 1 (format), lineage (16 random bytes: which log), position (from 1, gapless),
             transaction ID (text), time (us since the epoch, never going back), origin node,
             payload version, how far the shared log was applied (node logs; nil in the shared
             log), H(context), H(payload)
``context``  map: actor, command line, message, cause, traceparent, raw clock
``payload``  array of events, each a map whose key ``e`` holds ``NAME/VERSION``

``hash = H(hash of the commit before, header)`` and H is SHA-256. Everything is hashed as stored,
never encoded anew; the first commit's predecessor is 32 zero bytes. Context can be redacted:
its hash stays in the header, so chain and replay stay valid. Beside the commit, not hashed, stand
the term, the state's digest after it, and when this node applied it.

The two hashes are the last 68 bytes of the header, so that they are found without decoding it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from operator import add
from types import GenericAlias
from typing import Any, NamedTuple, Union, get_args

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from eventstore.errors import Damaged, UnknownFormat
from eventstore.model.events import AnyEvent, touched
from eventstore.model.objects import rid_text
from eventstore.model.upcast import OLD_EVENTS, lift

FORMAT = 1
PAYLOAD_VERSION = 1
ZERO_HASH = bytes(32)

BIN32 = b"\xc4\x20"
"""How MessagePack begins a byte string as long as a hash."""
HASH_BYTES = len(BIN32) + 32
"""What a hash takes in a header, which ends with those of context and payload."""


class Header(Struct, frozen=True, array_like=True):
    """The hashed part of a commit; see the module's description."""

    format: int
    lineage: bytes
    position: int
    tx: str
    time_us: int
    node: str
    payload_version: int
    shared_position: int | None
    context_hash: bytes
    payload_hash: bytes


class Actor(Struct, frozen=True, omit_defaults=True):
    """Who asked: the peer of the socket as the kernel vouches for it (G1)."""

    uid: int = -1
    user: str = ""
    pid: int = 0
    program: str = ""


class Cause(Struct, frozen=True, omit_defaults=True):
    """What a commit follows from: ``notification``, ``transaction`` or ``commit``, and which."""

    kind: str
    ref: str


class Context(Struct, frozen=True, omit_defaults=True):
    """Who, with which words, why; `clock_us` is the clock as it was read."""

    actor: Actor = Actor()
    command: str = ""
    message: str = ""
    cause: Cause | None = None
    traceparent: str = ""
    clock_us: int = 0


class Head(NamedTuple):
    """The end of a log, which the next commit is chained to."""

    lineage: bytes
    position: int
    hash: bytes
    time_us: int


class Commit(NamedTuple):
    """One position of a log, in its stored form; `context` is None once it was redacted."""

    position: int
    header: bytes
    context: bytes | None
    payload: bytes
    hash: bytes
    digest: bytes
    term: int
    applied_us: int


class Draft(NamedTuple):
    """A commit but for its place in the log, which `seal` gives it."""

    tx: str
    node: str
    context: bytes
    payload: bytes
    digest: bytes
    clock_us: int
    shared_position: int | None = None
    term: int = 0


class Entry(NamedTuple):
    """What goes into a log: a draft to be sealed, or a commit sealed elsewhere; and its keys."""

    log: str
    item: Draft | Commit
    keys: tuple[str, ...] = ()


_encode = Encoder().encode
_decode_header = Decoder(Header).decode
_decode_context = Decoder(Context).decode
_STORED: tuple[Any, ...] = (*get_args(AnyEvent), *OLD_EVENTS)
_Events: Any = GenericAlias(list, (Union.__getitem__(_STORED),))
decode_stored: Any = Decoder(_Events).decode
"""Payload -> events in the versions in which they were stored; the bare decoder, for speed."""


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder ends with where bytes are not what they should be."""


def encode_events(events: Iterable[AnyEvent]) -> bytes:
    """Return the payload of a commit."""
    return _encode(tuple(events))


def encode_context(context: Context) -> bytes:
    """Return the stored form of a context."""
    return _encode(context)


def decode_events(payload: bytes, position: int = 0) -> list[AnyEvent]:
    """Return the events of a payload in their present versions; `position` is for the error.

    Raises:
        UnknownFormat: an event is of a kind or version that this program does not know.
        Damaged: it is no payload.
    """
    try:
        events: list[AnyEvent] = decode_stored(payload)
    except UNREADABLE as error:
        raise _not_a_payload(payload, position, error) from error
    return [lift(event) for event in events] if OLD_EVENTS else events


def _not_a_payload(payload: bytes, position: int, error: Exception) -> UnknownFormat | Damaged:
    """Tell an event that is unknown from bytes that are no events."""
    known = {str(kind.__struct_config__.tag) for kind in _STORED}
    try:
        names = [str(event["e"]) for event in msgspec.msgpack.decode(payload)]
    except (*UNREADABLE, TypeError, KeyError):
        names = []
    for name in names:
        if name not in known:
            return UnknownFormat(
                "V-5-1-2829",
                f"commit @{position} holds an event {name} that this program does not know",
                cause="a newer version of this program wrote it",
                fix="run the version that wrote the log, or a later one",
                rule="B5",
            )
    return Damaged(
        f"commit @{position} cannot be decoded", position=position, cause=f"payload: {error}"
    )


def decode_header(header: bytes) -> Header:
    """Return the fields of a header.

    Raises:
        UnknownFormat: it is of a later format.
        Damaged: it is no header.
    """
    try:
        found = _decode_header(header)
    except UNREADABLE as error:
        raise Damaged("a header cannot be decoded", cause=str(error)) from error
    if found.format != FORMAT or found.payload_version != PAYLOAD_VERSION:
        raise UnknownFormat(
            "V-5-1-2829",
            f"commit @{found.position} is in format {found.format}.{found.payload_version}",
            cause=f"this program knows format {FORMAT}.{PAYLOAD_VERSION}; a newer one wrote it",
            fix="run the version that wrote the log, or a later one",
            rule="B5",
        )
    return found


def decode_headers(headers: Sequence[bytes]) -> list[Header]:
    """Return the fields of many headers.

    Raises:
        UnknownFormat, Damaged: as `decode_header`, of the first for which it would.
    """
    with suppress(*UNREADABLE):
        found = list(map(_decode_header, headers))
        formats = [(each.format, each.payload_version) for each in found]
        if formats == [(FORMAT, PAYLOAD_VERSION)] * len(found):
            return found
    return [decode_header(header) for header in headers]


def decode_context(context: bytes | None) -> Context:
    """Return a context; an empty one where it was redacted.

    Raises:
        Damaged: it is no context.
    """
    try:
        return Context() if context is None else _decode_context(context)
    except UNREADABLE as error:
        raise Damaged("a context cannot be decoded", cause=str(error)) from error


def chain(previous: bytes, header: bytes) -> bytes:
    """Return the hash of a commit, given the one before it."""
    return sha256(previous + header).digest()


def seal(head: Head, draft: Draft, applied_us: int) -> Commit:
    """Give a draft the place after `head`: position, time (never going back), and hash."""
    position = head.position + 1
    header = _encode(
        (
            FORMAT,
            head.lineage,
            position,
            draft.tx,
            max(head.time_us, draft.clock_us),
            draft.node,
            PAYLOAD_VERSION,
            draft.shared_position,
            sha256(draft.context).digest(),
            sha256(draft.payload).digest(),
        )
    )
    return Commit(
        position,
        header,
        draft.context,
        draft.payload,
        chain(head.hash, header),
        draft.digest,
        draft.term,
        applied_us,
    )


def head_after(head: Head, commit: Commit) -> Head:
    """Return the head once `commit` is the last one."""
    header = decode_header(commit.header)
    return Head(head.lineage, commit.position, commit.hash, header.time_us)


def content_hashes_hold(commit: Commit) -> bool:
    """Tell whether context and payload are what the header says, a redacted one apart."""
    ending = BIN32 + sha256(commit.payload).digest()
    if commit.context is not None:
        ending = BIN32 + sha256(commit.context).digest() + ending
    return commit.header.endswith(ending)


def contents_hold(
    headers: Sequence[bytes], contexts: Sequence[bytes | None], payloads: Sequence[bytes]
) -> bool:
    """Tell the same of many commits at once."""
    of_contexts = [
        b"" if context is None else BIN32 + sha256(context).digest() for context in contexts
    ]
    of_payloads = [BIN32 + sha256(payload).digest() for payload in payloads]
    return all(map(bytes.endswith, headers, map(add, of_contexts, of_payloads)))


def index_keys(tx: str, events: Iterable[AnyEvent]) -> tuple[str, ...]:
    """Return the keys under which a commit is indexed, from its content alone.

    ``tx/ID``, ``event/NAME`` for events that are asked for by kind, ``request/ID`` for a request
    that was rejected, and the record IDs of all objects it touches.
    """
    keys = {f"tx/{tx}": None}
    for event in events:
        for key in touched(event):
            keys[rid_text(key)] = None
        for extra in event.index_terms():
            keys[extra] = None
    return tuple(keys)
