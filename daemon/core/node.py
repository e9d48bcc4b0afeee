"""The daemon's core: one door, `step`, and no clock, socket, database or logger.

Theory of operation. The node holds the state of its logs, replayed. Each input is one fact; the
step decides what follows and returns the work in a `Ready`: what must be on disk before anyone is
answered, the answers, and notes of what was decided and why. Time comes with the input. What is
shared is the cluster's, and goes through `Member`; private disk groups and what the kernel says of
disks are the node's own, and go through `Private`.
"""

from __future__ import annotations

from daemon.core.deadlines import Deadlines
from daemon.core.leaving import Leaving
from daemon.core.livelog import LiveLog
from daemon.core.local import LocalFacts
from daemon.core.member import Member
from daemon.core.private import Private
from daemon.core.quarantine import set_aside
from daemon.core.ready import (
    Answer,
    Begin,
    FromKernel,
    HardState,
    HashAt,
    Held,
    Input,
    Leave,
    Linked,
    Notified,
    ReadCurrent,
    Ready,
    Received,
    Replayed,
    SetAside,
    Stop,
    Submit,
    Tick,
    Viewed,
)
from daemon.core.sharedlog import SharedLog
from daemon.core.standing import Standing, standing
from daemon.core.waiting import Outcome, answer_of, not_current
from daemon.core.work import Work
from eventstore.errors import StoreError
from eventstore.model.objects import Node as NodeRecord


class Node:
    """One node's configuration daemon, without its surroundings."""

    def __init__(
        self, name: str, cluster: str, shared: SharedLog, own: LiveLog, hard_state: HardState
    ) -> None:
        self.name = name
        self.cluster = cluster
        self.shared = shared
        self.own = own
        self.local = LocalFacts(shared, own)
        header = own.state.get(("", 0))
        assert isinstance(header, NodeRecord)
        self.member = Member(name, header.cluster_id, shared, self.local, hard_state)
        self.leaving = Leaving(self.member)
        self.private = Private(cluster, own, self.member, self.local)
        self.deadlines = Deadlines(self.member, self.private)

    @property
    def hard_state(self) -> HardState:
        """Return what must survive a crash beside the logs."""
        return self.member.hard

    @property
    def standing(self) -> Standing:
        """Return whether shared disk groups are enabled here, and if not, why (C1, E3)."""
        member = self.member
        return standing(
            member.view,
            self.name,
            connected=member.is_connected,
            quarantined=member.hard.quarantined,
        )

    def step(self, now_ms: int, wall_us: int, said: Input) -> Ready:
        """Take one input, and return the work that follows from it.

        Raises:
            Damaged: the state was wrong: a replay of the log gives another one (G3).
        """
        member = self.member
        work = member.work = Work()
        member.now_ms, member.wall_us = now_ms, wall_us
        self.private.clock_jump()
        self._dispatch(said)
        self.deadlines.look()
        self._tell(work)
        self.leaving.look()
        self.private.record_facts()
        due = [at for at in (member.wake_at(), self.deadlines.wake_at()) if at is not None]
        return work.ready(min(due, default=None))

    def _dispatch(self, said: Input) -> None:
        match said:
            case Submit():
                self._submit(said)
            case Received():
                self.member.received(said)
            case ReadCurrent():
                self.member.requests.read_current(said.token)
            case Tick():
                self.member.tick()
            case Begin():
                self.private.begin(said)
            case Stop():
                self.private.stop(said.reason)
            case HashAt():
                self.member.looked_up(said)
            case Replayed():
                self.member.replayed(said)
            case SetAside():
                self.member.work.replies.append((said.token, set_aside(self.member, said)))
            case _:
                self._from_around(said)

    def _from_around(self, said: FromKernel | Linked) -> None:
        match said:
            case Linked():
                if self.member.office is not None:
                    self.member.office.linked(said.node)
            case Notified():
                self.private.notified(said.notification)
            case Viewed():
                self.member.viewed(said.view)
            case Held():
                self.member.held(said)
            case Leave():
                self.leaving.asked(wanted=said.wanted)

    def _submit(self, said: Submit) -> None:
        """Let a request go where the disk group lives that it is about."""
        if self.local.home_of(said.command) != "shared":
            self.private.submit(said)
            return
        try:
            if self.shared.recent.get(said.request, said.found) is None:
                self.private.check_mode(said)
        except StoreError as error:
            self.private.reject(said, error)
        else:
            self.member.requests.submit(said)

    def _tell(self, work: Work) -> None:
        """Answer the utilities whose requests for shared changes have an outcome."""
        requests = self.member.requests
        outcomes, requests.outcomes = requests.outcomes, []
        for outcome in outcomes:
            request = outcome.request
            if outcome.error is not None and not request.dry_run:
                self.private.record_rejection(
                    request.request, request.verb, request.context, outcome.error
                )
            answer = self._outcome(outcome)
            work.replies += [(token, answer) for token in outcome.tokens]
            work.note(f"{request.verb} {request.request} -> {_word(outcome)}")
        reads, requests.read_answers = requests.read_answers, []
        work.replies += [(token, self._read(position)) for token, position in reads]

    def _outcome(self, outcome: Outcome) -> Answer:
        if outcome.error is not None:
            return {"ok": False, "error": outcome.error, "about": outcome.about}
        if outcome.found is None:
            return answer_of("shared", self.cluster, self.shared, outcome.data)
        found = outcome.found
        if found.outcome == "failed":
            return {"ok": False, "error": found.to_error(), "about": None}
        data = {"position": found.position, "outcome": "done", "events": [], "diff": []}
        return answer_of("shared", self.cluster, self.shared, data)

    def _read(self, position: int | None) -> Answer:
        if position is None:
            return {"ok": False, "error": not_current(self.name).to_map(), "about": None}
        return answer_of("shared", self.cluster, self.shared, {"position": position})


def _word(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"rejected: {outcome.error['message']}"
    if outcome.found is None:
        return "dry run"
    return f"{outcome.found.outcome} @{outcome.found.position}"
