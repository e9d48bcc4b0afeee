"""Group commit: what waits while one flush is under way goes into the next one together.

There is no thread of its own. Of the callers that wait, the first does the flush for all; a lone
caller therefore pays for no hand-over. The queue is bounded: when it is full a caller waits for
room, as long as it is willing to, and then gets an error; nothing is ever dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Lock
from time import monotonic
from typing import Generic, TypeVar

from eventstore.errors import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")

QUEUE_MAX = 1024
"""Callers that may wait; each holds one request's commits, a few KiB as a rule."""


class _Ticket(Generic[Item, Result]):
    """One caller's place in the queue; `turn` is released when it is served, or has to lead.

    Whoever was served wakes `following`: woken all at once they would only wait for each other.
    """

    __slots__ = ("error", "following", "item", "result", "served", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = Lock()
        self.turn.acquire()
        self.served = False
        self.following: _Ticket[Item, Result] | None = None
        self.result: Result | None = None
        self.error: BaseException | None = None


Outcome = tuple[Result | None, BaseException | None]


class GroupCommit(Generic[Item, Result]):
    """Calls `flush` with the items of all waiting callers, never twice at once."""

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Sequence[Outcome[Result]]],
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._flush = flush
        self._queue_max = queue_max
        self._lock = Lock()
        self._room = Condition(self._lock)
        self._waiting: deque[_Ticket[Item, Result]] = deque()
        self._flushing = False

    def submit(self, item: Item, timeout_s: float) -> Result:
        """Have an item flushed, and return what came of it.

        Raises:
            Overloaded: the queue stayed full for `timeout_s` seconds; nothing was done.
            Whatever the flush says of this item.
        """
        ticket: _Ticket[Item, Result] = _Ticket(item)
        if not self._enter(ticket, timeout_s):
            try:
                ticket.turn.acquire()
            except BaseException:
                # An interrupted caller cannot leave the queue: others wait behind it.
                ticket.turn.acquire()
                self._go_on(ticket)
                raise
        self._go_on(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.result  # type: ignore[return-value]

    def _go_on(self, ticket: _Ticket[Item, Result]) -> None:
        """Lead the next flush, or wake the one behind, when the ticket's turn has come."""
        if not ticket.served:
            self._lead(ticket)
        elif ticket.following is not None:
            ticket.following.turn.release()

    def _enter(self, ticket: _Ticket[Item, Result], timeout_s: float) -> bool:
        """Join the queue; return whether this caller has to lead."""
        with self._lock:
            if len(self._waiting) >= self._queue_max:
                self._wait_for_room(timeout_s)
            self._waiting.append(ticket)
            leads = not self._flushing
            self._flushing = True
            return leads

    def _wait_for_room(self, timeout_s: float) -> None:
        deadline = monotonic() + timeout_s
        while len(self._waiting) >= self._queue_max:
            left = deadline - monotonic()
            if left <= 0 or not self._room.wait(left):
                raise Overloaded(
                    "V-5-1-12206",
                    "too many changes wait for the disk",
                    cause=f"{self._queue_max} were waiting for {timeout_s:g} s",
                    fix="try again; if it lasts, look at the disk that holds the log",
                )

    def _lead(self, own: _Ticket[Item, Result]) -> None:
        """Flush what waits, then hand over to the first of those that came meanwhile."""
        with self._lock:
            batch = list(self._waiting)
            self._waiting.clear()
            if len(batch) >= self._queue_max:
                self._room.notify_all()
        try:
            outcomes = self._flush([ticket.item for ticket in batch])
            for ticket, (result, error) in zip(batch, outcomes, strict=True):
                ticket.result, ticket.error = result, error
        except BaseException as error:
            for ticket in batch:
                ticket.error = error
            raise
        finally:
            following = None
            for ticket in reversed(batch):
                ticket.served = True
                if ticket is not own:
                    ticket.following, following = following, ticket
            with self._lock:
                successor = self._waiting[0] if self._waiting else None
                self._flushing = successor is not None
            if successor is not None:
                successor.turn.release()
            if following is not None:
                following.turn.release()
