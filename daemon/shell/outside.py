"""What surrounds one incarnation of the core: its kernel, and the daemons of other nodes.

Inward everything becomes an input of the driver; outward the driver's messages and directives go
to whom they are for. A node that listens for no peers has none.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from daemon.config import Settings
from daemon.core.messages import AnyMessage
from daemon.core.node import Node
from daemon.core.ready import (
    Directive,
    Held,
    Leave,
    LeaveAllowed,
    Linked,
    Notified,
    Replay,
    Replayed,
    Viewed,
)
from daemon.core.view import View
from daemon.kernel.embedded import EmbeddedKernel
from daemon.kernel.linux import LinuxKernel
from daemon.kernel.port import KernelPort, News
from daemon.shell.driver import Driver
from daemon.shell.inquiries import Answer, Question
from daemon.shell.logs import Logger
from daemon.shell.past import PastReader
from daemon.shell.peers import Peers
from eventstore.errors import Unavailable
from eventstore.model.notifications import DevicesScanned

TLS = "tls"
INQUIRY_S = 20.0
"""How long another daemon may take for an answer."""
REPLAY_S = 3600.0
"""How long a replay of the whole log may take."""


class Surroundings:
    """The kernel and the peers of one incarnation."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        node: Node,
        past: PastReader,
        respond: Callable[[Question], Awaitable[Answer]],
        logger: Logger,
    ) -> None:
        self._home = home
        self._settings = settings
        self._node = node
        self._past = past
        self._respond = respond
        self._replaying: asyncio.Task[None] | None = None
        self._log = logger
        self._driver: Driver | None = None
        self._kernel: KernelPort | None = None
        self._peers: Peers | None = None
        self._linked: frozenset[str] = frozenset()

    @property
    def positions(self) -> dict[str, int]:
        """Return how far the shared log goes on connected nodes, as they said last."""
        return {} if self._peers is None else self._peers.positions

    @property
    def certificate_days(self) -> int | None:
        """Return for how many days this node's certificate is good; None: it has no peers."""
        return None if self._peers is None else self._peers.days_left

    async def start(self, driver: Driver) -> None:
        """Listen to peers and kernel; the first view and scan are in the log on return.

        Raises:
            Unavailable: the kernel does not answer, or the address of the peers is not to be had.
            Rejected: the certificates cannot be used.
        """
        self._driver = driver
        address = ""
        if self._settings.peers.listen:
            self._peers = self._make_peers(driver)
            await self._peers.start()
            address = self._peers.address
        self._kernel = self._make_kernel(address)
        await self._kernel.start(self._deliver)
        driver.pump()

    async def stop(self) -> None:
        """End both; nothing is delivered after this returns."""
        self._driver = None
        if self._replaying is not None:
            self._replaying.cancel()
        if self._kernel is not None:
            await self._kernel.stop()
        if self._peers is not None:
            await self._peers.stop()

    async def ask(self, node: str, question: str, args: Answer, at: Answer | None) -> Answer:
        """Return another daemon's answer to a question.

        Raises:
            Unavailable: it is out of reach.
        """
        if self._peers is None:
            raise Unavailable(
                "V-5-1-9137",
                f"node {node} is out of reach",
                cause="this node has no peers: config.toml names no [peers] listen",
                fix=f"ask on {node} itself, or read its log with --log",
                node=node,
            )
        return await self._peers.inquiries.ask(node, question, args, at, INQUIRY_S)

    def send(self, to: str, message: AnyMessage) -> None:
        """Send a message to a peer, or drop it."""
        if self._peers is not None:
            self._peers.send(to, message)

    def ask_scan(self, take: Callable[[DevicesScanned | None], None]) -> None:
        """Ask the kernel what it shows now; None: it does not answer."""
        if self._kernel is None:
            take(None)
        else:
            self._kernel.ask_scan(take)

    def direct(self, directive: Directive) -> None:
        """Tell the kernel what it is to do."""
        # That the node may leave is the answer to the kernel's next question (`_in_use`).
        if self._kernel is not None and not isinstance(directive, LeaveAllowed):
            self._kernel.direct(directive)

    def replay(self, wanted: Replay) -> None:
        """Have the shared log replayed by the reader of the past (G3)."""
        self._replaying = asyncio.get_running_loop().create_task(self._replay(wanted))

    async def _replay(self, wanted: Replay) -> None:
        args = {"position": wanted.position, "commit": wanted.commit}
        request = {"question": "replay.digest", "args": args, "at": None}
        answer = (await self._past.ask(request, REPLAY_S)).message()
        if not answer["ok"]:
            self._log.error("the shared log could not be replayed", cause=answer["error"])
            return
        data = answer["data"]
        if self._driver is not None and self._driver.failed is None:
            self._driver.put(Replayed(wanted.position, data["digest"], data["recorded"]))

    def _in_use(self) -> Sequence[str]:
        """Return what keeps this node in the cluster, after all that was heard so far (B8)."""
        if self._driver is not None:
            self._driver.pump()
        leaving = self._node.leaving
        return () if leaving.is_allowed else leaving.waits_for or ("not known yet",)

    def _deliver(self, news: News) -> None:
        """Take what the kernel says."""
        driver = self._driver
        if driver is None or driver.failed is not None:
            return
        if isinstance(news, View):
            if self._peers is not None:
                self._peers.follow({node.name: node.address for node in news.nodes if node.daemon})
            driver.put(Viewed(news))
        else:
            driver.put(news if isinstance(news, (Held, Leave)) else Notified(news))

    def _make_peers(self, driver: Driver) -> Peers:
        return Peers(
            self._node.name,
            self._node.member.cluster_id,
            self._home / TLS,
            listen=self._settings.peers.listen,
            on_message=driver.receive,
            on_heard=driver.heard,
            note=lambda text: self._log.info(text, source="peers"),
            on_change=self._links_changed,
            beat=lambda: self._node.member.end.position,
            respond=self._respond,
            limits=self._settings.peers,
        )

    def _links_changed(self) -> None:
        """Let the core know with whom there is a link now: it need not wait to be heard."""
        if self._peers is None or self._driver is None or self._driver.failed is not None:
            return
        fresh, self._linked = self._peers.connected - self._linked, self._peers.connected
        for node in sorted(fresh):
            self._driver.put(Linked(node))

    def _make_kernel(self, address: str) -> KernelPort:
        kernel, name = self._settings.kernel, self._node.name
        cluster_id = self._node.member.cluster_id

        def note(text: str) -> None:
            self._log.info(text, source="kernel")

        if kernel.type == "linux":
            return LinuxKernel(kernel.devices, node=name, cluster_id=cluster_id, note=note)
        return EmbeddedKernel(
            self._home / kernel.monitor,
            name,
            cluster_id=cluster_id,
            address=address,
            pid=os.getpid(),
            in_use=self._in_use,
            note=note,
        )
