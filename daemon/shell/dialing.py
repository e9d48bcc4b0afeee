"""Keeping one node connected: dialing while there is no link, ever less often (E7)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

RETRY_FIRST_S = 0.05
_JITTER = random.SystemRandom()


class Dialer:
    """Dials one node whenever there is no link with it; `connect` never raises."""

    def __init__(
        self,
        address: str,
        connect: Callable[[], Awaitable[None]],
        is_linked: Callable[[], bool],
        retry_max_s: float,
    ) -> None:
        self.address = address
        self._connect = connect
        self._is_linked = is_linked
        self._retry_max_s = retry_max_s
        self._delay_s = RETRY_FIRST_S
        self._lost = asyncio.Event()
        self._attempt: asyncio.Future[None] | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    def lost(self, *, held: bool) -> None:
        """Learn that the link has ended; `held`: it had been good for a while."""
        if held:
            self._delay_s = RETRY_FIRST_S
        self._lost.set()

    def give_up_attempt(self) -> None:
        """Hang up on an attempt under way: the other node was quicker."""
        if self._attempt is not None:
            self._attempt.cancel()

    async def stop(self) -> None:
        """Dial no more."""
        self._task.cancel()
        self.give_up_attempt()
        await asyncio.wait([self._task, *([self._attempt] if self._attempt else [])])

    async def _run(self) -> None:
        while True:
            self._lost.clear()
            if not self._is_linked():
                self._attempt = asyncio.ensure_future(self._connect())
                await asyncio.wait([self._attempt])
                self._attempt = None
            if self._is_linked():
                await self._lost.wait()
            # Also behind a loss: a link that opens and ends at once must not be a busy loop.
            await asyncio.sleep(self._delay_s * _JITTER.uniform(0.5, 1.5))
            self._delay_s = min(2 * self._delay_s, self._retry_max_s)


def split(address: str) -> tuple[str, int]:
    """Return host and port of ``host:port``, or of ``[host]:port``.

    Raises:
        ValueError: it is no address.
    """
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 0xFFFF:  # noqa: PLR2004 the highest port
        raise ValueError(f"{address!r} is not HOST:PORT")
    return host, int(port)
