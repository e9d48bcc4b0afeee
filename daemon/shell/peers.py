"""The daemons of other nodes: a link with each that the kernel's view names (G1, E7, I14).

Every node dials every other, so whichever comes back is connected at once. Of two connections
between the same two nodes the node whose name is lower keeps the newer and ends the older; the
other uses what is left to it. So one end decides alone, and half a connection whose other end is
gone gives way to its successor. It decides nothing about membership, and a lost message is none of
its business: the core repeats what matters (G4).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from daemon.config import PeerSettings
from daemon.core import messages
from daemon.core.messages import AnyMessage
from daemon.shell import clock, handshake, tls
from daemon.shell.dialing import Dialer, split
from daemon.shell.handshake import Hello, Identity, Refusal
from daemon.shell.inquiries import Answer, Inquiries, Question
from daemon.shell.link import MESSAGE_MAX, Link
from daemon.shell.listening import Listener
from daemon.shell.notices import Notices
from eventstore.errors import NotFound, StoreError

SHUTDOWN_S = 1.0
"""How long a connection that this end closed may take to say good-bye."""
HELD_MS = 1000
"""A link that lasted so long was good: when it ends it is dialed at once again."""
LINKS_MAX = 2
"""With one node; more are only there while a decision about two is on its way."""
_DAY_MS = 86_400_000
_DEFAULTS = PeerSettings()


class Peers:
    """All links of one daemon; every method is to be called in its event loop.

    `on_message` gets what a node said, which has been authenticated as that node; if it raises a
    StoreError the message is dropped. `on_heard` is called when all was handed over that had come
    together.
    `on_change` is called when `connected` is another than before. `beat` gives the position that
    every heartbeat tells, `respond` the answer to a question of another daemon.
    """

    def __init__(  # noqa: PLR0913 a node, where it listens, and whom it tells
        self,
        name: str,
        cluster_id: str,
        directory: Path,
        *,
        listen: str,
        on_message: Callable[[str, AnyMessage], None],
        on_heard: Callable[[], None] = lambda: None,
        note: Callable[[str], None],
        on_change: Callable[[], None] = lambda: None,
        beat: Callable[[], int] = lambda: 0,
        respond: Callable[[Question], Awaitable[Answer]] | None = None,
        limits: PeerSettings = _DEFAULTS,
    ) -> None:
        self.connected: frozenset[str] = frozenset()
        self.positions: dict[str, int] = {}
        """Node -> how far its shared log goes, as its last heartbeat said."""
        self.inquiries = Inquiries(self._send_body, respond or _knows_nothing)
        self._beat = beat
        self._name = name
        self._own = Hello(cluster_id, name)
        self._tls = directory
        self._listen = listen
        self._limits = limits
        self._on_message = on_message
        self._on_heard = on_heard
        self._on_change = on_change
        self._notices = Notices(note)
        self._strangers = Notices(note)
        """Apart, so that nobody from outside can keep this daemon from speaking of its peers."""
        self._credentials: tls.Credentials | None = None
        self._stamp: object = None
        self._dialers: dict[str, Dialer] = {}
        self._links: dict[str, list[tuple[Link, int]]] = {}
        """Node -> its open links, the newest last, each with the moment at which it opened."""
        self._current: dict[str, Link] = {}
        self._all: set[Link] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._warned_ms = -_DAY_MS
        self._listener = Listener(
            self._admit,
            self._strangers.once,
            strangers_max=limits.unauthenticated,
            is_full=lambda: len(self._all) >= limits.connections,
        )

    @property
    def address(self) -> str:
        """Return where this node listens, as ``host:port``."""
        return self._listener.address

    @property
    def days_left(self) -> int | None:
        """Return for how many days this node's certificate is good; None before the start."""
        return None if self._credentials is None else self._credentials.days_left

    async def start(self) -> None:
        """Listen; before this nothing else may be called.

        Raises:
            Rejected: the certificates cannot be used, or the address is none.
            Unavailable: the address is not to be had.
        """
        self._stamp = tls.stamp(self._tls)
        self._credentials = tls.load(self._tls, Identity(self._own.cluster, self._name))
        self._listener.start(self._listen)
        self._tick()

    async def stop(self) -> None:
        """End everything."""
        if self._timer is not None:
            self._timer.cancel()
        self.inquiries.stop()
        self.follow({})
        await self._listener.stop()
        for link in tuple(self._all):
            link.end("this daemon stops")
        waiting = [*self._stopping, *(link.over for link in self._all)]
        if waiting:
            await asyncio.wait(waiting)

    def follow(self, addresses: Mapping[str, str]) -> None:
        """Have a link with each of these nodes, at ``host:port``, and with no other."""
        wanted = {node: at for node, at in addresses.items() if node != self._name}
        for node in [*self._dialers]:
            moved = wanted.get(node) != self._dialers[node].address
            if moved:
                self._stop(self._dialers.pop(node))
            for link, _since in self._links.get(node, ())[:]:
                if node not in wanted or (moved and link.dialed is not None):
                    link.end("the view has it elsewhere, or no more")
        for node, address in wanted.items():
            if node not in self._dialers:
                self._dialers[node] = self._dialer(node, address)

    def _dialer(self, node: str, address: str) -> Dialer:
        return Dialer(
            address,
            lambda: self._dial(node, address),
            lambda: node in self._current,
            self._limits.retry_seconds,
        )

    def _stop(self, dialer: Dialer) -> None:
        task = asyncio.get_running_loop().create_task(dialer.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def send(self, to: str, message: AnyMessage) -> None:
        """Send a message if there is a link, and room; else it is lost."""
        link = self._current.get(to)
        if link is None:
            self._notices.once(to, "there is no connection; what is sent is dropped")
            return
        body = messages.encode(message)
        if len(body) > MESSAGE_MAX:
            self._notices.once(to, f"a message of {len(body)} bytes is longer than a peer takes")
        elif not link.send(body):
            self._notices.once(to, "it takes less than it is sent; what is too much is dropped")

    def _send_body(self, to: str, body: bytes) -> bool:
        link = self._current.get(to)
        return link is not None and len(body) <= MESSAGE_MAX and link.send(body)

    def reload(self) -> None:
        """Read the certificates anew; if they are others, every link is opened anew with them.

        What cannot be used is noted, and changes nothing.
        """
        if self._credentials is None:  # it has not started: it will read them then
            return
        self._stamp = tls.stamp(self._tls)
        try:
            if tls.digest(self._tls) == self._credentials.digest:
                return
            fresh = tls.load(self._tls, Identity(self._own.cluster, self._name))
        except (StoreError, OSError) as error:
            cause = error.cause if isinstance(error, StoreError) else str(error)
            self._notices.once("certificates", f"kept as they were: {error}: {cause}")
            return
        self._credentials = fresh
        self._notices.forget("certificates")
        self._notices.once("certificates", f"read anew, good for {fresh.days_left} days")
        for link in tuple(self._all):
            link.end("the certificates are others; the connection is opened anew")

    def _tick(self) -> None:
        """Give every link its heartbeat, and look whether certificates have to be cared for."""
        assert self._credentials is not None
        self._timer = asyncio.get_running_loop().call_later(
            self._limits.heartbeat_seconds, self._tick
        )
        self._notices.breathe()
        self._strangers.breathe()
        position = self._beat()
        for link in tuple(self._all):
            link.tick(position)
        if tls.stamp(self._tls) != self._stamp:
            self.reload()
        days = self._credentials.days_left
        if days < tls.WARN_DAYS and clock.now_ms() - self._warned_ms >= _DAY_MS:
            self._warned_ms = clock.now_ms()
            self._notices.forget("certificate")
            said = f"ends in {days} days" if days >= 0 else "has expired"
            self._notices.once("certificate", f"this node's {said}; issue another")

    async def _dial(self, node: str, address: str) -> None:
        """Call a node; return once it is connected, or will not be by this call."""
        if not address:  # it is in the view, and nobody knows where: it will dial
            return
        assert self._credentials is not None
        loop, context = asyncio.get_running_loop(), self._credentials.dialing
        try:
            host, port = split(address)
            async with (
                self._new_link(node) as link,
                asyncio.timeout(self._limits.handshake_seconds),
            ):
                await loop.create_connection(
                    lambda: link, host, port, ssl=context, ssl_shutdown_timeout=SHUTDOWN_S
                )
        except (OSError, ValueError) as error:
            self._notices.once(node, f"not reached at {address}: {tls.why(error)}")

    async def _admit(self, accepted: socket.socket, source: str) -> None:
        """Take a connection from outside through TLS and its greeting."""
        assert self._credentials is not None
        try:
            async with self._new_link(None) as link:
                await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: link,
                    accepted,
                    ssl=self._credentials.accepting,
                    ssl_handshake_timeout=self._limits.handshake_seconds,
                    ssl_shutdown_timeout=SHUTDOWN_S,
                )
        except OSError as error:
            self._strangers.once(source, f"refused: V-5-1-9046 {tls.why(error)}")

    @asynccontextmanager
    async def _new_link(self, dialed: str | None) -> AsyncIterator[Link]:
        """Give a link that is connected inside; leave when it is open, or has ended."""
        link = Link(self, self._own, self._limits, dialed)
        self._all.add(link)
        link.over.add_done_callback(lambda _done: self._all.discard(link))
        try:
            yield link
            await asyncio.wait([link.settled])
        finally:
            if not link.is_made:
                link.never_made()
            elif not link.settled.done():
                link.end("gave way to another connection")

    def judge(self, link: Link, said: Hello) -> Refusal | None:
        """Say why the other end of a link is refused, or None."""
        certificate = handshake.certified(link.transport.get_extra_info("peercert"))
        refusal = handshake.judge(said, certificate, self._own, link.dialed)
        if refusal is None and said.node not in self._dialers:
            return Refusal("V-5-1-9051", f"{said.node} is not in the view of {self._name}")
        return refusal

    def opened(self, link: Link) -> None:
        """Take a link into use; of two with one node the lower name decides."""
        node = link.node
        links = self._links.setdefault(node, [])
        links.append((link, clock.now_ms()))
        if self._name < node:
            if link.dialed is None:
                self._dialers[node].give_up_attempt()
            kept = 1
        else:
            kept = LINKS_MAX
        for old, _since in links[:-kept]:
            old.end("replaced by a newer connection")
        self._current[node] = link
        link.beat(self._beat())
        self._changed()

    def received(self, link: Link, message: AnyMessage) -> None:
        """Hand on what a node said."""
        try:
            self._on_message(link.node, message)
        except StoreError as error:
            self._notices.once(link.node, f"a message was dropped: {error.message}")

    def heard(self) -> None:
        """Have what a node said at once looked at together."""
        self._on_heard()

    def inquired(self, link: Link, body: bytes) -> None:
        """Take a question of a node, or its answer to one."""
        self.inquiries.take(link.node, body)

    def beaten(self, link: Link, position: int) -> None:
        """Learn how far a node's shared log goes."""
        self.positions[link.node] = position

    def lost(self, link: Link, reason: str) -> None:
        """Forget a link, and use what is left; dial again if nothing is."""
        if link.hello is None:
            if link.dialed is None:
                self._strangers.once(link.subject, reason)
            elif link.dialed not in self._current:  # else the other node was quicker
                self._notices.once(link.subject, reason)
            return
        node, now_ms = link.node, clock.now_ms()
        links = self._links.get(node, [])
        held = any(now_ms - since >= HELD_MS for other, since in links if other is link)
        links[:] = [one for one in links if one[0] is not link]
        if links:
            self._current[node] = links[-1][0]
            return
        del self._links[node], self._current[node]
        self.positions.pop(node, None)
        self.inquiries.lost(node)
        if held:
            self._notices.forget(node)
        self._notices.once(node, f"connection ended: {reason}")
        if node in self._dialers:
            self._dialers[node].lost(held=held)
        self._changed()

    def _changed(self) -> None:
        now = frozenset(self._current)
        if now != self.connected:
            self.connected = now
            self._on_change()


async def _knows_nothing(said: Question) -> Answer:
    raise NotFound("V-5-1-7846", f"there is no question {said.question!r}")
