"""Surveys beside the daemon: of all of both logs after a start, then whenever a keyframe is due.

A process of its own, of the lowest priority, reads and says what it finds (`proofs.survey`);
the daemon's connection is the only one that writes, so what is to be stored is stored here, one
slice in a transaction, and the loop goes on between two. Between two surveys there is no process,
and so no second state in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ProtocolViolation
from daemon.shell import children
from eventstore.errors import Damaged, StoreError
from eventstore.proofs.survey import (
    Cut,
    Damage,
    Done,
    Dropped,
    Finding,
    Lost,
    Missing,
    Reached,
    Slice,
    Unsealed,
    carry_out,
)
from eventstore.storage.store import Store

REST_S = 5.0
"""Between two surveys; what is committed meanwhile is what a start replays in a tenth of that."""
REST_AFTER_FAILURE_S = 60.0
BULK_PAUSE_S = 0.25
"""How long nothing is kept after a log was extended in bulk: the next piece comes sooner."""
WORTH_A_SURVEY = 1000
"""Commits for which a process is started; it cuts all keyframes that are due among them."""


class Background:
    """The surveys of one incarnation."""

    def __init__(
        self,
        home: Path,
        store: Store,
        note: Callable[[str], None],
        damaged: Callable[[str, Damaged], None],
    ) -> None:
        self._home = home
        self._store = store
        self._note = note
        self._damaged = damaged
        self._due: dict[str, int] = {}
        self._found_damage = False
        self._extended = 0
        self._again = asyncio.Event()
        self.verified: dict[str, int] = {}
        """Log -> up to where everything from its start was looked at, and holds."""

    async def run(self) -> None:
        """Survey all, then what is new whenever a keyframe is due; end with damage found."""
        extent, rest_s = "whole", REST_S
        while not self._found_damage:
            if extent == "whole" or self._is_due():
                try:
                    await self._survey(extent)
                    extent, rest_s = "tail", REST_S
                except (OSError, ProtocolViolation, StoreError, msgspec.ValidationError) as error:
                    self._note(f"the survey of the logs ended early: {error} -> try again later")
                    rest_s = REST_AFTER_FAILURE_S
            if await self._rest(rest_s):
                extent = "whole"

    def again(self) -> None:
        """Have everything looked over once more: something did not hold."""
        self._again.set()

    async def _rest(self, seconds: float) -> bool:
        """Wait; return whether everything is to be looked over once more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._again.wait()
        again = self._again.is_set()
        self._again.clear()
        for reader in self._store.logs.values():
            again = again or reader.index_failed
            reader.index_failed = False
        return again

    def _is_due(self) -> bool:
        heads = self._store.heads
        return any(heads[log].position >= position for log, position in self._due.items())

    async def _survey(self, extent: str) -> None:
        """Run one survey to its end.

        Raises:
            ConnectionResetError: it ended before that.
            AppendFailed: the disk did not take a keyframe.
        """
        process = await children.begun("background_process", str(self._home), extent)
        try:
            async with aclosing(children.messages(process)) as said:
                async for message in said:
                    self._do(_finding(message))
                    await self._give_way()
        finally:
            await children.ended(process)

    async def _give_way(self) -> None:
        """Let others have the loop, and a log be extended in bulk: what is kept is flushed."""
        await asyncio.sleep(0)
        while self._extended != self._store.extended:
            self._extended = self._store.extended
            await asyncio.sleep(BULK_PAUSE_S)

    def _do(self, finding: Finding) -> None:
        match finding:
            case Slice() | Cut():
                carry_out(self._store, finding)
            case Dropped():
                self._note(f"keyframe {finding.log}@{finding.position} dropped: {finding.why}")
                carry_out(self._store, finding)
            case Lost():
                rows = len(finding.rows)
                self._note(f"the index of log {finding.log} had lost {rows} rows -> put back")
                carry_out(self._store, finding)
            case Unsealed():
                self._note(
                    f"a range of the index of log {finding.log} did not hold -> sealed anew"
                )
                carry_out(self._store, finding)
            case Reached() if finding.whole:
                self.verified[finding.log] = finding.position
            case Reached():
                pass
            case Done():
                worth = finding.position + WORTH_A_SURVEY
                self._due[finding.log] = max(finding.next_due, worth)
            case Missing():
                self._note(f"{finding.message} ({finding.cause}) -> the log goes on without it")
            case Damage():
                self._found_damage = True
                damage = Damaged(finding.message, position=finding.position, cause=finding.cause)
                self._damaged(finding.log, damage)


def _finding(message: Any) -> Finding:
    return msgspec.convert(message, Finding)  # type: ignore[no-any-return]
