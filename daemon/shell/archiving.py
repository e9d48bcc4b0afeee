"""Archiving on a running node: a process writes segments, this daemon takes the commits out.

The daemon's connection is the only one that writes the store. One segment's commits go in one
transaction, and the loop goes on between two. Whoever asked may hang up: what is archived by then
is, and the rest is not.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from daemon.errors import ProtocolViolation
from daemon.shell.driver import Driver
from daemon.wire.frames import FrameReader, pack_message
from eventstore.errors import StoreError, Unavailable
from eventstore.storage.archive import Named
from eventstore.storage.archiving import tidy

Row = dict[str, Any]
_READ_BYTES = 1 << 16


class Refused(StoreError):
    """What the process says that it cannot do, as it said it."""

    def __init__(self, error: Row) -> None:
        keys = ("cause", "fix", "rule", "node")
        super().__init__(error["id"], error["message"], **{key: error[key] for key in keys})
        self.exit_code = error["exit"]


class Archivist:
    """Archives a home's logs, one request at a time."""

    def __init__(
        self, home: Path, node: str, directory: str, driver: Callable[[], Driver]
    ) -> None:
        self._command = (str(home), node, directory)
        self._node = node
        self._driver = driver
        self._turn = asyncio.Lock()

    async def archive(self, args: Row, *, dry_run: bool = False) -> Row:
        """Archive what is asked for, or say what would be; return the data of the answer.

        Raises:
            StoreError: it cannot be done, or there is nothing to do.
        """
        data: Row = {"outcome": "dry-run" if dry_run else "done", "planned": [], "segments": []}
        async with self._turn:
            driver = self._driver()
            default = "shared" if len(driver.node.shared.configured) > 1 else "node"
            request = {"args": args, "dry_run": dry_run, "default": default}
            async with aclosing(self._messages(request)) as messages:
                async for message in messages:
                    if "error" in message:
                        raise Refused(message["error"])
                    if "plan" in message:
                        data["planned"] = message["plan"]
                    else:
                        self._driver().store.archive(Named(*message["named"]))
                        data["segments"].append(message["row"])
            self.tidy()
        return data

    def tidy(self) -> None:
        """Remove what a crash left of segments, and of such as were written anew."""
        for reader in self._driver().store.logs.values():
            tidy(reader, self._node)

    async def _messages(self, request: Row) -> AsyncGenerator[Row, None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "daemon.shell.archive_process", *self._command,
            stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(pack_message(request))
            frames = FrameReader(max_items=None)
            while data := await process.stdout.read(_READ_BYTES):
                for message in frames.feed(data):
                    assert isinstance(message, dict)
                    yield message
            if await process.wait() != 0:
                raise _ended(f"its process ended with {process.returncode}")
        except (OSError, ProtocolViolation) as error:
            raise _ended(str(error)) from error
        finally:
            await _end(process)


def _ended(why: str) -> Unavailable:
    return Unavailable(
        "V-5-1-9285",
        "archiving ended early; what was archived by then is, and the rest is as before",
        cause=why,
        fix="ask again",
    )


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
