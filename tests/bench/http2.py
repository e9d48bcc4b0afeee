"""The least that asks a gRPC service: frames of HTTP/2 on a socket, requests made beforehand.

It does less for a request than any client library does, in whatever language, and about as much
as the generator does that asks our daemon: what is measured is the server. It is no client for
anything else: one answer is one message, and nothing is decompressed.
"""

from __future__ import annotations

import socket
import struct

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_HEADER_BYTES = 9
_WINDOW_BYTES = 2**31 - 1 - 65535
_FRAME_MAX = 16384


class Refused(Exception):
    """The service answered with an error, or hung up."""


class Connection:
    """One connection to a service at `host:port`; any number of requests may be under way."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._authority = target.encode()
        self._stream = -1
        self._buffer = bytearray()
        self._heard: dict[int, bytes] = {}
        window = _frame(_WINDOW, 0, 0, struct.pack(">I", _WINDOW_BYTES))
        self.socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, b"") + window)

    def request(self, method: str, message: bytes) -> bytes:
        """Make the bytes of the next request; they have to be sent in the order made."""
        assert len(message) < _FRAME_MAX
        self._stream += 2
        body = struct.pack(">BI", 0, len(message)) + message
        return _frame(_HEADERS, _END_HEADERS, self._stream, self._headers(method)) + _frame(
            _DATA, _END_STREAM, self._stream, body
        )

    def _headers(self, method: str) -> bytes:
        """Say POST, http, path, authority, type and trailers, without a table (RFC 7541, 6.2)."""
        return b"".join(
            (
                b"\x83\x86\x04", _text(method.encode()), b"\x01", _text(self._authority),
                b"\x0f\x10", _text(b"application/grpc"), b"\x00", _text(b"te"), _text(b"trailers"),
            )
        )  # fmt: skip

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that are answered with `data`.

        Raises:
            Refused: an answer is an error, or the service has gone away.

        """
        if not data:
            raise Refused("hung up")
        buffer = self._buffer
        buffer += data
        answers: list[bytes] = []
        at, end = 0, len(buffer)
        while end - at >= _HEADER_BYTES:
            length = buffer[at] << 16 | buffer[at + 1] << 8 | buffer[at + 2]
            if end - at < _HEADER_BYTES + length:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9], "big")
            at += _HEADER_BYTES + length
            self._take(kind, flags, stream, bytes(buffer[at - length : at]), answers)
        del buffer[:at]
        return answers

    def _take(self, kind: int, flags: int, stream: int, body: bytes, answers: list[bytes]) -> None:
        if kind == _DATA:
            self._heard[stream] = self._heard.get(stream, b"") + body
        elif kind == _HEADERS:
            if flags & _END_STREAM:
                answers.append(self._message(stream))
        elif kind in (_RESET, _GO_AWAY):
            raise Refused(f"frame {kind}: {body!r}")
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            self.socket.sendall(_frame(kind, _ACK, 0, body if kind == _PING else b""))

    def _message(self, stream: int) -> bytes:
        """Return what came before the trailers; an error comes without."""
        body = self._heard.pop(stream, b"")
        if len(body) < 5 or len(body) != 5 + int.from_bytes(body[1:5], "big"):
            raise Refused("an error")
        return body[5:]

    def ask(self, method: str, message: bytes, timeout_s: float = 30) -> bytes:
        """Ask, and wait for the answer, with nothing else under way.

        Raises:
            Refused: an error was the answer.
            OSError: there was none in time.

        """
        self.socket.settimeout(timeout_s)
        self.socket.sendall(self.request(method, message))
        while True:
            answers = self.feed(self.socket.recv(1 << 16))
            if answers:
                return answers[0]

    def close(self) -> None:
        self.socket.close()


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def _text(value: bytes) -> bytes:
    assert len(value) < 127
    return bytes((len(value),)) + value


# Protocol Buffers, as far as it takes.


def field(number: int, value: bytes | int) -> bytes:
    """Encode one field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(message: bytes) -> dict[int, bytes | int]:
    """Decode a message whose fields come once each."""
    found: dict[int, bytes | int] = {}
    at = 0
    while at < len(message):
        key, at = _varint_at(message, at)
        value, at = _varint_at(message, at)
        if key & 7 == 0:
            found[key >> 3] = value
        else:
            assert key & 7 == 2
            found[key >> 3] = message[at : at + value]
            at += value
    return found


def _varint_at(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
