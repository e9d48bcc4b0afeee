"""The monitor's socket: one request or one attached node for each connection (MONITOR.md)."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ProtocolViolation
from daemon.kernel import directives, unixsocket
from daemon.kernel.monitor import asked, changes as ch, disks
from daemon.kernel.monitor.keeper import Keeper
from daemon.kernel.monitor.streams import Attached, view_message
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import NotPermitted, Rejected, StoreError

SOCKET = "monitor.sock"

MAX_FRAME_BYTES = 64 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
"""A hold of twenty thousand volumes; requests need less than 4 KiB."""

MAX_ITEMS = 64 * 1024

REQUEST_DEADLINE_S = 10.0
"""How long a connection may take to say what it wants."""

MAX_CONNECTIONS = 192
"""Two for each node of the largest cluster of the original (64), and as many requests again."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


class AttachRequest(msgspec.Struct, frozen=True):
    """What a daemon says of itself; what a later release adds is left aside.

    `pid`: this process dies when the node crashes.
    """

    node: str
    run: str = ""
    address: str = ""
    cluster_id: str = ""
    pid: int | None = None


class Server:
    """Serves one directory until it is told to stop."""

    def __init__(self, directory: Path, monitor: disks.Monitor) -> None:
        self._directory = directory
        self._keeper = Keeper(directory, monitor)
        self._connections: set[asyncio.Task[None]] = set()
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        """Listen on DIR/monitor.sock until `stopped` is set.

        Raises:
            OSError: the socket cannot be made.

        """
        path = self._directory / SOCKET
        path.unlink(missing_ok=True)
        listener = _bind(path)
        self._keeper.begin()
        server = await asyncio.start_unix_server(self._connected, sock=listener)
        try:
            await self.stopped.wait()
        finally:
            server.close()
            path.unlink(missing_ok=True)
            await self._keeper.end()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, ProtocolViolation, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()  # G2: malformed input costs the sender its connection
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        messages = _messages(reader)
        async with asyncio.timeout(REQUEST_DEADLINE_S):
            request = await anext(messages, None)
        if request is None:
            return
        try:
            if request.get("op") == "attach":
                attached = self._attach(request, writer)
                await self._stream(attached, messages, writer)
                return
            answer = {"ok": True, "data": await asked.answer(self._keeper, request)}
        except StoreError as error:
            answer = {"ok": False, "error": error.to_map()}
        await _send(writer, answer)
        if request.get("op") == "stop":
            self.stopped.set()

    def _attach(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> Attached:
        request["node"] = str(request.get("node"))[:256]
        try:
            said = msgspec.convert(request, AttachRequest)
        except msgspec.ValidationError as error:
            raise Rejected("V-5-1-9018", "malformed attach request", cause=str(error)) from error
        process = None if said.pid is None else _process(said.pid, writer)
        run = said.run or os.urandom(8).hex()
        try:
            daemon = ch.Attach(said.node, run, said.address, said.cluster_id)
            return self._keeper.attach(daemon, process)
        except StoreError:
            if process is not None:
                os.close(process)
            raise

    async def _stream(
        self,
        attached: Attached,
        messages: AsyncIterator[dict[str, Any]],
        writer: asyncio.StreamWriter,
    ) -> None:
        """Tell a node what happens, and take its directives, until either side goes away."""
        parts = {
            asyncio.ensure_future(self._tell(attached, writer)),
            asyncio.ensure_future(self._hear(attached, messages)),
            asyncio.ensure_future(attached.closed.wait()),
        }
        try:
            done, _rest = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            self._keeper.detached(attached)

    async def _tell(self, attached: Attached, writer: asyncio.StreamWriter) -> None:
        while True:
            message = await attached.next()
            if message is not None:
                await _send(writer, message)
                continue
            view = self._keeper.monitor.members.view_of(attached.node)
            await _send(writer, view_message(view))
            scan = self._keeper.scan(attached.node, "overrun")
            await _send(writer, msgspec.to_builtins(scan))
            while attached.asked and not attached.lost:
                attached.asked -= 1
                attached.tell(self._keeper.scan(attached.node, "request"))

    async def _hear(self, attached: Attached, messages: AsyncIterator[dict[str, Any]]) -> None:
        """Take what a node's daemon asks of its kernel, and what it says when it is asked."""
        async for message in messages:
            try:
                if message.get("d") == "in-use":
                    volumes = msgspec.convert(message.get("volumes"), list[str])
                    if attached.in_use is not None and not attached.in_use.done():
                        attached.in_use.set_result(volumes)
                    continue
                if message.get("d") == "scan":
                    attached.tell(self._keeper.scan(attached.node, "request"))
                    continue
                number, directive = directives.from_map(message)
            except msgspec.ValidationError as error:
                raise ProtocolViolation(f"malformed directive: {error}") from error
            state = self._keeper.monitor.members.nodes[attached.node]
            if state.runs != attached.number:
                return
            self._keeper.change(ch.Directed(attached.node, state.run, number, directive))
            attached.put({"t": "taken", "n": number})


def _process(pid: int, writer: asyncio.StreamWriter) -> int:
    """Return a pidfd of the process at the other end, if that is the one it names.

    Raises:
        NotPermitted: it names another.

    """
    connection = writer.get_extra_info("socket")
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    peer, _uid, _gid = _CREDENTIALS.unpack(data)
    if pid != peer:
        raise NotPermitted(
            "V-5-1-9080",
            f"process {peer} says that it is process {pid}",
            cause="a node's crash kills the daemon, and only a daemon's own word counts",
            fix="attach from the daemon's own process",
        )
    return os.pidfd_open(peer)


def _bind(path: Path) -> socket.socket:
    """Make the socket with mode 0660: there is no moment at which it has more."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o117)
    try:
        with unixsocket.short(path) as address:
            listener.bind(address)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    frames = FrameReader(MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, MAX_ITEMS)
    while data := await reader.read(MAX_FRAME_BYTES):
        for message in frames.feed(data):
            if not isinstance(message, dict):
                raise ProtocolViolation("a request is a map")
            yield message


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(pack_message(message))
    await writer.drain()
