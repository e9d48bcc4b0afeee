"""The embedded monitor as the daemon's kernel.

Theory of operation. One connection to the monitor's socket carries views, a scan and then the
notifications; in the other direction go directives (MONITOR.md). While the connection is down
nothing can be observed, so the scan that the next one begins with is delivered with the reason
"overrun" (A5). A directive waits here until the monitor has taken it: what was under way as the
connection broke is sent again over the next one, and the monitor takes it once.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from daemon.core.ready import Directive, Held, Leave
from daemon.core.view import View
from daemon.errors import ProtocolViolation
from daemon.kernel import directives, unixsocket
from daemon.kernel.port import Deliver, Note, no_note
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import Unavailable
from eventstore.model.notifications import DevicesScanned, Notification

MAX_FRAME_BYTES = 1024 * 1024
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_ITEMS = 1024 * 1024
"""A scan of a hundred thousand disks, nine values each."""

READ_BYTES = 64 * 1024
ASKED_MAX = 16
"""Scans that may be asked for at once: the monitor keeps each until it is sent."""

RETRY_FIRST_S = 0.05
RETRY_MAX_S = 2.0
"""A monitor that comes back is found within two seconds; one that does not costs nothing."""


class EmbeddedKernel:
    """A `KernelPort` that listens to the monitor at a socket, on behalf of one node.

    Each is one run of the node's daemon. `address` is where that listens to its peers. `pid` is
    the process that a crash of the node kills; None for one that is to live on. `in_use` says
    what is in use here, once the daemon was told that the node is to leave (B8).
    `start_deadline_s` bounds how long the start waits for the first scan. `note` is told when the
    connection is lost and found.
    """

    def __init__(  # noqa: PLR0913 each is a fact about the daemon, and all but two have a default
        self,
        socket: Path,
        node: str,
        *,
        cluster_id: str = "",
        address: str = "",
        pid: int | None = None,
        in_use: Callable[[], Sequence[str]] = tuple,
        start_deadline_s: float = 10.0,
        note: Note = no_note,
    ) -> None:
        self._socket = socket
        self._node = node
        self._facts = {"cluster_id": cluster_id, "address": address, "pid": pid}
        self._run = os.urandom(16).hex()
        self._in_use = in_use
        self._start_deadline_s = start_deadline_s
        self._note = note
        self._deliver: Deliver = lambda _: None
        self._scanned = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._directed = 0
        self._waiting: dict[int, bytes] = {}
        """Directives that the monitor has not taken yet, by number."""
        self._problem = "no answer"
        self._asked: deque[Callable[[DevicesScanned | None], None]] = deque()

    async def start(self, deliver: Deliver) -> None:
        """Connect, and wait for the first scan.

        Raises:
            Unavailable: no scan came within the deadline.

        """
        self._deliver = deliver
        self._listening = asyncio.create_task(self._listen())
        self._listening.add_done_callback(_report)
        try:
            async with asyncio.timeout(self._start_deadline_s):
                await self._scanned.wait()
        except TimeoutError as error:
            await self.stop()
            raise Unavailable(
                "V-5-1-9022",
                f"the monitor at {self._socket} does not answer",
                cause=self._problem,
                fix="start the monitor (vx lab up DIR), or name its socket in config.toml",
            ) from error

    def direct(self, directive: Directive) -> None:
        """Send a directive to the monitor, now or as soon as it is there again."""
        self._directed += 1
        message = pack_message(directives.to_map(self._directed, directive))
        self._waiting[self._directed] = message
        self._send(message)

    def _send(self, message: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(message)

    def ask_scan(self, take: Callable[[DevicesScanned | None], None]) -> None:
        """Ask the monitor; it answers in its stream, in order with what it tells."""
        there = self._writer is not None and not self._writer.is_closing()
        if not there or len(self._asked) >= ASKED_MAX:
            take(None)
            return
        self._asked.append(take)
        self._send(pack_message({"d": "scan"}))

    async def stop(self) -> None:
        """Close the connection."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    async def _listen(self) -> None:
        """Follow one connection after the other."""
        pause_s = RETRY_FIRST_S
        while True:
            try:
                async for message in self._messages():
                    pause_s = RETRY_FIRST_S
                    self._take(message)
                self._lost("the monitor closed the connection")
            except OSError as error:
                self._lost(error.strerror or str(error))
            except (ProtocolViolation, msgspec.ValidationError) as error:
                self._lost(f"the monitor sent what is not understood: {error}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    def _lost(self, problem: str) -> None:
        if problem != self._problem:  # say it once, not at every attempt
            self._problem = problem
            self._note(f"monitor lost: {problem}")

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        """Attach, and give back what the monitor sends until the connection ends."""
        with unixsocket.short(self._socket) as path:
            reader, writer = await asyncio.open_unix_connection(path)
        frames = FrameReader(MAX_FRAME_BYTES, MAX_MESSAGE_BYTES, MAX_ITEMS)
        attach = {"op": "attach", "node": self._node, "run": self._run, **self._facts}
        try:
            writer.write(pack_message(attach))
            self._writer = writer
            for waiting in self._waiting.values():
                writer.write(waiting)
            while data := await reader.read(READ_BYTES):
                for message in frames.feed(data):
                    if not isinstance(message, dict):
                        raise ProtocolViolation("a message is a map")
                    yield message
        finally:
            self._writer = None
            writer.close()
            while self._asked:
                self._asked.popleft()(None)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("ok") is False:
            raise ConnectionRefusedError(_refusal(message))
        match message.get("t"):
            case "view":
                self._deliver(msgspec.convert(message.get("view"), View))
            case "held":
                self._deliver(msgspec.convert(message, Held))
            case "taken":
                self._taken(msgspec.convert(message.get("n"), int))
            case "staying":
                self._deliver(Leave(wanted=False))
            case "leaving":
                self._deliver(Leave())
                answer: dict[str, Any] = {"d": "in-use", "volumes": list(self._in_use())}
                self._send(pack_message(answer))
            case _:
                self._notified(message)

    def _taken(self, number: int) -> None:
        """Forget the directives that the monitor has taken."""
        for taken in [n for n in self._waiting if n <= number]:
            del self._waiting[taken]

    def _notified(self, message: dict[str, Any]) -> None:
        # Both sides are one program, but a monitor of another release may answer: fields that
        # are not known are left aside, and those that are must have their type.
        news: Notification = msgspec.convert(message, Notification)
        if isinstance(news, DevicesScanned) and news.reason == "request":
            if self._asked:
                self._asked.popleft()(news)
            return
        if isinstance(news, DevicesScanned):
            news = self._first_of_a_connection(news)
        self._deliver(news)

    def _first_of_a_connection(self, scan: DevicesScanned) -> DevicesScanned:
        """Name a scan after an interruption for what it is to the daemon."""
        interrupted, self._problem = self._problem, ""
        if not self._scanned.is_set():
            self._scanned.set()
            return scan
        if interrupted:
            self._note("monitor found again")
        return msgspec.structs.replace(scan, reason="overrun")


def _refusal(message: dict[str, Any]) -> str:
    error = message.get("error")
    return str(error.get("message")) if isinstance(error, dict) else "refused"


def _report(listening: asyncio.Task[None]) -> None:
    """Hand an error of the one who was told to the loop's handler: it must not pass unseen."""
    if not listening.cancelled() and (error := listening.exception()) is not None:
        listening.get_loop().call_exception_handler(
            {"message": "delivering a notification failed", "exception": error}
        )
