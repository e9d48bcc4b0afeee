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
from collections.abc import Callable
from typing import Protocol

import msgspec

from daemon.core.messages import AnyMessage, Ship
from daemon.core.node import Node
from daemon.core.ready import (
    Answer,
    Directive,
    Found,
    Input,
    Load,
    ReadCurrent,
    Ready,
    Received,
    Replay,
    SetAside,
    Submit,
    Tick,
)
from daemon.core.sharedlog import failure
from daemon.shell import clock, endings, pieces
from daemon.shell.journal import Journal
from daemon.shell.logs import Logger
from daemon.shell.recorder import Recorder
from eventstore.codec import decode_context, decode_events, decode_header
from eventstore.errors import Damaged, Overloaded, SegmentDamaged, StoreError, Unavailable
from eventstore.model.cluster_events import RequestsFailed
from eventstore.past.moments import first_of_tx
from eventstore.storage.store import Store

QUEUE_MAX = 4096
"""Inputs that may wait; a connection has one request under way, a notification is small."""

EXIT_DEFECT = 70

Reply = Callable[[Answer], None]


class Outside(Protocol):
    """What a core is connected to: its peers and its kernel. Neither call blocks or raises."""

    def send(self, to: str, message: AnyMessage) -> None:
        """Send a message to a peer, or drop it: the core sends again what matters."""

    def direct(self, directive: Directive) -> None:
        """Tell the kernel what it is to do."""

    def replay(self, wanted: Replay) -> None:
        """Have the shared log replayed beside the loop; a `Replayed` is to follow (G3)."""


class Unsettled(msgspec.Struct, frozen=True):
    """A request whose flush failed: its identifier, and whom to tell.

    `here` tells whether this node's own log decides it: what is shared may be decided elsewhere.
    """

    request: str
    reply: Reply
    here: bool = True


