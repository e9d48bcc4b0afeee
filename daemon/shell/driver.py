"""The loop around the core: inputs in, `step`, and then the work of the `Ready`, in its order.

Inputs that arrive in one turn of the event loop are stepped one after another and flushed
together: that is the daemon's group commit. The flush happens in the loop. Handing it to a thread
would cost every request two switches, about as much as the flush itself (DECISIONS.md, 7).

If the disk refuses, nothing of the batch is answered from here: the driver is dead from then on,
and whoever owns it finds out from the log what became of the requests (G5).
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from daemon.core.node import Node
from daemon.core.ready import Answer, Input, Ready, Submit
from daemon.shell import clock
from daemon.shell.logs import Logger
from eventstore.codec import decode_context
from eventstore.errors import AppendFailed, Overloaded
from eventstore.moments import first_of_tx
from eventstore.storage.store import Store

QUEUE_MAX = 4096
"""Inputs that may wait; a connection has one request under way, a notification is small."""

EXIT_DEFECT = 70

Reply = Callable[[Answer], None]


class Unsettled(msgspec.Struct, frozen=True):
    """A request whose flush failed: its identifier, and whom to tell."""

    request: str
    reply: Reply


class Driver:
    """One incarnation of the core, and the store that it persists to."""

    def __init__(
        self,
        store: Store,
        node: Node,
        logger: Logger,
        on_failure: Callable[[AppendFailed, list[Unsettled]], None],
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.node = node
        self.failed: AppendFailed | None = None
        self._log = logger
        self._on_failure = on_failure
        self._on_append = on_append
        self._inputs: deque[tuple[Input, Reply | None]] = deque()
        self._scheduled = False
        self._next_token = 0

    def put(self, said: Input, reply: Reply | None = None) -> None:
        """Take an input; it is stepped in this turn of the loop, or in the next.

        Raises:
            Overloaded: too many wait.
            AppendFailed: the disk refused before; the driver is dead.
        """
        if self.failed is not None:
            raise self.failed
        if len(self._inputs) >= QUEUE_MAX:
            raise Overloaded(
                "V-5-1-12206",
                "too many requests wait",
                cause=f"{QUEUE_MAX} are waiting for the disk",
                fix="try again; if it lasts, look at the disk that holds the log",
            )
        self._inputs.append((said, reply))
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.pump)

    def submit(self, said: Submit, reply: Reply) -> None:
        """Take a utility's request, with the answer to the question whether it was here before.

        Raises:
            Overloaded, AppendFailed: see `put`.
        """
        found = self._position_of(said.request)
        self.put(said if found is None else msgspec.structs.replace(said, found=found), reply)

    def pump(self) -> None:
        """Step everything that waits, flush it in one transaction, and do the rest.

        What goes wrong in here that is not the disk is a defect. The state in memory is then worth
        nothing, and the log is whole: end at once, and let the next start replay it.
        """
        try:
            self._pump()
        except Exception:  # noqa: BLE001 the one place; it ends the process
            self._log.critical("a defect -> end at once", exc_info=True)
            os._exit(EXIT_DEFECT)

    def _pump(self) -> None:
        self._scheduled = False
        batch, self._inputs = self._inputs, deque()
        done: list[tuple[Ready, Input, Reply | None]] = []
        for said, reply in batch:
            done.append((self.node.step(clock.now_ms(), clock.wall_us(), said), said, reply))
        try:
            self._persist([ready for ready, _said, _reply in done])
        except AppendFailed as error:
            self._fail(error, done)
            return
        for ready, _said, reply in done:
            for _token, answer in ready.replies:
                if reply is not None:
                    reply(self._with_maker(answer))
            for note in ready.notes:
                self._log.info(note)

    def _persist(self, readies: Sequence[Ready]) -> None:
        entries = [entry for ready in readies for entry in ready.append]
        hard = [ready.hard_state for ready in readies if ready.hard_state is not None]
        body = msgspec.msgpack.encode(hard[-1]) if hard else None
        if entries or body is not None:
            self.store.append(entries, new_hard_state=body)
            self._on_append()

    def _fail(
        self, error: AppendFailed, done: Sequence[tuple[Ready, Input, Reply | None]]
    ) -> None:
        self.failed = error
        self._log.error("the log could not be written -> promise nothing more", cause=error.cause)
        unsettled = [
            Unsettled(said.request, reply)
            for _ready, said, reply in done
            if isinstance(said, Submit) and reply is not None
        ]
        self._on_failure(error, unsettled)

    def _with_maker(self, answer: Answer) -> Answer:
        """Name who made what stands in the way of a request, once that is in the log."""
        about = answer.pop("about", None)
        positions = self.store.positions("node", about) if about else []
        if positions:
            commit = self.store.logs["node"].commit(positions[0])
            context = decode_context(commit.context)
            words = f" with '{context.command}'" if context.command else ""
            maker = f"made by {context.actor.user or context.actor.program}{words}"
            error = answer["error"]
            error["cause"] = f"{error['cause']}; {maker}, @{commit.position}"
        return answer

    def _position_of(self, request: str) -> int | None:
        candidates = self.store.positions("node", f"tx/{request}")
        return first_of_tx(self.store.logs["node"], candidates, request)
