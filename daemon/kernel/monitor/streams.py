"""What waits to be told to one attached daemon, in order, and how views are told.

A node that does not take up what it is told loses it, and gets its view and a scan instead, with
the reason "overrun" (A5).
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from contextlib import suppress
from typing import Any

import msgspec

from daemon.core.ready import Held
from daemon.core.view import View
from daemon.kernel.monitor.members import Faults
from eventstore.model.notifications import Notification

MAX_WAITING = 1024
"""Messages kept for a node that is slow to take them up; then it gets a scan instead."""

NEWS = ("view", "device", "scan")
"""What a view and a scan make good; the others are answers to what the daemon asked for."""

Message = dict[str, Any]


class Attached:
    """One run of a node's daemon: what waits to be sent to it.

    `number` is the run's; `process` a pidfd of the daemon, None where it is not to be killed.
    """

    def __init__(self, node: str, number: int = 0, process: int | None = None) -> None:
        self.node = node
        self.number = number
        self.lost = False
        self.asked = 0
        """Scans that the node asked for, and that were lost with the rest."""
        self.closed = asyncio.Event()
        self.in_use: asyncio.Future[list[str]] | None = None
        """What the daemon will say of its volumes that are in use (B8)."""
        self._process = process
        self._waiting: deque[Message] = deque()
        self._news = asyncio.Event()
        self._newest: View | None = None

    def tell(self, notification: Notification) -> None:
        """Let the node hear of a disk."""
        self.put(msgspec.to_builtins(notification))

    def hold(self, held: Held) -> None:
        """Let the node hear what became of a hold (D4)."""
        self.put({"t": "held", "number": held.number, "problem": held.problem})

    def first_view(self, view: View) -> None:
        """Let the node hear what is true as it attaches, whatever the faults."""
        self._newest = view
        self.put(view_message(view))

    def view(self, view: View, faults: Faults) -> None:
        """Let the node hear of a new view, as the faults have it."""
        before, self._newest = self._newest, view
        loop = asyncio.get_running_loop()
        for told in deliveries(self.node, faults, before, view):
            if faults.late_ms and is_meant(faults, self.node):
                loop.call_later(faults.late_ms / 1000, self._put_view, told)
            else:
                self._put_view(told)

    def _put_view(self, view: View) -> None:
        """Let a view be heard; if it is not the newest, that one is heard once more."""
        self.put(view_message(view))
        if self._newest is not None and view.number != self._newest.number:
            self.put(view_message(self._newest))

    def put(self, message: Message) -> None:
        """Let a message wait to be sent; news that are too many are lost, an answer never is."""
        if len(self._waiting) >= MAX_WAITING:
            self.asked += sum(map(_is_asked, self._waiting))
            self._waiting = deque(one for one in self._waiting if one.get("t") not in NEWS)
            self.lost = True
        if not self.lost or message.get("t") not in NEWS:
            self._waiting.append(message)
        elif _is_asked(message):
            self.asked += 1
        self._news.set()

    async def next(self) -> Message | None:
        """The next message; None if some were lost since the last one."""
        while not self._waiting and not self.lost:
            self._news.clear()
            await self._news.wait()
        if self.lost:
            self.lost = False
            return None
        return self._waiting.popleft()

    def kill(self) -> None:
        """End the daemon's process as a crash of its node does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
        self.closed.set()

    def close(self) -> None:
        """Let go of the process."""
        self.closed.set()
        if self._process is not None:
            os.close(self._process)
            self._process = None
        if self.in_use is not None and not self.in_use.done():
            self.in_use.cancel()


def _is_asked(message: Message) -> bool:
    return message.get("t") == "scan" and message.get("reason") == "request"


def is_meant(faults: Faults, node: str) -> bool:
    """Whether faults of telling are about this node."""
    return not faults.only or node in faults.only


def deliveries(node: str, faults: Faults, before: View | None, view: View) -> list[View]:
    """Return the views that a node is told when there is a new one, in order."""
    if not is_meant(faults, node):
        return [view]
    told = [view, view] if faults.doubled else [view]
    if faults.reordered and before is not None:
        told.append(before)
    return told


def view_message(view: View) -> Message:
    """Return a view as it travels."""
    return {"t": "view", "view": msgspec.to_builtins(view)}
