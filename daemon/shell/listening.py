"""Where other daemons connect: accepting, and what a stranger can make this node hold (G1, I14).

A connection is a stranger's until it has shown a certificate and said who it is. When too many
strangers are here the oldest of them goes, not the newest: a node of the cluster is through in
milliseconds, and whoever only keeps a connection open makes room.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable

from daemon.shell.dialing import split
from eventstore.errors import Rejected, Unavailable

_BACKLOG = 128
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_S = 0.5
"""Between two tries to accept where the process has no descriptor left."""

Admit = Callable[[socket.socket, str], Awaitable[None]]


class Listener:
    """One listening socket; `admit` takes a connection through its greeting and never raises."""

    def __init__(
        self,
        admit: Admit,
        note: Callable[[str, str], None],
        *,
        strangers_max: int,
        is_full: Callable[[], bool],
    ) -> None:
        self.address = ""
        """Where it listens, or did, as ``host:port``."""
        self._admit = admit
        self._note = note
        self._strangers_max = strangers_max
        self._is_full = is_full
        self._strangers: dict[asyncio.Future[None], None] = {}
        """In the order of their coming."""
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, address: str) -> None:
        """Listen.

        Raises:
            Rejected: it is no address.
            Unavailable: the address is not to be had.
        """
        try:
            host, port = split(address)
        except ValueError as error:
            raise Rejected(
                "V-5-1-9045",
                f"the daemon cannot listen for its peers at {address}",
                cause=str(error),
                fix="give HOST:PORT as [peers] listen in config.toml",
                rule="G1",
            ) from error
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise Unavailable(
                "V-5-1-9045",
                f"the daemon cannot listen for its peers at {address}",
                cause=error.strerror or str(error),
                fix="end what has the port, or give another as [peers] listen in config.toml",
                rule="G1",
            ) from error
        listener.setblocking(False)  # noqa: FBT003 the standard library's own signature
        at, port = listener.getsockname()[:2]
        self.address = f"[{at}]:{port}" if ":" in at else f"{at}:{port}"
        self._socket = listener
        self._task = asyncio.get_running_loop().create_task(self._accept(listener))

    async def stop(self) -> None:
        """Stop listening, and hang up on strangers."""
        if self._socket is not None:
            # A connection that comes in this very turn would go to a future that is cancelled.
            asyncio.get_running_loop().remove_reader(self._socket)
        waiting: list[asyncio.Future[None]] = [*self._strangers]
        if self._task is not None:
            waiting.append(self._task)
        for one in waiting:
            one.cancel()
        if waiting:
            await asyncio.wait(waiting)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, source = await loop.sock_accept(listener)
            except OSError as error:
                if error.errno not in _SCARCE:
                    continue  # that one connection was gone before it was taken
                self._note("listening", f"nobody can connect: {error.strerror}")
                await asyncio.sleep(_PAUSE_S)
                continue
            if self._is_full():
                accepted.close()
                self._note(source[0], "too many connections; this one was closed")
            else:
                self._let_in(accepted, source[0])

    def _let_in(self, accepted: socket.socket, source: str) -> None:
        if len(self._strangers) >= self._strangers_max:
            next(iter(self._strangers)).cancel()
            self._note(
                source, "too many connections that do not say who they are; the oldest goes"
            )
        task = asyncio.ensure_future(self._admit(accepted, source))
        self._strangers[task] = None
        task.add_done_callback(lambda done: self._strangers.pop(done, None))
