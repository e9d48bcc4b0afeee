"""The daemon's core: one door, `step`, and no clock, socket, database or logger.

Theory of operation. The node holds the state of its logs, replayed. Each input is one fact; the
step decides what follows, applies it to the state, and returns the work in a `Ready`: what must
be on disk before anyone is answered, the answers, and notes of what was decided and why. Time
comes with the input. There is one member so far, which is therefore master (B1): a change is
decided when it is on this node's disk (D5 with a list of one).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any, assert_never

from daemon.core.livelog import LiveLog
from daemon.core.ready import (
    Answer,
    Begin,
    HardState,
    Input,
    Notified,
    Ready,
    Stop,
    Submit,
)
from eventstore import codec
from eventstore.differences import change_rows, event_row
from eventstore.errors import ExpectFailed, StoreError
from eventstore.model import events as ev
from eventstore.model.decide.devices import observe
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.notifications import DeviceNotified, DevicesScanned, Notification
from eventstore.model.objects import Node as NodeRecord

RECENT_MAX = 2048
"""Requests whose outcome is remembered without a look at the log: more than one flush holds."""

CLOCK_JUMP_US = 2_000_000
"""A wall clock that moved so much against the monotonic one was set, or the machine slept."""

INTERVALS_SHOWN = 10


class Node:
    """One node's configuration daemon, without its surroundings."""

    def __init__(
        self, name: str, cluster: str, shared: LiveLog, own: LiveLog, hard_state: HardState
    ) -> None:
        self.name = name
        self.cluster = cluster
        self.shared = shared
        self.own = own
        self.hard_state = hard_state
        self.intervals: deque[tuple[int, ev.IntervalUnknown]] = deque(maxlen=INTERVALS_SHOWN)
        self._recent: OrderedDict[str, int] = OrderedDict()
        self._down_since_us: int | None = None
        self._clock_offset_us: int | None = None

    def step(self, now_ms: int, wall_us: int, said: Input) -> Ready:
        """Take one input, and return the work that follows from it."""
        jump = self._clock_jump(now_ms, wall_us)
        ready = self._dispatch(wall_us, said)
        if not jump.append:
            return ready
        return Ready(
            jump.append + ready.append,
            ready.hard_state,
            ready.replies,
            jump.notes + ready.notes,
        )

    def _dispatch(self, wall_us: int, said: Input) -> Ready:
        match said:
            case Submit():
                return self._submit(wall_us, said)
            case Notified():
                return self._notified(wall_us, said.notification)
            case Begin():
                return self._begin(wall_us, said)
            case Stop():
                return self._stop(wall_us, said)
            case _:
                assert_never(said)

    def _begin(self, wall_us: int, said: Begin) -> Ready:
        """Take the next term, as the master of a view with one member (C2), and say so."""
        hard = self.hard_state
        self.hard_state = HardState(hard.term + 1, self.name, hard.incarnation + 1)
        header = self.own.state.get(("", 0))
        assert isinstance(header, NodeRecord)
        first = header.boot_id == ""
        self._down_since_us = None if first else self.own.head.time_us
        started = ev.DaemonStarted(said.boot_id, said.version, said.sqlite, not header.running)
        entry = self._own_commit(wall_us, "daemon", (started,))
        before = "first start" if first else "stopped" if started.clean else "ended without a word"
        note = f"daemon begins, the one before {before} -> master in term {self.hard_state.term}"
        return Ready((entry,), self.hard_state, notes=(note,))

    def _stop(self, wall_us: int, said: Stop) -> Ready:
        entry = self._own_commit(wall_us, "daemon", (ev.DaemonStopped(said.reason),))
        return Ready((entry,), notes=(f"{said.reason} -> stop",))

    def _notified(self, wall_us: int, notification: Notification) -> Ready:
        """Append what the kernel said before anything rests on it (A4)."""
        events = observe(self.own.state, notification)
        unknown = self._unobserved(wall_us, notification)
        if unknown is not None:
            events = (unknown, *events)
        if not events:
            return Ready(notes=("scan -> nothing changed",))
        cause = codec.Cause("notification", _notification_ref(notification))
        entry = self._own_commit(wall_us, "kernel", events, cause)
        if unknown is not None:
            self.intervals.append((self.own.head.position, unknown))
        kinds = ", ".join(ev.stored_name(type(event))[0] for event in events)
        return Ready((entry,), notes=(f"{_what(notification)} -> {kinds}",))

    def _unobserved(self, wall_us: int, notification: Notification) -> ev.IntervalUnknown | None:
        """Return the interval that a scan ends, if there is one (A5)."""
        if not isinstance(notification, DevicesScanned):
            return None
        since, self._down_since_us = self._down_since_us, None
        reason = "the daemon was down"
        if notification.reason == "overrun":
            since, reason = self.own.head.time_us, "notifications of the kernel were lost"
        if since is None:
            return None
        return ev.IntervalUnknown(reason, since, max(since, wall_us), notification.boot_id)

    def _clock_jump(self, now_ms: int, wall_us: int) -> Ready:
        """Record that the wall clock moved against the monotonic one (A5)."""
        offset, known = wall_us - now_ms * 1000, self._clock_offset_us
        self._clock_offset_us = offset
        if known is None or abs(offset - known) < CLOCK_JUMP_US:
            return Ready()
        before, seconds = wall_us - (offset - known), (offset - known) / 1_000_000
        since, until = sorted((before, wall_us))
        jumped = ev.IntervalUnknown(f"the clock jumped by {seconds:+.3f} s", since, until)
        entry = self._own_commit(wall_us, "daemon", (jumped,))
        self.intervals.append((self.own.head.position, jumped))
        return Ready((entry,), notes=(f"{jumped.reason} -> recorded",))

    def _submit(self, wall_us: int, said: Submit) -> Ready:
        """Answer a request: with its first outcome if it has one, else by deciding it (D13)."""
        position = said.found if said.found is not None else self._recent.get(said.request)
        if position is not None:
            note = f"request {said.request} again -> done at @{position} already"
            return Ready(replies=((said.token, self._done(position)),), notes=(note,))
        try:
            self._check_expected(said)
            events = decide(self.own.state, said.command, Moment(self.name, wall_us))
            if said.dry_run:
                return Ready(replies=((said.token, self._would_do(events)),))
            entry = self._commit(said.request, said.context, events)
        except StoreError as error:
            return self._reject(said, error)
        position = self.own.head.position
        self._remember(said.request, position)
        note = f"{said.verb} {said.request} -> committed @{position}"
        return Ready((entry,), replies=((said.token, self._done(position)),), notes=(note,))

    def _check_expected(self, said: Submit) -> None:
        """Refuse a request whose author has not seen the last change."""
        if said.expect is None or said.expect >= self.own.last_change:
            return
        raise ExpectFailed(
            "V-5-1-7850",
            f"the state changed after @{said.expect}",
            cause=f"the last change is @{self.own.last_change}",
            fix=f"see what changed: 'vx diff @{said.expect} head'; then ask again",
        )

    def _reject(self, said: Submit, error: StoreError) -> Ready:
        """Refuse a request, and record the attempt: who asked for what, and why not (D11)."""
        error.node = error.node or self.name
        reply = (said.token, {"ok": False, "error": error.to_map(), "about": error.about})
        note = f"{said.verb} {said.request} -> rejected: {error.message}"
        if said.dry_run:
            return Ready(replies=(reply,), notes=(note,))
        rejected = ev.RequestRejected(
            said.request, said.verb, error.id, error.message, error.rule or ""
        )
        entry = self._commit(self._own_tx(), said.context, (rejected,))
        return Ready((entry,), replies=(reply,), notes=(note,))

    def _would_do(self, events: tuple[ev.AnyEvent, ...]) -> Answer:
        """Return what events would do, and leave the state as it is."""
        changes = self.own.try_out(events)
        rows = change_rows(self.own.state, changes)
        self.own.state.restore(changes)
        return self._answer(
            {
                "position": self.own.head.position,
                "outcome": "dry-run",
                "events": [event_row(event) for event in events],
                "diff": rows,
            }
        )

    def _done(self, position: int) -> Answer:
        return self._answer({"position": position, "outcome": "done", "events": [], "diff": []})

    def _answer(self, data: Any) -> Answer:
        return {
            "ok": True,
            "cluster": self.cluster,
            "log": f"node/{self.name}",
            "position": self.own.head.position,
            "at_us": self.own.head.time_us,
            "resolved": None,
            "notes": [],
            "data": data,
        }

    def _own_commit(
        self,
        wall_us: int,
        program: str,
        events: tuple[ev.AnyEvent, ...],
        cause: codec.Cause | None = None,
    ) -> codec.Entry:
        """Record what happened without a request."""
        actor = codec.Actor(program=program)
        context = codec.Context(actor=actor, cause=cause, clock_us=wall_us)
        return self._commit(self._own_tx(), context, events)

    def _commit(
        self, tx: str, context: codec.Context, events: tuple[ev.AnyEvent, ...]
    ) -> codec.Entry:
        return self.own.record(
            tx,
            self.name,
            context,
            events,
            term=self.hard_state.term,
            shared_position=self.shared.head.position,
        )

    def _own_tx(self) -> str:
        """Return the daemon's own transaction ID: '@' is in no identifier of a client."""
        return f"{self.name}@{self.own.head.position + 1}"

    def _remember(self, request: str, position: int) -> None:
        self._recent[request] = position
        if len(self._recent) > RECENT_MAX:
            self._recent.popitem(last=False)


def _notification_ref(notification: Notification) -> str:
    number = notification.seqnum if isinstance(notification, DeviceNotified) else "scan"
    return f"{notification.boot_id}:{number}"


def _what(notification: Notification) -> str:
    if isinstance(notification, DeviceNotified):
        return f"kernel: {notification.action} {notification.name}"
    return f"kernel: scan ({notification.reason}) shows {len(notification.devices)} disks"
