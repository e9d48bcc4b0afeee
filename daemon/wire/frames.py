"""Bytes to messages and back, with a bound on everything (G2).

A frame is four bytes, big endian (top bit: the message goes on in the next frame; the rest: the
length of the body), then the body. A message is the bodies up to the first frame without the top
bit: one MessagePack value. It reads no socket: `feed` takes what arrived, in any portions.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgpack

from daemon.errors import ProtocolViolation

HEADER_BYTES = 4
MORE = 0x8000_0000
# A request is a command line; a megabyte is far beyond any, and what a stranger can make us hold.
MAX_FRAME = 1 << 20
# The state of a million objects, or the history of a day.
MAX_MESSAGE = 256 << 20
# Ours need six; a decoder's stack, and whoever walks the value, need not fear more.
MAX_DEPTH = 32
# A value costs many times its bytes in memory: a request of ours has a few hundred, but for a
# configuration that is taken over. This is what fits into a frame, at four bytes a value.
MAX_ITEMS = 1 << 18
# What a request says of itself, beside its arguments.
REST_OF_REQUEST = 1 << 16


class FrameReader:
    """Messages out of a stream of bytes.

    `max_items` bounds the values in one message, and depth with it, before anything is decoded;
    None leaves that out, for a client that reads the answers of its own daemon.
    """

    def __init__(
        self,
        max_frame: int = MAX_FRAME,
        max_message: int = MAX_MESSAGE,
        max_items: int | None = MAX_ITEMS,
    ) -> None:
        self._max_frame = max_frame
        self._max_message = max_message
        self._max_items = max_items
        self._buffer = bytearray()
        self._message = bytearray()
        self._broken: ProtocolViolation | None = None

    @property
    def is_between_messages(self) -> bool:
        """Whether nothing is half received: the moment at which the other end may close."""
        return not self._buffer and not self._message

    def feed(self, data: bytes) -> list[object]:
        """Return the messages that are complete with `data`.

        Raises:
            ProtocolViolation: too long, too deep, too many values, or no MessagePack; from then
                on at every call.

        """
        try:
            return [self._decode(body) for body in self.feed_bodies(data)]
        except ProtocolViolation as violation:
            self._break(violation)
            raise

    def feed_bodies(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete with `data` for who decodes them into types.

        Raises:
            ProtocolViolation: as `feed`, but that it is no MessagePack may still come out.

        """
        if self._broken is not None:
            raise self._broken
        try:
            if self._is_one_message(data):
                return [self._checked(data[HEADER_BYTES:])]
            self._buffer += data
            return [self._checked(body) for body in self._bodies()]
        except ProtocolViolation as violation:
            self._break(violation)
            raise

    def _break(self, violation: ProtocolViolation) -> None:
        """Take nothing more, and forget what was held."""
        self._broken = self._broken or violation
        self._buffer.clear()
        self._message.clear()

    def _is_one_message(self, data: bytes) -> bool:
        """Whether `data` is just one message in one frame, as it mostly is."""
        length = len(data) - HEADER_BYTES
        return (
            0 < length <= min(self._max_frame, self._max_message)
            and int.from_bytes(data[:HEADER_BYTES], "big") == length
            and self.is_between_messages
        )

    def _bodies(self) -> Iterator[bytes]:
        while len(self._buffer) >= HEADER_BYTES:
            header = int.from_bytes(self._buffer[:HEADER_BYTES], "big")
            length = header & ~MORE
            self._check_length(length)
            if len(self._buffer) < HEADER_BYTES + length:
                return
            self._message += memoryview(self._buffer)[HEADER_BYTES : HEADER_BYTES + length]
            del self._buffer[: HEADER_BYTES + length]
            if not header & MORE:
                body = bytes(self._message)
                self._message.clear()
                yield body

    def _check_length(self, length: int) -> None:
        if length == 0:
            # Else a message could go on for ever without growing.
            raise ProtocolViolation("a frame is empty")
        if length > self._max_frame:
            raise ProtocolViolation(f"a frame of {length} bytes is longer than {self._max_frame}")
        if len(self._message) + length > self._max_message:
            raise ProtocolViolation(f"a message is longer than {self._max_message} bytes")

    def _checked(self, body: bytes) -> bytes:
        if self._max_items is not None and not _is_plainly_small(body, self._max_items):
            check_shape(body, self._max_items)
        return body

    def _decode(self, body: bytes) -> object:
        try:
            return msgpack.unpackb(body)
        except (ValueError, TypeError, OverflowError) as error:
            # msgpack's own errors are ValueErrors, and so is a text that is not UTF-8.
            raise ProtocolViolation("a message is not one MessagePack value") from error


def pack_message(value: object, max_frame: int = MAX_FRAME) -> bytes:
    """Return `value` as the frames of one message."""
    body: bytes = msgpack.packb(value)
    if len(body) <= max_frame:
        return len(body).to_bytes(HEADER_BYTES, "big") + body
    parts: list[bytes] = []
    for start in range(0, len(body), max_frame):
        part = body[start : start + max_frame]
        more = MORE if start + max_frame < len(body) else 0
        parts += ((len(part) | more).to_bytes(HEADER_BYTES, "big"), part)
    return b"".join(parts)


