"""One connection with another daemon: greeting, frames, two lanes, heartbeats (G1, G2, E7, I14).

Every frame is one MessagePack value: a `Hello` first, then messages, parts of long messages
(``[is it the last, bytes]``) and heartbeats (an integer: how far the sender's shared log goes).
A long message goes in parts, and whatever is short goes between two of them: it waits for one
part and what the kernel holds, which is bounded, never for the rest of a catch-up. Within a lane
the order stays.

Deadlines are counted in ticks, which come with the heartbeat, and not read from a clock: a daemon
that was itself held up finds the bytes that came meanwhile before it judges anybody by them. What
a peer does wrong costs it this connection, and nothing else.
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from daemon.config import PeerSettings
from daemon.core import messages
from daemon.core.messages import AnyMessage
from daemon.errors import ProtocolViolation
from daemon.shell import handshake, tls
from daemon.shell.handshake import Hello, Refusal
from daemon.wire.frames import HEADER_BYTES, MAX_ITEMS, FrameReader, check_shape

PART_BYTES = 1 << 16
"""Short is what fits into one part."""
FRAME_MAX = PART_BYTES + 16
MESSAGE_MAX = 16 << 20
"""A record in doubt, or a piece of a log; also how much a peer can make this node hold."""
ITEMS_MAX = 2 * MAX_ITEMS
"""Values in one message: a shipped request has more than it had when a utility sent it."""
TURN_BYTES = 4 * PART_BYTES
"""Of a long message, before the loop turns to others."""
BUFFER_MAX = 2 * PART_BYTES
"""Encrypted, and not yet taken by the kernel."""
UNSENT_MAX = 2 * PART_BYTES
"""In the kernel and not yet on the wire: what is short waits behind it."""

OPEN = (messages.Answered, messages.JoinChecked, messages.Refused, messages.Ship)
"""What has fields of any shape: their depth is looked at. All others are as deep as their types,
and nothing short can hold more than its bytes: the decoder takes no announced length on trust."""

_FIXINT_END = 0x80
_FIXMAP, _FIXMAP_BEGIN = 0xF0, 0x80
_UINTS = frozenset((0xCC, 0xCD, 0xCE, 0xCF))
_PART = (b"\x92\xc2", b"\x92\xc3")
_take_part = msgspec.msgpack.Decoder(tuple[bool, bytes]).decode
_make_part = _make_beat = msgspec.msgpack.Encoder().encode
_take_beat = msgspec.msgpack.Decoder(int).decode


T = TypeVar("T")


class Host(Protocol):
    """Whom a link tells."""

    def judge(self, link: Link, said: Hello) -> Refusal | None:
        """Say why the other end is refused, or None."""

    def opened(self, link: Link) -> None:
        """Both ends know each other: messages may go."""

    def received(self, link: Link, message: AnyMessage) -> None:
        """Take a message."""

    def beaten(self, link: Link, position: int) -> None:
        """Learn how far the other end's shared log goes."""

    def inquired(self, link: Link, body: bytes) -> None:
        """Take a question of the other end, or its answer to one."""

    def heard(self) -> None:
        """Learn that all was handed over that had come together."""

    def lost(self, link: Link, reason: str) -> None:
        """Learn that the connection has ended, or is about to; told exactly once."""


