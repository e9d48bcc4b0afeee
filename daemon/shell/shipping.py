"""Shipping to an archive on a running node: a process does it, and the daemon never waits for it.

What the daemon keeps of it is how far each log is there, for who asks how the node is.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from daemon.errors import ProtocolViolation
from daemon.shell import children, clock
from daemon.wire.frames import pack_message
from eventstore.errors import StoreError
from eventstore.past.moments import time_of
from eventstore.storage.location import shown
from eventstore.storage.store import Store
from eventstore.text import iso

Row = dict[str, Any]
REST_S = 5.0
"""Until the process is begun again that ended by itself."""
LATE_S = 60
"""How far an archive may be behind before it is a problem; a database restarts in less."""


class Shipments:
    """What is shipped of a home, and how far that is."""

    def __init__(self, home: Path, url: str, note: Callable[[str], None]) -> None:
        self._home = home
        self._url = url
        self._note = note
        self._positions: dict[str, int] = {}
        self._problems: dict[str, Row] = {}
        """Log, or "" for the archive itself -> what is in its way."""
        self._since_us = 0

    async def run(self) -> None:
        """Have the logs shipped, for as long as this incarnation lives."""
        while True:
            try:
                await self._run()
            except (OSError, ProtocolViolation) as error:
                self._note(f"the process that ships to the archive ended: {error} -> again")
            await asyncio.sleep(REST_S)

    async def _run(self) -> None:
        process = await children.begun("ship_process", str(self._home), stdin=PIPE)
        try:
            assert process.stdin is not None
            process.stdin.write(pack_message({"url": self._url}))
            async with aclosing(children.messages(process)) as said:
                async for message in said:
                    assert isinstance(message, dict)
                    self._hear(message)
        finally:
            await children.ended(process)

    def _hear(self, message: Row) -> None:
        if "away" in message:
            self._now("", message["away"])
            return
        self._positions[message["log"]] = message["position"]
        self._now(message["log"], message["problem"])

    def _now(self, log: str, problem: Row | None) -> None:
        """Take what is in the way of a log, or of all; say it once."""
        known = self._problems.pop(log, None)
        if problem is None:
            if known is not None:
                self._note("shipping to the archive goes on")
            return
        if known is None or known["message"] != problem["message"]:
            self._note(f"{problem['message']} ({problem['cause']}) -> shipped later")
        if not self._problems and known is None:
            self._since_us = clock.wall_us()
        self._problems[log] = problem

    def standing(self, store: Store) -> Row:
        """Return how far each log is in the archive, and what is in its way."""
        problem = next(iter(self._problems.values()), None)
        return {
            "url": shown(self._url),
            "logs": [self._row(reader, store) for reader in store.logs.values()],
            "problem": None if problem is None else _text(problem),
            "fix": None if problem is None else problem["fix"],
            "since": None if problem is None else iso(self._since_us),
        }

    def _row(self, reader: Any, store: Store) -> Row:
        """Return how far one log is; how late is told by the first commit that is not there."""
        position, head = self._positions.get(reader.name), store.heads[reader.log]
        late_s = None
        if position is not None:
            late_s = 0
            if position < head.position:
                try:
                    begun_us = time_of(reader, position + 1)
                except StoreError:
                    begun_us = head.time_us
                late_s = max(0, (clock.wall_us() - begun_us) // 1_000_000)
        lag = None if position is None else max(0, head.position - position)
        return {"log": reader.name, "position": position, "lag": lag, "lag_s": late_s}


def _text(problem: Row) -> str:
    cause = problem["cause"]
    return str(problem["message"] if cause is None else f"{problem['message']}: {cause}")


def problems(standing: Row) -> list[Row]:
    """Return what a status says of an archive that does not take everything."""
    late = [row for row in standing["logs"] if (row["lag_s"] or 0) >= LATE_S]
    if standing["problem"] is None and not late:
        return []
    behind = ", ".join(f"{row['log']} by {row['lag']} commits, {row['lag_s']} s" for row in late)
    text = standing["problem"] or "the archive falls behind"
    return [
        {
            "severity": "warning",
            "text": f"{text}; behind: {behind}" if behind else text,
            "fix": standing["fix"] or "'vx archive status' shows how far each node's logs are",
        }
    ]
