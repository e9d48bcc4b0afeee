"""Collecting what a kernel delivers, and waiting for it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from daemon.core.ready import Held, Leave
from daemon.core.view import View
from daemon.kernel.port import News
from eventstore.model.notifications import DeviceNotified, DevicesScanned, Notification

Found = TypeVar("Found")
DEADLINE_S = 20.0


class Received:
    """What was delivered so far, in order; `all` is what was said of disks."""

    def __init__(self) -> None:
        self.news: list[News] = []
        self._news = asyncio.Event()

    def deliver(self, news: News) -> None:
        self.news.append(news)
        self._news.set()

    @property
    def all(self) -> list[Notification]:
        return [n for n in self.news if not isinstance(n, View | Held | Leave)]

    @property
    def views(self) -> list[View]:
        return [n for n in self.news if isinstance(n, View)]

    @property
    def view(self) -> View:
        """The last view."""
        return self.views[-1]

    @property
    def held(self) -> list[Held]:
        return [n for n in self.news if isinstance(n, Held)]

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

    async def sees(self, members: tuple[str, ...]) -> None:
        """Wait until the last view has these members."""
        await self.until(lambda r: bool(r.views) and r.view.members == members)


def run(story: Callable[[Received], Coroutine[Any, Any, None]]) -> None:
    """Run a test's story in an event loop of its own."""

    async def main() -> None:
        await story(Received())

    asyncio.run(main())