class Link(asyncio.Protocol):
    """One connection; `dialed` is the node that was called, None if the other end called."""

    def __init__(self, host: Host, own: Hello, limits: PeerSettings, dialed: str | None) -> None:
        self.dialed = dialed
        self.hello: Hello | None = None
        """What the other end said of itself, once it was found to be true."""
        self.over = asyncio.get_running_loop().create_future()
        """Done when the connection has ended."""
        self.settled = asyncio.get_running_loop().create_future()
        """Done when the link is open, or will never be."""
        self.address = dialed or "?"
        self.is_made = False
        self._host = host
        self._own = own
        self._limits = limits
        self._reason: str | None = None
        # Who dials has verified the other end before; who is called hears its greeting first.
        frame_max = FRAME_MAX if dialed else handshake.FRAME_MAX
        self._frames = _reader(frame_max)
        self._parts = bytearray()
        self._lanes = Lanes(limits.queue_mib << 20)
        self._deadline: asyncio.TimerHandle | None = None
        self._paused = False
        self._pumping = False
        self._quiet = self._stuck = self._unfinished = 0
        """Ticks since anything arrived; since it takes nothing; since a frame has begun."""
        self._transport: asyncio.Transport

    @property
    def node(self) -> str:
        """Return the other end's name; it is open."""
        assert self.hello is not None
        return self.hello.node

    @property
    def subject(self) -> str:
        """Return what a note calls the other end."""
        return self.hello.node if self.hello else self.address

    @property
    def transport(self) -> asyncio.Transport:
        """Return what it goes over."""
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, if this end dialed; else wait for the greeting, and not for ever."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_made = True
        if self._reason is not None:
            transport.abort()
            return
        if self.dialed is None:
            self.address = str((transport.get_extra_info("peername") or "?")[0])
        transport.set_write_buffer_limits(high=BUFFER_MAX)
        raw: socket.socket = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)
        # asyncio does so for connections that it made, and not for one that was accepted: what is
        # short would wait up to 40 ms for the other end to acknowledge what went before.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._deadline = asyncio.get_running_loop().call_later(
            self._limits.handshake_seconds, self.end, "it did not say who it is in time"
        )
        if self.dialed is not None:
            self._write(handshake.encode(self._own))

    def data_received(self, data: bytes) -> None:
        """Take bytes; what is no message ends the connection (G2)."""
        self._quiet = 0
        try:
            for body in self._frames.feed_bodies(data):
                self._unfinished = 0
                if self._reason is not None:
                    return
                self._take(body)
        except ProtocolViolation as violation:
            self.end(f"it sent what is no message: {violation.message}")
        finally:
            self._host.heard()

    def _take(self, body: bytes) -> None:
        if self.hello is None:
            self._greeted(body)
        elif body[:2] in _PART:
            self._take_part(body)
        elif body[0] < _FIXINT_END or body[0] in _UINTS:
            self._host.beaten(self, _decoded(_take_beat, body))
        elif body[0] & _FIXMAP == _FIXMAP_BEGIN:
            check_shape(body, ITEMS_MAX)
            self._host.inquired(self, body)
        else:
            message = _decoded(messages.decode, body)
            if isinstance(message, OPEN):
                check_shape(body, ITEMS_MAX)
            self._host.received(self, message)

    def _greeted(self, body: bytes) -> None:
        """Let the other end in, or tell it why not."""
        said = _decoded(handshake.decode, body)
        refusal = said if isinstance(said, Refusal) else self._host.judge(self, said)
        if isinstance(said, Refusal):
            self.end(f"it refuses this node: {said.id[:20]} {said.message[:200]!a}")
        elif refusal is not None:
            self._write(handshake.encode(refusal))
            self.end(f"refused: {refusal.id} {refusal.message}", at_once=False)
        else:
            self._open(said)

    def _open(self, said: Hello | Refusal) -> None:
        assert isinstance(said, Hello)
        if self.dialed is None and not self._frames.is_between_messages:
            raise ProtocolViolation("it spoke before it was greeted")
        self.hello = said
        if self._deadline is not None:
            self._deadline.cancel()
        if self.dialed is None:
            self._frames = _reader(FRAME_MAX)
            self._write(handshake.encode(self._own))
        self._host.opened(self)
        if not self.settled.done():
            self.settled.set_result(None)

    def _take_part(self, body: bytes) -> None:
        last, part = _decoded(_take_part, body)
        if len(self._parts) + len(part) > MESSAGE_MAX:
            raise ProtocolViolation(f"a message is longer than {MESSAGE_MAX} bytes")
        self._parts += part
        if last:
            whole = bytes(self._parts)
            self._parts.clear()
            check_shape(whole, ITEMS_MAX)
            if whole[0] & _FIXMAP == _FIXMAP_BEGIN:
                self._host.inquired(self, whole)
            else:
                self._host.received(self, _decoded(messages.decode, whole))

    def send(self, body: bytes) -> bool:
        """Write a message, or let it wait; False: too much waits, it was dropped."""
        if self._reason is not None:
            return False
        if len(body) <= PART_BYTES and not self._paused:
            # Nothing short waits where writing is not paused.
            self._write(body)
            return True
        if not self._lanes.put(body):
            return False
        if not self._paused and not self._pumping:
            self._pump()
        return True

    def _pump(self) -> None:
        """Write what waits, until the other end has to catch up or others want the loop."""
        self._pumping = False
        written = 0
        while not self._paused and self._reason is None:
            body = self._lanes.take()
            if body is None:
                return
            self._write(body)
            written += len(body)
            if written >= TURN_BYTES:
                self._pumping = True
                asyncio.get_running_loop().call_soon(self._pump)
                return

    def _write(self, body: bytes) -> None:
        self._transport.write(len(body).to_bytes(HEADER_BYTES, "big") + body)

    def pause_writing(self) -> None:
        """The other end does not read as fast as this one writes."""
        self._paused = True
        self._stuck = 0

    def resume_writing(self) -> None:
        """Go on with what waits."""
        self._paused = False
        if not self._pumping:
            self._pump()

    def tick(self, position: int) -> None:
        """Be heard, and end a connection over which nothing comes or goes (E7)."""
        if self.hello is None or self._reason is not None:
            return
        self._quiet += 1
        self._stuck += self._paused
        self._unfinished += not self._frames.is_between_messages
        silence = self._ticks(self._limits.silence_seconds)
        frame = self._ticks(self._limits.frame_seconds)
        if self._quiet > silence:
            self.end("silent; the connection is opened anew")
        elif self._paused and self._stuck > silence:
            self.end("it takes nothing any more; the connection is opened anew")
        elif self._unfinished > frame and not self._frames.is_between_messages:
            self.end("it began a message and did not end it")
        else:
            self.beat(position)

    def beat(self, position: int) -> None:
        """Say that this end lives, and how far its shared log goes."""
        if not self._paused:
            self._write(_make_beat(position))

    def _ticks(self, seconds: float) -> int:
        return math.ceil(seconds / self._limits.heartbeat_seconds)

    def end(self, reason: str, *, at_once: bool = True) -> None:
        """End the connection; `at_once` leaves out what was written last."""
        if not self.is_made:
            pass  # it ends as soon as it comes about
        elif at_once:
            self._transport.abort()
        else:
            self._transport.close()
        self._ended(reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """Learn that the connection has ended."""
        self._ended(tls.why(exc) if exc is not None else "it hung up")
        self.over.set_result(None)

    def never_made(self) -> None:
        """Give up a connection that did not come about."""
        if not self.settled.done():
            self.settled.set_result(None)
        self.over.set_result(None)

    def _ended(self, reason: str) -> None:
        if self._reason is not None:
            return
        self._reason = reason
        if self._deadline is not None:
            self._deadline.cancel()
        self._lanes.clear()
        self._parts.clear()
        if not self.settled.done():
            self.settled.set_result(None)
        self._host.lost(self, reason)


def _reader(max_bytes: int) -> FrameReader:
    """Return a reader of frames each of which is a message; what is in them is checked here."""
    return FrameReader(max_bytes, max_bytes, max_items=None)


def _decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """Return what a frame holds.

    Raises:
        ProtocolViolation: it is nothing that a daemon says.
    """
    try:
        return decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProtocolViolation(f"{error!s:.200}") from error


class Lanes:
    """What waits for one peer, bounded by bytes: short messages before the rest of long ones."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._bytes = 0
        self._short: deque[bytes] = deque()
        self._long: deque[bytes] = deque()
        self._sent = 0
        """Bytes of the first long message that have gone."""

    def put(self, body: bytes) -> bool:
        """Let a message wait; False: there is no room."""
        if self._bytes + len(body) > self._max or len(body) > MESSAGE_MAX:
            return False
        self._bytes += len(body)
        (self._short if len(body) <= PART_BYTES else self._long).append(body)
        return True

    def take(self) -> bytes | None:
        """Return what goes next; None: nothing waits."""
        if self._short:
            body = self._short.popleft()
            self._bytes -= len(body)
            return body
        if not self._long:
            return None
        whole, begin = self._long[0], self._sent
        self._sent = begin + PART_BYTES
        last = self._sent >= len(whole)
        if last:
            self._long.popleft()
            self._sent = 0
            self._bytes -= len(whole)
        return _make_part((last, memoryview(whole)[begin : begin + PART_BYTES]))

    def clear(self) -> None:
        """Forget everything."""
        self._short.clear()
        self._long.clear()
        self._bytes = self._sent = 0
