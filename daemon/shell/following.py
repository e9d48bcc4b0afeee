"""Followers: utilities that are told of every commit, without the daemon waiting for any.

What a follower is sent comes from the log, through a reader process of its own, so a backlog and
the present are one thing, and a question about the past that takes long delays no follower. The
loop only says that there is more. What waits for a follower is one piece and what the kernel's
socket holds; who does not take it in time is dropped, and told where to resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from daemon.shell.past import PastReader
from eventstore.errors import Overloaded, StoreError

FOLLOWERS_MAX = 32
"""Fewer than questions may wait for a reader."""

PIECE_SECONDS = 60.0

Send = Callable[[dict[str, Any]], None]


class Followers:
    """All followers of a daemon."""

    def __init__(self, past: PastReader) -> None:
        self._past = past
        self._waiting: set[asyncio.Event] = set()

    def wake(self) -> None:
        """Say that the log is longer than it was."""
        for follower in self._waiting:
            follower.set()

    async def stop(self) -> None:
        """End the reader."""
        await self._past.stop()

    async def follow(self, follower: Follower) -> None:
        """Send a follower what it asked for, until it is cancelled.

        Raises:
            Overloaded: there are too many; or this one is too slow.
            NotFound: the log does not reach the position that it named.
        """
        if len(self._waiting) >= FOLLOWERS_MAX:
            raise Overloaded(
                "V-5-1-7886",
                "too many utilities follow the log",
                cause=f"{FOLLOWERS_MAX} do",
                fix="end one of them, or read the log with 'vx log'",
                rule="G2",
            )
        more = asyncio.Event()
        self._waiting.add(more)
        try:
            await self._send_all(follower, more)
        finally:
            self._waiting.discard(more)

    async def _send_all(self, follower: Follower, more: asyncio.Event) -> None:
        begin = await self._piece(follower)
        if follower.after is None:
            follower.after = begin["position"]
        follower.send({**begin, "data": {"after": follower.after}})
        piece = begin if begin["data"] else None
        while True:
            more.clear()
            piece = piece or await self._piece(follower)
            if piece["data"]:
                follower.send({**piece, "position": piece["data"][-1]["position"]})
                follower.after = piece["data"][-1]["position"]
                await follower.drained()
            else:
                await more.wait()
            piece = None

    async def _piece(self, follower: Follower) -> dict[str, Any]:
        args = {"after": follower.after, "which": follower.which}
        request = {"question": "follow", "args": args, "at": None}
        answer = (await self._past.ask(request, PIECE_SECONDS)).message()
        if not answer["ok"]:
            raise _Refused(answer["error"])
        return answer


class Follower:
    """One utility: how far it has been told, and whether it listens."""

    def __init__(
        self, send: Send, after: int | None, which: str | None, patience_s: float
    ) -> None:
        self.send = send
        self.after = after
        self.which = which
        self._patience_s = patience_s
        self._free = asyncio.Event()
        self._free.set()

    def pause(self) -> None:
        """Note that what was sent has not been taken yet."""
        self._free.clear()

    def resume(self) -> None:
        """Note that it has."""
        self._free.set()

    async def drained(self) -> None:
        """Wait until there is room for more.

        Raises:
            Overloaded: it takes too long.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.wait()
        except TimeoutError as error:
            raise Overloaded(
                "V-5-1-7887",
                "the follower is too slow",
                cause=f"it did not take what was sent within {self._patience_s:g} s",
                fix=f"go on after @{self.after}, with 'vx watch --after @{self.after}'",
                rule="G2",
            ) from error


class _Refused(StoreError):
    """What the reader answered, as it is."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["id"], error["message"])
        self._error = error

    def to_map(self) -> dict[str, Any]:
        return self._error
