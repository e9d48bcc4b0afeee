"""Ask the daemon over its control socket, and wait: for the command line and for tests."""

from __future__ import annotations

# The `socket` package costs six milliseconds of CPU for names that are not needed here.
import _socket
import errno
import os
from collections.abc import Callable
from time import monotonic

from daemon.errors import (
    MayNotAsk,
    NoAnswerYet,
    OutcomeUnknown,
    ProtocolViolation,
    RequestFailed,
    Unreachable,
)
from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message

_RECEIVE_BYTES = 1 << 18
# Longer than what the daemon itself waits for, so that its own answer comes first.
_GRACE_S = 2.0


class Client:
    """One conversation with the daemon at `socket_path`; connects when first asked."""

    def __init__(self, socket_path: str, timeout_s: float | None = None) -> None:
        self._path = socket_path
        self._timeout_s = timeout_s
        self._socket: _socket.socket | None = None
        self._reader = FrameReader(max_items=None)

    def ask(
        self, request: dict[str, object], told: Callable[[int, int], None] | None = None
    ) -> dict[str, object]:
        """Send a request, and return the answer's map; `told` hears how far it is meanwhile.

        Raises:
            Unreachable: no daemon at the socket, or it hung up before it answered a read.
            MayNotAsk: the socket may not be opened.
            NoAnswerYet: a read was not answered in time.
            OutcomeUnknown: a change was sent, and its answer did not come.
            RequestFailed: the daemon answered with an error.

        """
        deadline = monotonic() + self._wait_s(request)
        connection = self._socket or self._connect()
        try:
            connection.settimeout(_left_s(deadline))
            _send_all(connection, pack_message(request))
            return _result(self._receive(connection, deadline, told))
        except TimeoutError as error:
            self.close()
            raise _late(request) from error
        except (OSError, ProtocolViolation) as error:
            self.close()
            raise _lost(request, self._path, error) from error

    def close(self) -> None:
        """End the conversation; the next question begins another."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._reader = FrameReader(max_items=None)

    def __enter__(self) -> Client:  # noqa: PYI034 typing is not free
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_s(self, request: dict[str, object]) -> float:
        if self._timeout_s is not None:
            return self._timeout_s
        asked = request.get("timeout_ms")
        return (asked if isinstance(asked, int) else control.DEFAULT_TIMEOUT_MS) / 1000 + _GRACE_S

    def _connect(self) -> _socket.socket:
        self._socket = _connected(self._path)
        return self._socket

    def _receive(
        self, connection: _socket.socket, deadline: float, told: Callable[[int, int], None] | None
    ) -> object:
        while True:
            connection.settimeout(_left_s(deadline))
            data = connection.recv(_RECEIVE_BYTES)
            if not data:
                raise ConnectionResetError("the daemon hung up")
            for message in self._reader.feed(data):
                if not isinstance(message, dict) or "progress" not in message:
                    return message
                if told is not None:
                    told(*message["progress"])


class Subscription:
    """A conversation in which the daemon speaks, and goes on speaking."""

    def __init__(self, socket_path: str, request: dict[str, object]) -> None:
        """Connect, and ask.

        Raises:
            Unreachable: no daemon at the socket.
            MayNotAsk: the socket may not be opened.

        """
        self._path = socket_path
        self._request = request
        self._socket = _connected(socket_path)
        self._reader = FrameReader(max_items=None)
        self._said: list[object] = []
        try:
            _send_all(self._socket, pack_message(request))
        except OSError as error:
            self.close()
            raise _lost(request, socket_path, error) from error

    def next(self, wait_s: float | None) -> dict[str, object] | None:
        """Return what the daemon says next; None if it says nothing for so long.

        Raises:
            Unreachable: it went away.
            RequestFailed: it said an error; there is nothing to come after it.

        """
        try:
            while not self._said:
                self._socket.settimeout(wait_s)
                data = self._socket.recv(_RECEIVE_BYTES)
                if not data:
                    raise ConnectionResetError("the daemon hung up")
                self._said = self._reader.feed(data)
        except TimeoutError:
            return None
        except (OSError, ProtocolViolation) as error:
            raise _lost(self._request, self._path, error) from error
        return _result(self._said.pop(0))

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()


def _connected(path: str) -> _socket.socket:
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _connect_to(connection, path)
    except OSError as error:
        connection.close()
        raise _refused(path, error) from error
    return connection


def _left_s(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect_to(connection: _socket.socket, path: str) -> None:
    """Connect by way of the directory: an address holds 107 bytes, a path may be longer."""
    directory = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
    finally:
        os.close(directory)


def _send_all(connection: _socket.socket, data: bytes) -> None:
    # Without MSG_NOSIGNAL a program that lets SIGPIPE end it would end in silence here.
    left = memoryview(data)
    while left:
        left = left[connection.send(left, _socket.MSG_NOSIGNAL) :]


def _result(answer: object) -> dict[str, object]:
    if isinstance(answer, dict) and answer.get("ok") is True:
        return answer
    raise control.error_from(answer.get("error") if isinstance(answer, dict) else None)


def _refused(path: str, error: OSError) -> RequestFailed:
    if error.errno in (errno.EACCES, errno.EPERM):
        return MayNotAsk(
            "V-5-1-9001",
            "You may not talk to the configuration daemon",
            cause=f"no permission to open {path}",
            fix="ask as root, or as a member of the group that owns the socket",
            rule="G1",
        )
    return Unreachable(
        "V-5-1-684",
        "IPC failure: Configuration daemon is not accessible",
        cause=f"no daemon at {path} ({os.strerror(error.errno or 0).lower()})",
        fix="start it with `vxconfigd --home DIR`, name another home with --home or VX_HOME, "
        "or read the log itself with --log FILE",
    )


def _late(request: dict[str, object]) -> RequestFailed:
    if request.get("op") == "command":
        return _unknown(request, "the daemon did not answer in time")
    return NoAnswerYet(
        "V-5-1-9002",
        "The daemon did not answer in time",
        cause="it is busy, or the question is a long one",
        fix="ask again, or wait longer with --timeout SECONDS",
    )


def _lost(request: dict[str, object], path: str, error: Exception) -> RequestFailed:
    if request.get("op") == "command":
        return _unknown(request, "the daemon went away before it answered")
    return Unreachable(
        "V-5-1-9003",
        "The daemon went away before it answered",
        cause=f"{path}: {error}",
        fix="see `vx status`, then ask again",
    )


def _unknown(request: dict[str, object], cause: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "V-5-1-9004",
        f"The outcome of request {request.get('id')} is not known: it may still take effect",
        cause=cause,
        fix=f"vx outcome {request.get('id')}",
        rule="D13",
    )
