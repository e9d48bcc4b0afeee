"""Daemons' links without daemons: real sockets and certificates, in one event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from msgspec.structs import replace

from daemon.config import PeerSettings
from daemon.core.messages import Agreed, AnyMessage, Piece
from daemon.shell import authority, handshake
from daemon.shell.dialing import split
from daemon.shell.handshake import Hello, Refusal
from daemon.shell.peers import Peers
from daemon.wire.frames import FrameReader
from eventstore.codec import Commit
from tests.support.waiting import DEADLINE_S, PAUSE_S

CLUSTER = "6f1e"
LIMITS = PeerSettings(heartbeat_seconds=0.05, silence_seconds=10.0, retry_seconds=0.2)
IMPATIENT = replace(LIMITS, silence_seconds=0.3, frame_seconds=0.3, handshake_seconds=0.3)


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end; what goes wrong in a callback is not lost."""

    async def watched() -> None:
        wrong: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: wrong.append(what))
        await story
        assert wrong == []

    asyncio.run(watched())


async def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: it did not hold within the deadline.
    """
    end = monotonic() + deadline_s
    while not condition():
        if monotonic() > end:
            raise TimeoutError(f"{condition} did not hold within {deadline_s} s")
        await asyncio.sleep(PAUSE_S)


class Node:
    """One node's peers, and everything that they told it."""

    def __init__(
        self, name: str, home: Path, limits: PeerSettings, cluster_id: str = CLUSTER
    ) -> None:
        self.name = name
        self.home = home
        self.limits = limits
        self.cluster_id = cluster_id
        self.got: list[tuple[str, AnyMessage]] = []
        self.notes: list[str] = []
        self.seen: list[frozenset[str]] = []
        self.peers = self._make("127.0.0.1:0")

    def _make(self, listen: str) -> Peers:
        return Peers(
            self.name,
            self.cluster_id,
            self.home / authority.TLS,
            listen=listen,
            on_message=lambda sender, message: self.got.append((sender, message)),
            note=self.notes.append,
            on_change=lambda: self.seen.append(self.peers.connected),
            limits=self.limits,
        )

    @property
    def address(self) -> str:
        return self.peers.address

    def renew(self) -> None:
        """Be a daemon that was started anew, at the same address."""
        self.peers = self._make(self.address)

    async def stop(self) -> None:
        await self.peers.stop()

    def said(self, text: str) -> int:
        """How many notes have a text in them."""
        return sum(text in note for note in self.notes)

    async def sees(self, *names: str) -> None:
        await until(lambda: self.peers.connected == frozenset(names))

    async def gets(self, message: AnyMessage, sender: str) -> None:
        await until(lambda: (sender, message) in self.got)


def follow_all(nodes: Mapping[str, Node]) -> None:
    addresses = {name: node.address for name, node in nodes.items()}
    for node in nodes.values():
        node.peers.follow(addresses)


@asynccontextmanager
async def nodes(
    directory: Path, *names: str, limits: PeerSettings = LIMITS
) -> AsyncIterator[dict[str, Node]]:
    """Nodes that listen and know nothing of each other yet."""
    authority.create(directory / "ca", CLUSTER)
    async with AsyncExitStack() as stack:
        made: dict[str, Node] = {}
        for name in names:
            authority.issue(directory / "ca", name, directory / name)
            node = made[name] = Node(name, directory / name, limits)
            await node.peers.start()
            stack.push_async_callback(node.stop)
        yield made


@asynccontextmanager
async def cluster(
    directory: Path, *names: str, limits: PeerSettings = LIMITS
) -> AsyncIterator[dict[str, Node]]:
    """Nodes that are connected with each other."""
    async with nodes(directory, *names, limits=limits) as made:
        follow_all(made)
        for name, node in made.items():
            await node.sees(*(other for other in names if other != name))
        yield made


def agreed(number: int) -> Agreed:
    """A short message."""
    return Agreed(1, number)


def piece(number: int, mib: int = 1) -> Piece:
    """A long message."""
    commit = Commit(1, b"header", b"", bytes(1 << 16), bytes(32), bytes(17), 1, 1)
    return Piece(1, number, number, (commit,) * (16 * mib))


class Stranger:
    """The bare other end of a connection, for what no daemon of ours would send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._frames = FrameReader()
        self._heard: list[bytes] = []

    def send(self, body: bytes) -> None:
        """Send a frame."""
        self.writer.write(len(body).to_bytes(4, "big") + body)

    async def hear(self) -> bytes | None:
        """Return the next frame's body; None when the other end has hung up."""
        with suppress(OSError):
            while not self._heard:
                data = await asyncio.wait_for(self._reader.read(1 << 16), DEADLINE_S)
                if not data:
                    return None
                self._heard += self._frames.feed_bodies(data)
            return self._heard.pop(0)
        return None

    async def greet(self, hello: Hello) -> Hello | Refusal | None:
        self.send(handshake.encode(hello))
        answer = await self.hear()
        return None if answer is None else handshake.decode(answer)

    async def is_hung_up_on(self) -> bool:
        while await self.hear() is not None:
            pass
        return True


def context(home: Path | None = None, version: int = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """The TLS of a client that has the certificate of a home, or none, and trusts anybody."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = ssl.TLSVersion(version)
    if home is not None:
        made.load_cert_chain(home / "tls" / "cert.pem", home / "tls" / "key.pem")
    return made


@asynccontextmanager
async def stranger(node: Node, security: ssl.SSLContext | None) -> AsyncIterator[Stranger]:
    """A bare connection to a node; without TLS if there is no context.

    Raises:
        OSError: it did not come about.
    """
    host, port = split(node.address)
    reader, writer = await asyncio.open_connection(host, port, ssl=security)
    try:
        yield Stranger(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def silent_listener() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """An address where somebody accepts, and says nothing; and who has called there."""
    callers: list[asyncio.StreamWriter] = []

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", callers
    finally:
        server.close()
        for caller in callers:
            caller.transport.abort()
            with suppress(OSError):
                await caller.wait_closed()
