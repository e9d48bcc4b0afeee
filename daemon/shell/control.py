"""The control socket: utilities connect here, and nobody else (A1, G1, G2).

One connection has one request under way; what else arrives waits in the order of its coming. Who
sends what is no message, or a message too slowly, loses the connection, and nobody else notices.
A peer that does not read its answer is dropped once the answer has waited long enough.
"""

from __future__ import annotations

import asyncio
import grp
import os
import socket
from collections import deque
from pathlib import Path
from typing import Any

from daemon.errors import ProtocolViolation
from daemon.shell.answers import answer_query, archive, pong
from daemon.shell.credentials import Peer, peer_of
from daemon.shell.following import Follower
from daemon.shell.relay import Relayed
from daemon.shell.requests import (
    ARCHIVE,
    SET_ASIDE,
    Command,
    Ping,
    Query,
    Watch,
    check_may_change,
    parse,
    submission,
)
from daemon.shell.service import Service
from daemon.shell.status import role_of
from daemon.wire.frames import MAX_FRAME, FrameReader, pack_message
from eventstore.errors import NotPermitted, Overloaded, Rejected, StoreError
from eventstore.text import iso

PIPELINED_MAX = 64
"""Requests that may wait behind the one under way; ours never send a second."""

SOCKET_MODE = 0o660


class Connection(asyncio.Protocol):
    """One utility's connection."""

    def __init__(self, server: ControlServer) -> None:
        self.refusal: StoreError | None = None
        self._server = server
        self._service = server.service
        self._frames = FrameReader(max_message=MAX_FRAME)
        self._waiting: deque[object] = deque()
        self._busy = False
        self._task: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._follower: Follower | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport
        self._peer: Peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who it is; turn away whoever may not even read, and one too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        raw: socket.socket = transport.get_extra_info("socket")
        self._peer = peer_of(raw, self._service.settings.socket.readers)
        limit = self._service.settings.limits.connections
        served = sum(other.refusal is None for other in self._server.connections)
        self._server.connections.add(self)
        if not self._peer.may_read:
            self.refusal = _not_a_reader(self._peer)
        elif served >= limit:
            self.refusal = _too_many(served)
        if self.refusal is not None:
            # Told once it asks: who is hung up on while it still writes never reads why.
            self._watch_for_the_rest(begun=True)
        if len(self._server.connections) > 2 * limit:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes; whole messages are requests."""
        if self.refusal is not None:
            self._send({"ok": False, "error": self.refusal.to_map()})
            self._transport.close()
            return
        try:
            messages = self._frames.feed(data)
        except ProtocolViolation as violation:
            self._server.note(f"{violation.message} -> connection of {self._peer.user} ended")
            self._transport.abort()
            return
        self._watch_for_the_rest()
        self._waiting += messages
        if len(self._waiting) > PIPELINED_MAX:
            self._server.note(f"too many requests at once -> {self._peer.user} is out")
            self._transport.abort()
            return
        self._next()

    def _watch_for_the_rest(self, *, begun: bool = False) -> None:
        """Give a message that has begun to arrive a bounded time to end."""
        if self._frames.is_between_messages and not begun:
            self._stop_watching()
        elif self._deadline is None:
            limit = self._service.settings.limits.frame_seconds
            self._deadline = asyncio.get_running_loop().call_later(limit, self._transport.abort)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _next(self) -> None:
        """Begin with the next request, unless one is under way."""
        while self._waiting and not self._busy and not self._transport.is_closing():
            self._busy = True
            try:
                self._handle(parse(self._waiting.popleft()))
            except StoreError as error:
                self._reply({"ok": False, "error": error.to_map()})

    def _handle(self, request: Command | Query | Watch | Ping) -> None:
        match request:
            case Command():
                driver = self._service.driver()
                if request.verb == SET_ASIDE:
                    check_may_change(self._peer)
                    driver.set_aside(request.expect, self._reply, dry_run=request.dry_run)
                    return
                if request.verb == ARCHIVE:
                    check_may_change(self._peer)
                    self._task = asyncio.get_running_loop().create_task(
                        self._later(archive(self._service, request))
                    )
                    return
                if not request.dry_run:
                    self._service.check_promises()
                self._service.submit(driver, submission(request, self._peer, 0), self._reply)
            case Query():
                answer = answer_query(self._service, request, self._tell)
                if isinstance(answer, dict):
                    self._reply(answer)
                else:
                    self._task = asyncio.get_running_loop().create_task(self._later(answer))
            case Watch():
                limit = self._service.settings.limits.follower_seconds
                follower = Follower(self._send, request, limit, self._role)
                self._follower = follower
                self._task = asyncio.get_running_loop().create_task(self._follow(follower))
            case Ping():
                self._reply(pong(self._service))

    async def _follow(self, follower: Follower) -> None:
        """Send commits until the connection ends; who is too slow is told where to resume."""
        try:
            await self._service.followers.follow(follower)
        except StoreError as error:
            self._server.note(f"{error.message} -> follower {self._peer.user} is out")
            self._send({"ok": False, "error": error.to_map(), "after": follower.after})
            self._transport.close()

    def _role(self) -> str:
        """Return what this node is: whether silence of its log means that nothing happened."""
        if not self._service.serving:
            return "unknown"
        node = self._service.driver().node
        return role_of(node, node.name)

    async def _later(self, coming: Any) -> None:
        try:
            answer = await coming
        except StoreError as error:
            answer = {"ok": False, "error": error.to_map()}
        if isinstance(answer, Relayed):
            await self._relay(answer)
        else:
            self._reply(answer)

    def _tell(self, frames: bytes) -> None:
        """Say how far an answer is, unless nobody takes it."""
        if self._writable.is_set() and not self._transport.is_closing():
            self._transport.write(frames)

    async def _relay(self, answer: Relayed) -> None:
        """Pass an answer on as fast as it is read: the next piece goes when the last has gone."""
        for piece in answer.pieces:
            if self._transport.is_closing():
                return
            self._transport.write(piece)
            await self._writable.wait()
        self._done()

    def _reply(self, answer: dict[str, Any]) -> None:
        """Send an answer, and go on with what waits behind the request."""
        if not self._transport.is_closing():
            self._send(answer)
        self._done()

    def _done(self) -> None:
        self._busy = False
        if self._waiting and not self._transport.is_closing():
            asyncio.get_running_loop().call_soon(self._next)

    def _send(self, answer: dict[str, Any]) -> None:
        time_us = answer.pop("at_us", None)
        if time_us is not None:
            answer["at"] = iso(time_us)
        self._transport.write(pack_message(answer))

    def pause_writing(self) -> None:
        """The peer does not read as fast as we write: take no more from it, and not for ever."""
        self._transport.pause_reading()
        self._writable.clear()
        self._stop_watching()
        if self._follower is not None:
            self._follower.pause()
        limit = self._service.settings.limits.drain_seconds
        self._deadline = asyncio.get_running_loop().call_later(limit, self._transport.abort)

    def resume_writing(self) -> None:
        """The peer has read what we wrote; what it began to send has to end in time again."""
        if self._follower is not None:
            self._follower.resume()
        self._writable.set()
        self._stop_watching()
        self._transport.resume_reading()
        self._watch_for_the_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; what it asked for goes on, and can be asked about (D13)."""
        del exc
        self._stop_watching()
        self._server.connections.discard(self)
        if self._task is not None:
            self._task.cancel()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()