class Driver:
    """One incarnation of the core, and the store that it persists to."""

    def __init__(
        self,
        store: Store,
        node: Node,
        outside: Outside,
        logger: Logger,
        on_failure: Callable[[Unavailable, list[Unsettled]], None],
        on_append: Callable[[], None] = lambda: None,
        recorder: Recorder | None = None,
    ) -> None:
        self.store = store
        self.node = node
        self.failed: Unavailable | None = None
        self._journal = Journal(store, self.write_held, logger.info)
        self._pieces = pieces.Pieces(store)
        self._outside = outside
        self._recorder = recorder
        self._log = logger
        self._on_failure = on_failure
        self._on_append = on_append
        self._inputs: deque[Input] = deque()
        self._waiting: dict[int, Unsettled] = {}
        """Token -> a request that has no answer yet."""
        self._scheduled = False
        self._next_token = 0
        self._tick: asyncio.TimerHandle | None = None
        self._tick_ms = 0
        self._due_ms: int | None = None
        """When the core wants to be woken; the timer may be set for an earlier time."""

    @property
    def waiting(self) -> int:
        """Return how many utilities wait for an answer."""
        return len(self._waiting)

    def is_under_way(self, request: str) -> bool:
        """Whether a request waits here, or is in a commit that is in doubt (D13)."""
        if any(waiting.request == request for waiting in self._waiting.values()):
            return True
        doubt = self.node.hard_state.doubt
        return doubt is not None and any(
            decode_header(commit.header).tx == request for commit in doubt.commits
        )

    def put(self, said: Input) -> None:
        """Take an input; it is stepped in this turn of the loop, or in the next.

        Raises:
            Overloaded: too many wait.
            Unavailable: the disk refused before; the driver is dead.
        """
        self._take(said)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.pump)

    def _take(self, said: Input) -> None:
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

    def submit(self, said: Submit, reply: Reply) -> None:
        """Take a utility's request, with the answer to the question whether it was here before.

        Raises:
            Overloaded, Unavailable: see `put`.
        """
        alone = len(self.node.shared.configured) == 1
        here = alone or self.node.local.home_of(said.command) == "node"
        token = self._wait(Unsettled(said.request, reply, here))
        as_of = self.node.shared.head.position
        looked_up = msgspec.structs.replace(
            said, token=token, found=self.find(said.request), as_of=as_of
        )
        self._put_for(token, looked_up)

    def read_current(self, reply: Reply) -> None:
        """Have a position confirmed behind which what is read is current (G6).

        Raises:
            Overloaded, Unavailable: see `put`.
        """
        token = self._wait(Unsettled("", reply))
        self._put_for(token, ReadCurrent(token))

    def set_aside(self, expect: int | None, reply: Reply, *, dry_run: bool) -> None:
        """Have the tail set aside at which this log is another one than the cluster's (B3).

        Raises:
            Overloaded, Unavailable: see `put`.
        """
        token = self._wait(Unsettled("", reply))
        self._put_for(token, SetAside(token, expect, dry_run))

    def receive(self, sender: str, message: AnyMessage) -> None:
        """Take a peer's message, which is stepped once all is `heard` that came with it.

        One too many is dropped, as on the way it might have been.
        """
        if self.failed is not None or len(self._inputs) >= QUEUE_MAX:
            return
        found, as_of = None, 0
        if isinstance(message, Ship):
            found, as_of = self.find(message.request), self.node.shared.head.position
        self._take(Received(sender, message, found, as_of))

    def heard(self) -> None:
        """Step what peers said, without another turn of the loop: somebody waits for it."""
        if self._inputs and self.failed is None:
            self.pump()

    def _wait(self, waiting: Unsettled) -> int:
        self._next_token += 1
        self._waiting[self._next_token] = waiting
        return self._next_token

    def _put_for(self, token: int, said: Input) -> None:
        try:
            self.put(said)
        except StoreError:
            del self._waiting[token]
            raise

    def pump(self) -> None:
        """Step everything that waits, flush it in one transaction, and do the rest.

        What does not hold, in memory or on the disk, ends this incarnation: the next one begins
        from the log. What else goes wrong in here is a defect. The state in memory is then worth
        nothing, and the log is whole: end at once, and let the next start replay it.
        """
        try:
            self._pump()
        except Damaged as error:
            self._fail(endings.does_not_hold(error))
        except Exception:  # noqa: BLE001 the one place; it ends the process
            self._close_recorder()
            self._log.critical("a defect -> end at once", exc_info=True)
            os._exit(EXIT_DEFECT)

    def _pump(self) -> None:
        self._scheduled = False
        if not self._inputs:
            return
        readies = self._steps()
        try:
            if self._journal.persist(readies):
                self._on_append()
        except Unavailable as error:
            self._fail(error)
            return
        for ready in readies:
            self._finish(ready)
        if self._recorder is not None:
            self._recorder.write()
        if readies[-1].cut:
            self._fail(endings.begins_anew())
        elif readies[-1].anew:
            self._fail(endings.state_is_behind(readies[-1].anew), planned=True)
        else:
            self._wake_at(readies[-1].wake_at_ms)

    def _steps(self) -> list[Ready]:
        """Step what waits, up to the first step whose writes stand alone."""
        batch, self._inputs = self._inputs, deque()
        readies: list[Ready] = []
        while batch and not (readies and _is_last(readies[-1])):
            readies.append(self._step(batch.popleft()))
        if batch:
            self._inputs.extendleft(reversed(batch))
            self._schedule()
        return readies

    def _step(self, said: Input) -> Ready:
        now_ms, wall_us = clock.now_ms(), clock.wall_us()
        ready = None
        try:
            ready = self.node.step(now_ms, wall_us, said)
            for send in ready.early:
                self._outside.send(send.to, send.message)
        finally:
            if self._recorder is not None:
                self._recorder.record(now_ms, wall_us, said, ready)
        return ready

    def write_held(self) -> None:
        """Have everything in the store that was answered: somebody is about to read it."""
        if self.failed is None:
            try:
                self._journal.write_held()
            except Unavailable as error:
                self._fail(error)

    def _finish(self, ready: Ready) -> None:
        """Do what follows the disk."""
        for directive in ready.directives:
            self._outside.direct(directive)
        for send in ready.sends:
            self._outside.send(send.to, send.message)
        for load in ready.loads:
            self._send_loaded(load)
        if ready.replay is not None:
            self._outside.replay(ready.replay)
        for position in ready.lookups:
            found = self._journal.hash_at(position)
            if found is not None:
                self.put(found)
        for token, answer in ready.replies:
            if token in self._waiting:
                self._waiting.pop(token).reply(self._with_maker(answer))
        for note in ready.notes:
            self._log.info(note)

    def _send_loaded(self, load: Load) -> None:
        """Send what the log has; of what is in a segment that is not to be had, say so here."""
        try:
            message = self._pieces.loaded(load)
        except SegmentDamaged as error:
            self._log.error(f"{error.message} -> {load.to} gets nothing", cause=error.cause)
            return
        self._outside.send(load.to, message)

    def _wake_at(self, at_ms: int | None) -> None:
        """Let the core know when the time has come that it named last.

        It names another one at nearly every step, mostly a later one: the timer that is set finds
        that out when it is due.
        """
        self._due_ms = at_ms
        if at_ms is None or (self._tick is not None and self._tick_ms <= at_ms):
            return
        if self._tick is not None:
            self._tick.cancel()
        delay_s = max(0, at_ms - clock.now_ms()) / 1000
        self._tick = asyncio.get_running_loop().call_later(delay_s, self._time_reached)
        self._tick_ms = at_ms

    def _time_reached(self) -> None:
        self._tick = None
        if self.failed is not None or self._due_ms is None:
            return
        if clock.now_ms() < self._due_ms:
            self._wake_at(self._due_ms)
        else:
            self.put(Tick())

    def stop(self) -> None:
        """Wake no more."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        self._due_ms = None
        self._journal.close()
        self._close_recorder()

    def _close_recorder(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _fail(self, error: Unavailable, *, planned: bool = False) -> None:
        self.failed = error
        self._inputs.clear()
        self.stop()
        if not planned:
            self._log.error(f"{error.message} -> promise nothing more", cause=error.cause)
        unsettled = list(self._waiting.values())
        self._waiting.clear()
        self._on_failure(error, unsettled)

    def _with_maker(self, answer: Answer) -> Answer:
        """Name who made what stands in the way of a request, once that is in the log.

        The answer is whoever's who gets it; what the core said is still to be recorded.
        """
        answer = {**answer}
        about = answer.pop("about", None)
        positions = self.store.positions("node", about) if about else []
        # Not a commit of a segment: that may be missing, and the answer is whole without a maker.
        if positions and positions[0] > self.store.logs["node"].archive.floor:
            commit = self.store.logs["node"].commit(positions[0])
            context = decode_context(commit.context)
            words = f" with '{context.command}'" if context.command else ""
            maker = f"made by {context.actor.user or context.actor.program}{words}"
            error = answer["error"]
            cause = f"{error['cause']}; {maker}, @{commit.position}"
            answer["error"] = {**error, "cause": cause}
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


def _is_last(ready: Ready) -> bool:
    """Whether a step goes to the disk before the next one is made: what it writes stands alone."""
    return bool(ready.cut or ready.anew or pieces.is_any(ready))
