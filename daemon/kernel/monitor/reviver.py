"""Starting daemons again that were found dead (E6), by the command that the monitor was given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from daemon.kernel.monitor.members import Members

PAUSE_FIRST_S = 0.1
PAUSE_MAX_S = 5.0
"""A daemon that cannot start is tried again, ever more seldom."""


class Reviver:
    """Runs the command for a node until its daemon is there, or is not wanted any more."""

    def __init__(self, members: Callable[[], Members], note: Callable[[str], None]) -> None:
        self._members = members
        self._note = note
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def needs(self, node: str) -> None:
        """Begin to start a node's daemon, unless that is under way."""
        if node in self._tasks or not self._is_needed(node):
            return
        task = asyncio.create_task(self._revive(node))
        self._tasks[node] = task
        task.add_done_callback(lambda _done: self._tasks.pop(node, None))

    async def stop(self) -> None:
        """Start nothing more."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_needed(self, node: str) -> bool:
        members = self._members()
        return bool(members.restart) and node in members.without_daemon()

    async def _revive(self, node: str) -> None:
        pause_s = PAUSE_FIRST_S
        while self._is_needed(node):
            command = [part.replace("{node}", node) for part in self._members().restart]
            self._note(f"the daemon of {node} does not run -> start it")
            try:
                ended = await self._run(command)
            except OSError as error:
                ended = str(error)
            if ended:
                self._note(f"the daemon of {node} did not start: {ended}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_MAX_S)

    async def _run(self, command: list[str]) -> str:
        """Run the command to its end; return what went wrong."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return f"exit code {code}" if code else ""
