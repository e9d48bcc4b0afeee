"""The monitor's socket: one request or one attached node for each connection.

A change of a disk is written to monitor.json before any node is told of it. A node that does not
take up its notifications gets a scan in their place, with the reason "overrun" (A5).
"""

import asyncio
import os
import socket
import time
from collections import deque
from pathlib import Path
from typing import Literal

import msgspec

from daemon.errors import ProtocolViolation
from daemon.kernel import unixsocket
from daemon.kernel.monitor import disks, store
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import Rejected, StoreError, Unavailable
from eventstore.model.notifications import DevicesScanned, Notification

SOCKET = "monitor.sock"

MAX_REQUEST_BYTES = 4096
"""A request names a disk and a node; the longest needs less than 200 bytes."""

REQUEST_DEADLINE_S = 10.0
"""How long a connection may take to say what it wants."""

MAX_CONNECTIONS = 128
"""One for each node of the largest cluster of the original (64), and as many requests."""

MAX_WAITING = 1024
"""Notifications kept for a node that is slow to take them up; then it gets a scan instead."""


class Attached:
    """One node's stream: what waits to be sent, in order."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.lost = False
        self._waiting: deque[Notification] = deque()
        self._news = asyncio.Event()

    def tell(self, notification: Notification) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self.lost = True
        if not self.lost:
            self._waiting.append(notification)
        self._news.set()

    async def next(self) -> Notification | None:
        """The next notification; None if some were lost since the last one."""
        while not self._waiting and not self.lost:
            self._news.clear()
            await self._news.wait()
        if self.lost:
            self.lost = False
            return None
        return self._waiting.popleft()


class Server:
    """Serves one directory until it is told to stop."""

    def __init__(self, directory: Path, monitor: disks.Monitor) -> None:
        self._directory = directory
        self._monitor = monitor
        self._attached: set[Attached] = set()
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
        server = await asyncio.start_unix_server(self._connected, sock=listener)
        try:
            await self.stopped.wait()
        finally:
            server.close()
            path.unlink(missing_ok=True)
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
        async with asyncio.timeout(REQUEST_DEADLINE_S):
            request = await _read_request(reader)
        if request is None:
            return
        try:
            if request.get("op") == "attach":
                await self._stream(_node_of(request, self._monitor), reader, writer)
                return
            answer = {"ok": True, "data": self._answer(request)}
        except StoreError as error:
            answer = {"ok": False, "error": error.to_map()}
        await _send(writer, answer)
        if request.get("op") == "stop":
            self.stopped.set()

    def _answer(self, request: dict[str, object]) -> object:
        match request.get("op"):
            case "disk":
                return self._disk(request)
            case "status":
                return self._status()
            case "stop":
                return {}
            case other:
                raise Rejected("V-5-1-9018", f"unknown request: {str(other)[:40]!r}")

    def _disk(self, request: dict[str, object]) -> object:
        wanted = {key: value for key, value in request.items() if key != "op"}
        if wanted.get("action") == "pull":
            wanted["action"] = "remove"
        try:
            asked = msgspec.convert(wanted, disks.DiskRequest)
        except msgspec.ValidationError as error:
            raise Rejected("V-5-1-9018", "malformed disk request", cause=str(error)) from error
        told = disks.apply(self._monitor, asked, time.time_ns() // 1000)
        try:
            store.save(self._directory, told.monitor)
        except OSError as error:
            raise Unavailable(
                "V-5-1-9019", "the monitor cannot write its state", cause=str(error)
            ) from error
        self._monitor = told.monitor
        for attached in self._attached:
            if attached.node in told.notifications:
                attached.tell(told.notifications[attached.node])
        return {"seqnum": told.monitor.seqnum, "nodes": sorted(told.notifications)}

    def _status(self) -> object:
        state = msgspec.to_builtins(self._monitor, order="deterministic")
        return {**state, "pid": os.getpid(), "attached": sorted(a.node for a in self._attached)}

    async def _stream(
        self, node: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Send view, scan and notifications until the node goes away."""
        attached = Attached(node)
        await _send(writer, self._view(node))
        self._attached.add(attached)
        attached.tell(self._scan(node, "start"))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while not gone.done():
                following = asyncio.ensure_future(attached.next())
                try:
                    await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
                    if following.done():
                        news = following.result() or self._scan(node, "overrun")
                        await _send(writer, msgspec.to_builtins(news))
                finally:
                    following.cancel()
        finally:
            self._attached.discard(attached)
            gone.cancel()

    def _view(self, node: str) -> dict[str, object]:
        """One membership, and this node's part in it (A3): a lone node is its master."""
        return {
            "t": "view",
            "cluster": self._monitor.cluster,
            "node": node,
            "members": list(self._monitor.nodes),
            "master": self._monitor.nodes[0],
            "role": "master" if node == self._monitor.nodes[0] else "slave",
            "boot_id": self._monitor.boot_id,
        }

    def _scan(self, node: str, reason: Literal["start", "overrun"]) -> DevicesScanned:
        return DevicesScanned(
            reason=reason,
            devices=disks.scan(self._monitor, node),
            kernel_us=time.time_ns() // 1000,
            boot_id=self._monitor.boot_id,
        )


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


def _node_of(request: dict[str, object], monitor: disks.Monitor) -> str:
    node = str(request.get("node"))[:256]
    disks.check_node(monitor, node)
    return node


async def _read_request(reader: asyncio.StreamReader) -> dict[str, object] | None:
    frames = FrameReader(MAX_REQUEST_BYTES, MAX_REQUEST_BYTES)
    while data := await reader.read(MAX_REQUEST_BYTES):
        for message in frames.feed(data):
            if not isinstance(message, dict):
                raise ProtocolViolation("a request is a map")
            return message
    return None


async def _send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(pack_message(message))
    await writer.drain()
