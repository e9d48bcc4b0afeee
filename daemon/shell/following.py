"""Followers: utilities that are told of every commit, without the daemon waiting for any.

What a follower is sent comes from the log, through a reader process of its own, so a backlog and
the present are one thing, and a question about the past that takes long delays no follower. The
loop only says that there is more. What waits for a follower is one piece and what the kernel's
socket holds; who does not take it in time is dropped, and told where to resume.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from daemon.shell import clock
from daemon.shell.past import PastReader
from daemon.shell.requests import Watch
from eventstore.errors import Overloaded, StoreError
from eventstore.past.following import PIECE_MAX
from eventstore.text import iso

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
        begin = await self._look(follower, 0)
        follower.send({**begin, "data": {"after": follower.after, "places": follower.places}})
        is_late = False
        while True:
            more.clear()
            asked_us = clock.wall_us()
            look = await self._look(follower)
            if rows := look["data"]["rows"]:
                about = {"log": rows[-1]["log"], "position": rows[-1]["position"]}
                follower.send({**look, **about, "data": rows})
                await follower.drained()
            elif is_late:
                follower.send({**look, "data": {"heartbeat": follower.heartbeat(asked_us)}})
            is_late = not rows and not await _set_within(more, follower.heartbeat_s)

    async def _look(self, follower: Follower, count: int = PIECE_MAX) -> dict[str, Any]:
        """Ask what comes next, and move the follower behind it."""
        args = {"places": follower.places, "both": follower.both, "n": count}
        request = {"question": "resume", "args": args, "at": None}
        answer = (await self._past.ask(request, PIECE_SECONDS)).message()
        if not answer["ok"]:
            raise _Refused(answer["error"])
        follower.places = answer["data"]["places"]
        return answer


async def _set_within(event: asyncio.Event, limit_s: float | None) -> bool:
    """Wait for an event; tell whether it came in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
    return event.is_set()


class Follower:
    """One utility: how far it has been told, and whether it listens."""

    def __init__(
        self, send: Send, asked: Watch, patience_s: float, role: Callable[[], str]
    ) -> None:
        self.send = send
        self.both = asked.both
        self.heartbeat_s = None if asked.heartbeat_ms is None else asked.heartbeat_ms / 1000
        self.places: list[dict[str, Any]] = msgspec.to_builtins(list(asked.places))
        if not self.places and not (asked.both and asked.after is None):
            self.places = [{"log": asked.which, "position": asked.after}]
        self._role = role
        self._patience_s = patience_s
        self._free = asyncio.Event()
        self._free.set()

    @property
    def after(self) -> int | None:
        """Return how far it is in the first log that it follows; None for not begun."""
        position: int | None = self.places[0]["position"] if self.places else None
        return position

    def heartbeat(self, asked_us: int) -> dict[str, Any]:
        """Return what says that up to a time there was nothing behind these places."""
        return {"time": iso(asked_us), "role": self._role(), "places": self.places}

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
