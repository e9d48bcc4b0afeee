"""Questions that are under way for as long as a test likes."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message
from tests.support.daemons import Daemon


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Within this, a process does nothing: what it is asked is under way all the while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Asked:
    """A question that was put, and whose answer may be there."""

    def __init__(self, connection: socket.socket, request: dict[str, object]) -> None:
        self._connection = connection
        connection.sendall(pack_message(request))

    @property
    def is_answered(self) -> bool:
        return bool(select.select([self._connection], [], [], 0)[0])

    def answer(self) -> dict[str, Any]:
        frames = FrameReader(max_items=None)
        while data := self._connection.recv(1 << 12):
            for message in frames.feed(data):
                assert isinstance(message, dict)
                return message
        raise AssertionError("the daemon hung up")


@contextmanager
def asked(daemon: Daemon, question: str, **args: object) -> Iterator[Asked]:
    """Put a question, and go on."""
    with daemon.connect() as connection:
        yield Asked(connection, control.query(question, args))
