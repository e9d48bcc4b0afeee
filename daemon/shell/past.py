"""Questions answered beside the daemon's loop: by a process that only reads.

A question that takes a minute must delay no change (I14), and in one process it would: threads
share the interpreter. A reader is started at the first question and kept; it is given one
question at a time, and ended when it does not answer in time. There is one for questions about
the past, one for followers, and one for large questions about the present.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.shell import children
from daemon.shell.relay import Relayed, Told, received
from daemon.wire.frames import pack_message
from eventstore.errors import Overloaded, Unavailable

WAITING_MAX = 64
"""Questions that may wait for the reader; each holds a connection."""


class ReaderEnded(Unavailable):
    """The reader cannot be started, or ended before it answered."""


class PastReader:
    """The daemon's side of a reader process; with `idle_s` it is not kept longer than that."""

    def __init__(
        self,
        home: Path,
        about: str = "about the past",
        idle_s: float | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._home = home
        self._before = before
        """Has everything written that was answered, before the log is read."""
        self._about = about
        self._idle_s = idle_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._idle: asyncio.TimerHandle | None = None

    async def ask(
        self, request: dict[str, Any], timeout_s: float, told: Told | None = None
    ) -> Relayed:
        """Have a query answered; with `told` it is said meanwhile how far it is.

        Raises:
            Overloaded: too many wait.
            ReaderEnded: the reader is no more.
            Unavailable: it did not answer in time.
        """
        if self._waiting >= WAITING_MAX:
            raise Overloaded(
                "V-5-1-7870",
                f"too many questions {self._about} wait",
                cause=f"{WAITING_MAX} are waiting",
                fix="try again, or ask the log itself with --log",
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                return await self._exchange({**request, "progress": told is not None}, told)
        except TimeoutError as error:
            raise Unavailable(
                "V-5-1-7871",
                f"the question {self._about} took too long",
                cause=f"no answer within {timeout_s:g} s",
                fix="wait longer with --timeout SECONDS, or ask the log itself with --log",
            ) from error
        finally:
            self._waiting -= 1

    async def _exchange(self, request: dict[str, Any], told: Told | None) -> Relayed:
        answered = False
        self._stay()
        try:
            process = self._process
            if process is None or process.returncode is not None:
                process = self._process = await children.begun(
                    "past_process", str(self._home), stdin=PIPE
                )
            assert process.stdin is not None
            assert process.stdout is not None
            self._before()
            process.stdin.write(pack_message(request))
            await process.stdin.drain()
            answer = await received(process.stdout, told)
            answered = True
        except OSError as error:
            raise ReaderEnded(
                "V-5-1-7872",
                f"the reader for questions {self._about} ended",
                cause=str(error),
                fix="ask again; the daemon starts another",
            ) from error
        finally:
            if not answered:
                # Whatever it still says would be taken for the answer to the next question.
                await self.stop()
        if self._idle_s is not None:
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._let_go)
        return answer

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _let_go(self) -> None:
        """Have the reader end by itself: it does when nobody can ask it any more."""
        self._idle = None
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def stop(self) -> None:
        """End the reader, if there is one."""
        self._stay()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
