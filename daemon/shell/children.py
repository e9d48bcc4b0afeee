"""Processes beside the daemon that read its store: begun, heard to their end, and ended."""

from __future__ import annotations

import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from daemon.wire.frames import FrameReader

_READ_BYTES = 1 << 16


async def begun(module: str, *words: str, stdin: int | None = None) -> Process:
    """Begin one: a module of ours, with words for it; what it says is to be read."""
    # -P: what happens to lie in the directory we were started in is not imported.
    return await create_subprocess_exec(
        sys.executable, "-P", "-m", f"daemon.shell.{module}", *words, stdin=stdin, stdout=PIPE
    )


async def messages(process: Process) -> AsyncGenerator[Any, None]:
    """Yield what it says until it ends.

    Raises:
        ConnectionResetError: it ended before it had said everything.
        ProtocolViolation: what it says makes no sense.
    """
    assert process.stdout is not None
    frames = FrameReader(max_items=None)
    while data := await process.stdout.read(_READ_BYTES):
        for message in frames.feed(data):
            yield message
    if await process.wait() != 0:
        raise ConnectionResetError(f"its process ended with {process.returncode}")


async def ended(process: Process) -> None:
    """End one that nobody hears any more."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        # Read to its end: what waits in a full pipe would keep the process from being over.
        await process.communicate()
