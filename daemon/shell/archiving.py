"""Archiving on a running node: a process writes segments, this daemon takes the commits out.

The daemon's connection is the only one that writes the store. One segment's commits go in one
transaction, and the loop goes on between two. Whoever asked may hang up: what is archived by then
is, and the rest is not.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from daemon.config import ArchiveSettings
from daemon.errors import ProtocolViolation
from daemon.shell import children, clock
from daemon.shell.driver import Driver
from daemon.wire.frames import pack_message
from eventstore.errors import StoreError, Unavailable
from eventstore.keeping.retention import due, rule_of
from eventstore.model.events import RETENTIONS
from eventstore.storage import keeping
from eventstore.storage.archive import Named
from eventstore.storage.archiving import tidy
from eventstore.storage.redacting import carry_out

Row = dict[str, Any]
REST_S = 2.0
"""Between two looks at what is to be done: what was redacted is in no segment for longer."""


class Refused(StoreError):
    """What the process says that it cannot do, as it said it."""

    def __init__(self, error: Row) -> None:
        keys = ("cause", "fix", "rule", "node")
        super().__init__(error["id"], error["message"], **{key: error[key] for key in keys})
        self.exit_code = error["exit"]


class Archivist:
    """Archives a home's logs: what is asked for, and what the cluster's rule says."""

    def __init__(
        self,
        home: Path,
        node: str,
        settings: ArchiveSettings,
        driver: Callable[[], Driver],
        note: Callable[[str], None],
    ) -> None:
        self._command = (str(home), node, settings.directory, str(settings.commits))
        self._commits = settings.commits
        self._node = node
        self._driver = driver
        self._note = note
        self._turn = asyncio.Lock()

    async def archive(self, args: Row, *, dry_run: bool = False) -> Row:
        """Archive what is asked for, or say what would be; return the data of the answer.

        Raises:
            StoreError: it cannot be done, or there is nothing to do.
        """
        default = "shared" if len(self._driver().node.shared.configured) > 1 else "node"
        request = {"args": args, "dry_run": dry_run, "default": default}
        done = await self._do(request)
        planned: list[Row] = next((message["plan"] for message in done if "plan" in message), [])
        rows = [message["row"] for message in done if "row" in message]
        outcome = "dry-run" if dry_run else "done"
        return {"outcome": outcome, "planned": planned, "segments": rows}

    async def run(self) -> None:
        """Write segments anew that hold what was redacted, and archive by rule; one at a time."""
        while True:
            try:
                await self._look()
            except StoreError as error:
                self._note(f"{error.message} ({error.cause}) -> archived later")
            await asyncio.sleep(REST_S)

    async def _look(self) -> None:
        store = self._driver().store
        if carry_out(store, self._note):
            done = await self._do({"redact": True})
            for message in done:
                before, after = Named(*message["before"]), Named(*message["after"])
                self._note(f"segment {before.name} redacted -> written anew as {after.name}")
        set_at = store.known_positions("shared", RETENTIONS)
        if not set_at:
            return
        rule = rule_of(store.logs["shared"], set_at)
        for log, reader in store.logs.items():
            span = due(reader, rule, self._commits, clock.wall_us())
            if span is not None:
                first, last = span
                await self._do({"span": {"log": log, "first": first, "last": last}})
                self._note(f"{reader.name} @{first} to @{last} archived, as the rule says")

    async def _do(self, request: Row) -> list[Row]:
        """Have segments written, and take what they hold out of the logs; one request at a time.

        Raises:
            StoreError: it cannot be done.
        """
        found = list[Row]()
        # What is held in memory is a part of the log that is read.
        self._driver().write_held()
        async with self._turn, aclosing(self._messages(request)) as messages:
            async for message in messages:
                if "error" in message:
                    raise Refused(message["error"])
                store = self._driver().store
                if "named" in message:
                    keeping.archive(store, Named(*message["named"]))
                elif "after" in message:
                    keeping.name_anew(store, Named(*message["before"]), Named(*message["after"]))
                found.append(message)
        self.tidy()
        return found

    def tidy(self) -> None:
        """Remove what a crash left of segments, and of such as were written anew."""
        for reader in self._driver().store.logs.values():
            tidy(reader, self._node)

    async def _messages(self, request: Row) -> AsyncGenerator[Row, None]:
        process = await children.begun("archive_process", *self._command, stdin=PIPE)
        try:
            assert process.stdin is not None
            process.stdin.write(pack_message(request))
            async with aclosing(children.messages(process)) as said:
                async for message in said:
                    assert isinstance(message, dict)
                    yield message
        except (OSError, ProtocolViolation) as error:
            raise _ended(str(error)) from error
        finally:
            await children.ended(process)


def _ended(why: str) -> Unavailable:
    return Unavailable(
        "V-5-1-9285",
        "archiving ended early; what was archived by then is, and the rest is as before",
        cause=why,
        fix="ask again",
    )
