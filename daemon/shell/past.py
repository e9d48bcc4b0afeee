"""Questions about the past, answered beside the daemon's loop: by a process that only reads.

A question that takes a minute must delay no change (I14), and in one process it would: threads
share the interpreter. The reader is started at the first question and kept; it is given one
question at a time, and ended when it does not answer in time.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.errors import ProtocolViolation
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import Overloaded, Unavailable

WAITING_MAX = 64
"""Questions that may wait for the reader; each holds a connection."""
_READ_BYTES = 1 << 16


class PastReader:
    """The daemon's side of the reader process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Have a query answered.

        Raises:
            Overloaded: too many wait.
            Unavailable: the reader did not answer in time, or ended.
        """
        if self._waiting >= WAITING_MAX:
            raise Overloaded(
                "V-5-1-7870",
                "too many questions about the past wait",
                cause=f"{WAITING_MAX} are waiting",
                fix="try again, or ask the log itself with --log",
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                return await self._exchange(request)
        except TimeoutError as error:
            raise Unavailable(
                "V-5-1-7871",
                "the question about the past took too long",
                cause=f"no answer within {timeout_s:g} s",
                fix="wait longer with --timeout SECONDS, or ask the log itself with --log",
            ) from error
        finally:
            self._waiting -= 1

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        answered = False
        try:
            process = self._process
            if process is None or process.returncode is not None:
                process = self._process = await self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(pack_message(request))
            await process.stdin.drain()
            answer = await _message(process.stdout)
            answered = True
        except (OSError, ProtocolViolation) as error:
            raise Unavailable(
                "V-5-1-7872",
                "the reader of the past ended",
                cause=str(error),
                fix="ask again; the daemon starts another",
            ) from error
        finally:
            if not answered:
                # Whatever it still says would be taken for the answer to the next question.
                await self.stop()
        return answer

    async def _start(self) -> Process:
        # -P: what happens to lie in the directory we were started in is not imported.
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "daemon.shell.past_process", str(self._home),
            stdin=PIPE, stdout=PIPE,
        )  # fmt: skip

    async def stop(self) -> None:
        """End the reader, if there is one."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _message(stream: asyncio.StreamReader) -> dict[str, Any]:
    reader = FrameReader(max_items=None)
    while data := await stream.read(_READ_BYTES):
        for message in reader.feed(data):
            if isinstance(message, dict):
                return message
            raise ProtocolViolation("the reader's answer is not a map")
    raise ConnectionResetError("it closed its output")