# Bytes that begin a list, a map, or a type not used here; they also occur inside of values.
_REMARKABLE = bytes(
    (*range(0x80, 0xA0), 0xC1, 0xC7, 0xC8, 0xC9, *range(0xD4, 0xD9), *range(0xDC, 0xE0))
)
_UNREMARKABLE = bytes(set(range(0x100)) - set(_REMARKABLE))


def _is_plainly_small(body: bytes, max_items: int) -> bool:
    """Whether a glance shows that a body is within all bounds, as nearly every request is.

    It has no more values than bytes, and is nested no deeper than it has short lists and maps.
    """
    if len(body) > max_items:
        return False
    found = body.translate(None, _UNREMARKABLE)
    return len(found) < MAX_DEPTH and max(found, default=0) < 0xA0  # noqa: PLR2004 short ones


def check_request(value: object) -> None:
    """Refuse what the daemon would not take as part of a request; a little room is left.

    Raises:
        ProtocolViolation: it is too long, or holds too many values.

    """
    body: bytes = msgpack.packb(value)
    room = MAX_FRAME - REST_OF_REQUEST
    if len(body) > room:
        raise ProtocolViolation(f"a message of {len(body)} bytes is longer than {room}")
    check_shape(body, MAX_ITEMS - REST_OF_REQUEST // 4)


# What a first byte of MessagePack announces, and how many bytes follow that hold the value of a
# leaf, or else a length: of a text or binary in bytes, of a list or map in values to come.
_LEAF, _SIZED, _LIST, _MAP = range(4)
_FORMS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((0xC0, 0xC2, 0xC3), (_LEAF, 0)),
    0xCA: (_LEAF, 4),
    0xCB: (_LEAF, 8),
    **{0xCC + i: (_LEAF, 1 << i) for i in range(4)},
    **{0xD0 + i: (_LEAF, 1 << i) for i in range(4)},
    **{0xC4 + i: (_SIZED, 1 << i) for i in range(3)},
    **{0xD9 + i: (_SIZED, 1 << i) for i in range(3)},
    0xDC: (_LIST, 2),
    0xDD: (_LIST, 4),
    0xDE: (_MAP, 2),
    0xDF: (_MAP, 4),
}


def _length(first: int) -> int:
    """Return how far the next value is, where the first byte of one says so; else 0."""
    if first < 0x80 or first >= 0xE0:  # noqa: PLR2004 small integers
        return 1
    if 0xA0 <= first < 0xC0:  # noqa: PLR2004 a short text
        return 1 + (first & 0x1F)
    kind, width = _FORMS.get(first, (None, 0))
    return 1 + width if kind == _LEAF else 0


_LENGTHS = bytes(map(_length, range(0x100)))


def check_shape(body: bytes, max_items: int = MAX_ITEMS, max_depth: int = MAX_DEPTH) -> None:
    """Walk the announced lengths of a MessagePack value without building it.

    A list of four bytes may announce millions of values, and a decoder makes room for them: so
    what is announced must fit into what is there.

    Raises:
        ProtocolViolation: too deep, too many values, a type not used here, or cut off.

    """
    at, items, left, end = 0, 1, 1, len(body)
    outer: list[int] = []
    """Of each list that is open, but for the innermost, how many values are still to come."""
    while left or outer:
        if left == 0:
            left = outer.pop()
            continue
        left -= 1
        if at >= end:
            raise ProtocolViolation("a message is shorter than it announces")
        length = _LENGTHS[body[at]]
        if length:
            at += length
            continue
        at, inside = _step(body, at)
        if at + inside > end:
            raise ProtocolViolation("a message is shorter than it announces")
        if inside:
            items += inside
            if items > max_items:
                raise ProtocolViolation(f"a message holds more than {max_items} values")
            if len(outer) >= max_depth:
                raise ProtocolViolation(f"a message is nested deeper than {max_depth}")
            outer.append(left)
            left = inside
    if at > end:
        raise ProtocolViolation("a message is shorter than it announces")


def _step(body: bytes, at: int) -> tuple[int, int]:
    """Return the place after the longer value at `at`, and how many values it holds."""
    first = body[at]
    at += 1
    if first < 0x90:  # noqa: PLR2004 a short map
        return at, 2 * (first & 0x0F)
    if first < 0xA0:  # noqa: PLR2004 a short list
        return at, first & 0x0F
    kind, width = _FORMS.get(first, (None, 0))
    if kind is None:
        raise ProtocolViolation("a message holds a type that is not used here")
    length = int.from_bytes(body[at : at + width], "big")
    if kind == _SIZED:
        return at + width + length, 0
    return at + width, length * 2 if kind == _MAP else length
