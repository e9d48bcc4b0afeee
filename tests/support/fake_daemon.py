"""A daemon that answers from a script: over a real socket, with the real frames."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from daemon.wire.frames import FrameReader, pack_message

Request = dict[str, Any]
Script = Callable[[Request], Any]
TIME = "2026-11-22T10:14:58.120000Z"


def answer(data: Any, **more: Any) -> dict[str, Any]:
    """Return what a daemon answers when all is well."""
    return {
        "ok": True,
        "log": "node/node1",
        "cluster": "test",
        "position": 1204,
        "at": TIME,
        "resolved": None,
        "notes": [],
        "data": data,
        **more,
    }


def refusal(**error: Any) -> dict[str, Any]:
    """Return what a daemon answers when it says no."""
    known = {"id": "V-5-1-582", "message": "Disk group x: No such disk group", "exit": 3}
    return {"ok": False, "error": {"rule": None, "cause": None, "fix": None, **known, **error}}


class FakeDaemon:
    """What was asked, in order; and where to ask."""

    def __init__(self, path: str, script: Script) -> None:
        self.path = path
        self.requests: list[Request] = []
        self._script = script
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _address = self._listener.accept()
            with connection:
                if not self._converse(connection):
                    return

    def _converse(self, connection: socket.socket) -> bool:
        """Answer until the other end hangs up; False if it came to say that all is over."""
        reader = FrameReader()
        while data := connection.recv(1 << 16):
            for request in reader.feed(data):
                if request == "stop":
                    return False
                assert isinstance(request, dict)
                self.requests.append(request)
                reply = self._script(request)
                if reply is None:  # the script hangs up
                    return True
                connection.sendall(reply if isinstance(reply, bytes) else pack_message(reply))
        return True

    def stop(self) -> None:
        """End the thread; no question is under way."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(self.path)
            last.sendall(pack_message("stop"))
        self._thread.join()
        self._listener.close()


@contextmanager
def fake_daemon(script: Script) -> Iterator[FakeDaemon]:
    """Serve a script on the socket of a new home, in a short path."""
    with tempfile.TemporaryDirectory() as home:
        daemon = FakeDaemon(f"{home}/vxconfigd.sock", script)
        try:
            yield daemon
        finally:
            daemon.stop()
