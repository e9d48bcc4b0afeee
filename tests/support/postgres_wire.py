"""A way to a PostgreSQL server on which things get lost, as a test says.

It listens on loopback and hands on to the server's Unix socket. What it does not hand on is as
lost: both ends keep their connection, and nothing tells them. What only the kernel could tell, or
not, is `tests.support.networks`.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.postgres_server import Server

_BYTES = 1 << 16
_COMMITTED = (b"COMMIT\x00", b"SELECT 1\x00")
"""How the server says that it has done it: at the end of some statements, or of one for all."""


class Wire:
    """The way; `url` leads over it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flowing = threading.Event()
        self._flowing.set()
        self._links: list[_Link] = []
        self._threads: list[threading.Thread] = []
        self._closed = False
        self.lose_request: bytes | None = None
        """The next request that has this in it does not arrive; its connection ends."""
        self.lose_half: bytes | None = None
        """... arrives with its first half."""
        self.lose_answer: bytes | None = None
        """... arrives, and that its transaction was committed does not come back."""
        self.rewrite: dict[bytes, bytes] = {}
        """What the server says -> what arrives, as long."""
        self.lost = threading.Event()
        """Something was lost as was asked for."""
        self._begin(self._accept)

    def url(self, database: str, user: str = "postgres", **options: str) -> str:
        where = {"host": "127.0.0.1", "port": str(self.port), "sslmode": "disable"}
        return self._server.url(database, user, **{**where, **options})

    def stall(self) -> None:
        """Hand on nothing from now on; new connections are taken and not answered."""
        self._flowing.clear()

    def flow(self) -> None:
        """Hand on again, also what came meanwhile."""
        self._flowing.set()

    def break_all(self) -> None:
        """End every connection at both ends."""
        for link in list(self._links):
            link.end()

    def close(self) -> None:
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self.break_all()
        for thread in self._threads:
            thread.join()
        for link in self._links:
            link.client.close()
            link.server.close()

    def _begin(self, work: object, *args: object) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._closed:
                client, _ = self._listener.accept()
                self._begin(self._join, client)

    def _join(self, client: socket.socket) -> None:
        self._flowing.wait()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._server.ground.directory / f".s.PGSQL.{self._server.port}"))
        except OSError:
            client.close()
            server.close()
            return
        link = _Link(client, server)
        self._links.append(link)
        if self._closed:
            link.end()
        self._begin(self._answers, link)
        self._requests(link)

    def _requests(self, link: _Link) -> None:
        with suppress(OSError):
            while data := link.client.recv(_BYTES):
                self._flowing.wait()
                if self._is_meant("lose_answer", data):
                    link.losing = True
                if self._is_meant("lose_half", data):
                    link.server.sendall(data[: len(data) // 2])
                    self.lost.set()
                    break
                if self._is_meant("lose_request", data):
                    self.lost.set()
                    break
                link.server.sendall(data)
        link.end()

    def _is_meant(self, what: str, data: bytes) -> bool:
        marker = getattr(self, what)
        if marker is None or marker not in data:
            return False
        setattr(self, what, None)
        return True

    def _answers(self, link: _Link) -> None:
        with suppress(OSError):
            while data := link.server.recv(_BYTES):
                self._flowing.wait()
                if link.losing and any(said in data for said in _COMMITTED):
                    self.lost.set()
                    break
                for said, arrives in self.rewrite.items():
                    data = data.replace(said, arrives)
                link.client.sendall(data)
        link.end()


class _Link:
    """One connection from a client on to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.losing = False

    def end(self) -> None:
        """Both ends hear of it; whoever reads stops."""
        for one in (self.client, self.server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(server: Server) -> Iterator[Wire]:
    """A way to a server that runs."""
    wire = Wire(server)
    try:
        yield wire
    finally:
        wire.close()