class ControlServer:
    """The listening socket of a home."""

    def __init__(self, service: Service, path: Path) -> None:
        self.service = service
        self.connections: set[Connection] = set()
        self._path = path
        self._server: asyncio.Server | None = None

    def note(self, text: str) -> None:
        """Log what a connection did."""
        self.service.note(text)

    async def start(self) -> None:
        """Listen; the caller holds the home's lock, so a socket that is there is a dead one's."""
        self._path.unlink(missing_ok=True)
        listener = _listen(self._path)
        self._let_readers_in()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Connection(self), sock=listener)

    def _let_readers_in(self) -> None:
        """Give socket and home to the group that may read (G1).

        Raises:
            Rejected: there is no such group.
        """
        readers = self.service.settings.socket.readers
        if not readers:
            return
        try:
            gid = grp.getgrnam(readers).gr_gid
        except KeyError as error:
            raise Rejected(
                "V-5-1-7861",
                f"there is no group {readers}",
                cause="[socket] readers in config.toml names it",
                fix="make the group, or name another",
                rule="G1",
            ) from error
        os.chown(self._path, -1, gid)
        os.chown(self._path.parent, -1, gid)

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.abort()
        self._path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """Bind by way of the directory: an address holds 107 bytes, a home's path may be longer."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        listener.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
    path.chmod(SOCKET_MODE)
    listener.listen(128)
    listener.settimeout(0)
    return listener


def _too_many(count: int) -> Overloaded:
    return Overloaded(
        "V-5-1-7884",
        "too many utilities are connected",
        cause=f"{count} are, as many as [limits] connections allows",
        fix="try again",
        rule="G2",
    )


def _not_a_reader(peer: Peer) -> NotPermitted:
    return NotPermitted(
        "V-5-1-7885",
        f"{peer.user} may not ask this daemon",
        cause="neither root, nor the daemon's user, nor in the group that [socket] readers names",
        fix="ask as root, or have the group named in config.toml",
        rule="G1",
    )
