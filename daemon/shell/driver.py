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
from daemon.core.ready import Answer, Found, Held, Hold, Input, Ready, Submit, Tick
from daemon.core.sharedlog import failure
from daemon.shell import clock
from daemon.shell.logs import Logger
from eventstore.codec import decode_context, decode_events
from eventstore.errors import AppendFailed, Overloaded, StoreError
from eventstore.model.cluster_events import RequestsFailed
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
        self._inputs: deque[Input] = deque()
        self._waiting: dict[int, tuple[str, Reply]] = {}
        """Token -> identifier of a request that has no answer yet, and whom to tell."""
        self._scheduled = False
        self._next_token = 0
        self._tick: asyncio.TimerHandle | None = None

    def put(self, said: Input) -> None:
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
        self._inputs.append(said)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.pump)

    def submit(self, said: Submit, reply: Reply) -> None:
        """Take a utility's request, with the answer to the question whether it was here before.

        Raises:
            Overloaded, AppendFailed: see `put`.
        """
        self._next_token += 1
        token, as_of = self._next_token, self.node.shared.head.position
        self._waiting[token] = (said.request, reply)
        looked_up = msgspec.structs.replace(
            said, token=token, found=self.find(said.request), as_of=as_of
        )
        try:
            self.put(looked_up)
        except StoreError:
            del self._waiting[token]
            raise

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
        readies = [self.node.step(clock.now_ms(), clock.wall_us(), said) for said in batch]
        try:
            self._persist(readies)
        except AppendFailed as error:
            self._fail(error)
            return
        for ready in readies:
            self._finish(ready)
        if readies:
            self._wake_at(readies[-1].wake_at_ms)

    def _persist(self, readies: Sequence[Ready]) -> None:
        entries = [entry for ready in readies for entry in ready.append]
        hard = [ready.hard_state for ready in readies if ready.hard_state is not None]
        body = msgspec.msgpack.encode(hard[-1]) if hard else None
        if entries or body is not None:
            self.store.append(entries, new_hard_state=body)
            self._on_append()

    def _finish(self, ready: Ready) -> None:
        """Do what follows the disk."""
        for directive in ready.directives:
            if isinstance(directive, Hold):
                # No I/O passes here: what is asked for is so already (D4).
                self.put(Held(directive.number))
        for token, answer in ready.replies:
            if token in self._waiting:
                _request, reply = self._waiting.pop(token)
                reply(self._with_maker(answer))
        for note in ready.notes:
            self._log.info(note)

    def _wake_at(self, at_ms: int | None) -> None:
        """Let the core know when the time has come that it named."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if at_ms is not None:
            delay_s = max(0, at_ms - clock.now_ms()) / 1000
            self._tick = asyncio.get_running_loop().call_later(delay_s, self._time_reached)

    def _time_reached(self) -> None:
        self._tick = None
        if self.failed is None:
            self.put(Tick())

    def stop(self) -> None:
        """Wake no more."""
        self._wake_at(None)

    def _fail(self, error: AppendFailed) -> None:
        self.failed = error
        self.stop()
        self._log.error("the log could not be written -> promise nothing more", cause=error.cause)
        unsettled = [Unsettled(request, reply) for request, reply in self._waiting.values()]
        self._waiting.clear()
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

    def find(self, request: str) -> Found | None:
        """Return what the logs say of a request's identifier (D13)."""
        for log in ("shared", "node"):
            candidates = self.store.positions(log, f"tx/{request}")
            position = first_of_tx(self.store.logs[log], candidates, request)
            if position is not None:
                return Found("done", position)
        for position in self.store.positions("shared", f"failed/{request}"):
            commit = self.store.logs["shared"].commit(position)
            for event in decode_events(commit.payload, position):
                if isinstance(event, RequestsFailed) and request in event.requests:
                    return failure(event, position)
        return None
