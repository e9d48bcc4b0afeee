"""How an answer comes from a reader process: a few bytes about it, then the frames as they are.

An answer may hold all that a daemon knows. The loop passes its frames on without looking into
them, piece by piece: taking one apart, or copying it whole, would hold up every change (I14).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from daemon.errors import ProtocolViolation
from daemon.wire.frames import FrameReader, pack_message

PIECE_BYTES = 1 << 16
_ABOUT = struct.Struct(">???Q")

Told = Callable[[bytes], None]
"""Takes the frames that say how far an answer is."""


class Relayed(NamedTuple):
    """An answer as frames, in pieces, and what the daemon itself has to know of it."""

    pieces: list[bytes]
    passed_over: bool
    """A keyframe did not hold."""
    damaged: bool
    """It is an error: the log does not hold what the answer needs."""

    def message(self) -> dict[str, Any]:
        """Return the answer as a map, for who needs to look into it.

        Raises:
            ProtocolViolation: it is none.
        """
        frames = FrameReader(max_items=None)
        for piece in self.pieces:
            for message in frames.feed(piece):
                if isinstance(message, dict):
                    return message
        raise ProtocolViolation("the reader's answer is not a map")


def packed(answer: dict[str, Any], *, passed_over: bool, damaged: bool) -> bytes:
    """Return what a reader process writes for an answer."""
    frames = pack_message(answer)
    return _ABOUT.pack(0, passed_over, damaged, len(frames)) + frames


def packed_progress(done: int, total: int) -> bytes:
    """Return what a reader process writes before an answer that takes long."""
    frames = pack_message({"progress": [done, total]})
    return _ABOUT.pack(1, 0, 0, len(frames)) + frames


async def received(stream: asyncio.StreamReader, told: Told | None = None) -> Relayed:
    """Return the next answer of a reader process; `told` gets what it says before.

    Raises:
        ConnectionResetError: it closed its output.
    """
    while True:
        is_progress, answer = await _next(stream)
        if not is_progress:
            return answer
        if told is not None:
            told(b"".join(answer.pieces))


async def _next(stream: asyncio.StreamReader) -> tuple[bool, Relayed]:
    try:
        about = await stream.readexactly(_ABOUT.size)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("it closed its output") from error
    is_progress, passed_over, damaged, left = _ABOUT.unpack(about)
    pieces: list[bytes] = []
    while left:
        piece = await stream.read(min(left, PIECE_BYTES))
        if not piece:
            raise ConnectionResetError("it closed its output in the middle of an answer")
        pieces.append(piece)
        left -= len(piece)
    return is_progress, Relayed(pieces, passed_over, damaged)
