"""Between the core and the store, where a log is caught up: pieces to send, pieces to keep (C3).

Everything here is bounded in bytes: what is read and sent in one message, and what one message
makes the store write in one transaction.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from contextlib import suppress
from itertools import accumulate
from typing import Any

import msgspec
from msgspec.structs import replace

from daemon.core.messages import AnyMessage, Bulk, Fetched, Frame, Piece
from daemon.core.ready import Load, Ready
from eventstore.bulk import Columns, columns, joined, pack_columns
from eventstore.codec import Commit
from eventstore.errors import StoreError
from eventstore.storage.keyframes import Keyframe, write_last, write_slice
from eventstore.storage.store import Store

PIECE_BYTES = 256 * 1024
"""What of a log is sent in one message to be applied: read and encoded in a few milliseconds."""

BULK_BYTES = 1 << 20
"""... and to be stored only: it takes a member some ten milliseconds to take it in."""

FRAME_SLICES = 16
"""Slices of a keyframe, of 64 KiB each, in one message."""

_encode = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(Keyframe).decode


def loaded(store: Store, load: Load) -> AnyMessage:
    """Return a message with what the log has behind a position, as much as one carries."""
    message = load.message
    if isinstance(message, Frame):
        return _frame(store, load, message)
    assert isinstance(message, (Fetched, Piece))
    return replace(message, commits=_commits(store, load, PIECE_BYTES))


class Pieces:
    """What one incarnation sends of its log; the next long piece is read before it is wanted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ahead: tuple[Load, AnyMessage, int] | None = None
        """A piece that was read ahead, for whom, and where it ends; one for all, so bounded."""

    def loaded(self, load: Load) -> AnyMessage:
        """Return a message with what is asked for."""
        if not isinstance(load.message, Bulk):
            return loaded(self._store, load)
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != load:
            ahead = self._read(load)
        _load, message, end = ahead
        if end < load.through:
            following = replace(load, message=replace(load.message, after=end), after=end)
            asyncio.get_running_loop().call_soon(self._read_ahead, following)
        return message

    def _read(self, load: Load) -> tuple[Load, AnyMessage, int]:
        assert isinstance(load.message, Bulk)
        found = _columns(self._store, load, BULK_BYTES)
        last = found.hashes[-1] if found.hashes else b""
        message = replace(load.message, hash=last, body=pack_columns(found))
        return load, message, load.after + len(found.hashes)

    def _read_ahead(self, load: Load) -> None:
        # What cannot be read is found out when it is asked for.
        with suppress(StoreError):
            self._ahead = self._read(load)


def _commits(store: Store, load: Load, most: int) -> tuple[Commit, ...]:
    commits: list[Commit] = []
    size = 0
    for commit in store.logs["shared"].commits(load.after + 1, load.through):
        size += _size(*commit[1:4])
        if commits and size > most:
            break
        commits.append(commit)
    return tuple(commits)


def _columns(store: Store, load: Load, most: int) -> Columns:
    """Return as many commits in columns: no commit is made of them only to be packed."""
    pages: list[Columns] = []
    for page in store.logs["shared"].pages(load.after + 1, load.through):
        ends = list(accumulate(map(_size, page.headers, page.contexts, page.payloads)))
        fits = bisect_right(ends, most)
        if fits < len(ends):
            pages.append(page.begin(fits or (0 if pages else 1)))
            break
        pages.append(page)
        most -= ends[-1]
    return joined(pages) if pages else columns(())


def _size(header: bytes, context: bytes | None, payload: bytes) -> int:
    return len(header) + len(context or b"") + len(payload)


def _frame(store: Store, load: Load, message: Frame) -> Frame:
    """Return the next slices of the keyframe that a message names; of the last one, if none.

    One that is gone meanwhile is followed by another, from its beginning.
    """
    keyframes = store.logs["shared"].keyframes
    found = keyframes.nearest(message.position or load.through)
    number = message.number
    if found is not None and found.position != message.position:
        found, number = keyframes.nearest(load.through), 0
    if found is None or found.position <= load.after:
        return replace(message, position=0, number=0)
    slices = keyframes.slices(found, number, FRAME_SLICES)
    last = number + len(slices) >= found.slices
    return replace(
        message,
        position=found.position,
        number=number,
        row=_encode(found),
        slices=tuple(slices),
        last=last,
    )


def is_any(ready: Ready) -> bool:
    """Whether a step took in what is to be stored without being applied."""
    return bool(ready.store or ready.frame)


def keep(store: Store, ready: Ready) -> None:
    """Store what a step took in without applying it, with its hard state.

    Raises:
        AppendFailed: the disk refused.
    """
    if ready.store:
        body = None if ready.hard_state is None else _encode(ready.hard_state)
        store.extend("shared", ready.store, body, flush=not ready.lazy)
    if ready.frame is not None:
        _keep_frame(store, ready.frame)


def _keep_frame(store: Store, frame: Frame) -> None:
    """Put slices of a keyframe into the store; what is no row of one makes none."""
    try:
        row = _decode_row(frame.row)._replace(log="shared", position=frame.position)
    except msgspec.DecodeError:
        return
    if frame.number + len(frame.slices) > row.slices:
        return

    def work(driver: Any) -> None:
        for number, body in enumerate(frame.slices, frame.number):
            if number == row.slices - 1:
                write_last(driver, row, body)
            else:
                write_slice(driver, "shared", frame.position, number, body)

    store.keep(work)
