"""Collecting what a kernel delivers, and waiting for it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from eventstore.model.notifications import DeviceNotified, DevicesScanned, Notification

Found = TypeVar("Found")
DEADLINE_S = 20.0


class Received:
    """What was delivered so far, in order."""

    def __init__(self) -> None:
        self.all: list[Notification] = []
        self._news = asyncio.Event()

    def deliver(self, notification: Notification) -> None:
        self.all.append(notification)
        self._news.set()

    def about(self, name: str) -> list[DeviceNotified]:
        return [n for n in self.all if isinstance(n, DeviceNotified) and n.name == name]

    def actions(self, name: str) -> list[str]:
        return [n.action for n in self.about(name)]

    def scans(self, reason: str) -> list[DevicesScanned]:
        return [n for n in self.all if isinstance(n, DevicesScanned) and n.reason == reason]

    async def until(self, found: Callable[["Received"], Found]) -> Found:
        """Wait until the function finds something in what was delivered."""
        async with asyncio.timeout(DEADLINE_S):
            while not (result := found(self)):
                self._news.clear()
                await self._news.wait()
        return result


def run(story: Callable[[Received], Coroutine[Any, Any, None]]) -> None:
    """Run a test's story in an event loop of its own."""

    async def main() -> None:
        await story(Received())

    asyncio.run(main())
