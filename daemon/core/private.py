"""A node's own business: its log, its disks, its private disk groups, its clock (A4, A5)."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

from daemon.core.livelog import LiveLog
from daemon.core.local import LocalFacts
from daemon.core.member import Member
from daemon.core.ready import Answer, Begin, Submit
from daemon.core.waiting import answer_of, changed_since
from daemon.core.work import Work
from eventstore import codec
from eventstore.errors import StoreError
from eventstore.model import events as ev
from eventstore.model.commands import TakeBack
from eventstore.model.decide.daemon import refusal
from eventstore.model.decide.devices import observe
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.decide.wayback import waiting
from eventstore.model.notifications import DeviceNotified, DevicesScanned, Notification
from eventstore.model.objects import ENABLED, Node as NodeRecord
from eventstore.present.differences import change_rows, event_row

RECENT_MAX = 2048
"""Requests whose outcome is remembered without a look at the log: more than one flush holds."""

CLOCK_JUMP_US = 2_000_000
"""A wall clock that moved so much against the monotonic one was set, or the machine slept."""

INTERVALS_SHOWN = 10


class Private:
    """What one node decides alone, and writes into its own log."""

    def __init__(self, cluster: str, own: LiveLog, member: Member, local: LocalFacts) -> None:
        self.name = member.name
        self.cluster = cluster
        self.own = own
        self.member = member
        self.local = local
        self.intervals: deque[tuple[int, ev.IntervalUnknown]] = deque(maxlen=INTERVALS_SHOWN)
        self._recent: OrderedDict[str, int] = OrderedDict()
        self._down_since_us: int | None = None
        self._clock_offset_us: int | None = None

    @property
    def _work(self) -> Work:
        return self.member.work

    @property
    def _wall_us(self) -> int:
        return self.member.wall_us

    def begin(self, said: Begin) -> None:
        """Begin a new incarnation: promises of earlier ones stay, and nothing else."""
        header = self.own.state.get(("", 0))
        assert isinstance(header, NodeRecord)
        first = header.boot_id == ""
        self._down_since_us = None if first else self.own.head.time_us
        started = ev.DaemonStarted(said.boot_id, said.version, said.sqlite, not header.running)
        mode = () if said.mode == ENABLED else (ev.DaemonModeSet(said.mode),)
        self._own_commit("daemon", (started, *mode))
        # By the clock, so that a node that lost its disk is not taken for its earlier self.
        incarnation = max(self.member.hard.incarnation + 1, self._wall_us // 1000)
        self.member.begin(incarnation)
        before = "first start" if first else "stopped" if started.clean else "ended without a word"
        self._work.note(
            f"daemon begins, the one before {before} -> incarnation {self.member.hard.incarnation}"
        )

    def stop(self, reason: str) -> None:
        """Record an orderly end."""
        self._own_commit("daemon", (ev.DaemonStopped(reason),))
        self._work.note(f"{reason} -> stop")

    def record_facts(self) -> None:
        """Record what this step found out about the node itself."""
        facts, self.member.facts = self.member.facts, []
        if facts:
            self._own_commit("daemon", tuple(facts))

    def notified(self, notification: Notification) -> None:
        """Append what the kernel said before anything rests on it (A4)."""
        events = observe(self.own.state, notification)
        unknown = self._unobserved(notification)
        if unknown is not None:
            events = (unknown, *events)
        if not events:
            self._work.note("scan -> nothing changed")
            return
        cause = codec.Cause("notification", _notification_ref(notification))
        self._own_commit("kernel", events, cause)
        if unknown is not None:
            self.intervals.append((self.own.head.position, unknown))
        kinds = ", ".join(ev.stored_name(type(event))[0] for event in events)
        self._work.note(f"{_what(notification)} -> {kinds}")

    def _unobserved(self, notification: Notification) -> ev.IntervalUnknown | None:
        """Return the interval that a scan ends, if there is one (A5)."""
        if not isinstance(notification, DevicesScanned):
            return None
        since, self._down_since_us = self._down_since_us, None
        reason = "the daemon was down"
        if notification.reason == "overrun":
            since, reason = self.own.head.time_us, "notifications of the kernel were lost"
        if since is None:
            return None
        return ev.IntervalUnknown(reason, since, max(since, self._wall_us), notification.boot_id)

    def clock_jump(self) -> None:
        """Record that the wall clock moved against the monotonic one (A5)."""
        wall_us = self._wall_us
        offset, known = wall_us - self.member.now_ms * 1000, self._clock_offset_us
        self._clock_offset_us = offset
        if known is None or abs(offset - known) < CLOCK_JUMP_US:
            return
        before, seconds = wall_us - (offset - known), (offset - known) / 1_000_000
        since, until = sorted((before, wall_us))
        jumped = ev.IntervalUnknown(f"the clock jumped by {seconds:+.3f} s", since, until)
        self._own_commit("daemon", (jumped,))
        self.intervals.append((self.own.head.position, jumped))
        self._work.note(f"{jumped.reason} -> recorded")

    def submit(self, said: Submit) -> None:
        """Answer a request: with its first outcome if it has one, else by deciding it (D13)."""
        found = self._recent.get(said.request)
        if found is None and said.found is not None:
            found = said.found.position
        if found is not None:
            self._work.replies.append((said.token, self._done(found)))
            self._work.note(f"request {said.request} again -> done at @{found} already")
            return
        try:
            self._check_expected(said)
            self.check_mode(said)
            moment = Moment(self.name, self._wall_us, said.scan, self.own.head.position)
            events = decide(self.own.state, said.command, moment)
            objection = self.local.private_objection(events, self.member.reserved)
            if objection is not None:
                raise objection
            if said.dry_run:
                self._work.replies.append((said.token, self._would_do(events)))
                return
            self._commit(said.request, said.context, events)
        except StoreError as error:
            self.reject(said, error)
            return
        position = self.own.head.position
        self._remember(said.request, position)
        self._work.replies.append((said.token, self._done(position)))
        self._work.note(f"{said.verb} {said.request} -> committed @{position}")

    def take_back(self, request: str) -> None:
        """Undo a private change that nobody confirmed in time, or record why that cannot be."""
        awaited = next(one for one in waiting(self.own.state) if one.name == request)
        moment = Moment(self.name, self._wall_us)
        try:
            events = decide(self.own.state, TakeBack(request), moment)
            objection = self.local.private_objection(events, self.member.reserved)
            if objection is not None:
                raise objection
        except StoreError as error:
            events = (ev.UndoFailed(awaited.rid, request, error.message),)
        self._own_commit("daemon", events, codec.Cause("transaction", request))
        self._work.note(f"{request} was not confirmed in time -> @{self.own.head.position}")

    def _check_expected(self, said: Submit) -> None:
        """Refuse a request whose author has not seen the last change."""
        if said.expect is None or said.expect >= self.own.last_change:
            return
        raise changed_since(said.expect, self.own.last_change)

    def check_mode(self, said: Submit) -> None:
        """Refuse a change while the daemon takes none; what would happen can be asked.

        Raises:
            Unavailable: it takes none.
        """
        refused = refusal(self.own.state, said.command)
        if refused is not None and not said.dry_run:
            raise refused

    def reject(self, said: Submit, error: StoreError) -> None:
        """Refuse a request, and record the attempt: who asked for what, and why not (D11)."""
        error.node = error.node or self.name
        answer = {"ok": False, "error": error.to_map(), "about": error.about}
        self._work.replies.append((said.token, answer))
        self._work.note(f"{said.verb} {said.request} -> rejected: {error.message}")
        if not said.dry_run:
            self.record_rejection(said.request, said.verb, said.context, error.to_map())

    def record_rejection(
        self, request: str, verb: str, context: codec.Context, error: dict[str, Any]
    ) -> None:
        """Record that a request was rejected: who asked for what, and why not (D11, D13)."""
        message, rule = str(error["message"]), str(error["rule"] or "")
        rejected = ev.RequestRejected(request, verb, str(error["id"]), message, rule)
        self._commit(self._own_tx(), context, (rejected,))

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
        return answer_of(f"node/{self.name}", self.cluster, self.own, data)

    def _own_commit(
        self, program: str, events: tuple[ev.AnyEvent, ...], cause: codec.Cause | None = None
    ) -> None:
        """Record what happened without a request."""
        actor = codec.Actor(program=program)
        context = codec.Context(actor=actor, cause=cause, clock_us=self._wall_us)
        self._commit(self._own_tx(), context, events)

    def _commit(self, tx: str, context: codec.Context, events: tuple[ev.AnyEvent, ...]) -> None:
        entry = self.own.record(
            tx,
            self.name,
            context,
            events,
            term=self.member.hard.term,
            shared_position=self.member.shared.head.position,
        )
        self._work.append.append(entry)
        self._work.flush = True

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
