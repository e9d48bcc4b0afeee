"""Defences of the protocol, taken away one at a time: what the simulator has to notice.

Each is a function whose docstring says which rule is broken; it changes the core by a patch that
only tests can make. `PLANTED` are found by random lives (`sharpness`); `planted_seldom` holds
those that need a directed case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.core import messages as msg, settling
from daemon.core.member import Member
from daemon.core.office import Office
from daemon.core.proposal import Proposal, Stage
from daemon.core.proposing import Proposing
from daemon.core.reads import Reads
from daemon.core.ready import Found
from daemon.core.reconfigure import Reconfigurations
from daemon.core.sharedlog import SharedLog
from daemon.core.station import Station
from daemon.core.view import View
from daemon.core.work import Work
from eventstore import codec
from eventstore.model import invariants
from eventstore.model.cluster import elected_term
from eventstore.model.decide import activation
from tests.simulation.planted_far import OF_FAR
from tests.simulation.planted_io import OF_IO

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


def no_quorum(patch: Patch) -> None:
    """C1: any view decides, however few its members are."""

    def possible(station: Station, view: View) -> bool:
        return station.name in view.members

    patch.setattr(Station, "is_possible", possible)
    patch.setattr(Office, "_is_active", lambda _office: True)


def quorum_of_nodes(patch: Patch) -> None:
    """C1: nodes are counted, not members: those without a daemon, or a whole log, help."""
    real = Station.is_possible

    def possible(station: Station, view: View) -> bool:
        up = tuple(replace(node, daemon=node.daemon or 1) for node in view.nodes)
        return station.name in view.members and real(station, replace(view, nodes=up))

    patch.setattr(Station, "is_possible", possible)
    patch.setattr(Office, "_is_active", lambda _office: True)


def not_sticky(patch: Patch) -> None:
    """C4a: a re-proposal is failed like a first proposal."""
    patch.setitem(settling.C4, (True, True), "fail")


def completed_with_a_refusal(patch: Patch) -> None:
    """C4c: what an intact member of its list lacks is completed, though it was not decided."""
    patch.setitem(settling.C4, (False, True), "complete")


def always_failed(patch: Patch) -> None:
    """C4b: what may have been decided is failed."""
    patch.setitem(settling.C4, (False, False), "fail")
    real = settling.failure

    def failure(choice: settling.Choice) -> Any:
        return real(replace(choice, lacking=choice.lacking or ("nobody",)))

    patch.setattr(settling, "failure", failure)


def joiners_refuse(patch: Patch) -> None:
    """C4c: a member that a proposal never went to proves that it was not decided."""
    real = settling.choose

    def choose(head: Any, witnesses: Any) -> settling.Choice:
        choice = real(head, witnesses)
        others = [w.name for w in witnesses if w.doubt is None]
        if choice.verdict == "complete" and others:
            return settling.Choice("fail", choice.commits, tuple(others), choice.order)
        return choice

    patch.setattr(settling, "choose", choose)


def the_lowest_record_counts(patch: Patch) -> None:
    """C4: of several records in doubt not the one with the highest term and number counts."""
    patch.setattr(settling, "max", min, raising=False)


def damage_is_absence(patch: Patch) -> None:
    """C3, I9: a blank or damaged log counts like an intact one."""
    real = Station.state

    def state(station: Station) -> Any:
        return replace(real(station), intact=True)

    patch.setattr(Station, "state", state)


def old_copies_count(patch: Patch) -> None:
    """C3: a log that ends before what its node is recorded to have stored counts as intact.

    Two look: the master before it gives anything, and the node itself when it is given it.
    """
    patch.setattr(Office, "_lacks_what_it_stored", lambda _office: False)
    patch.setattr(Station, "_look_whether_it_stored_more", lambda _station, _had: None)


def trusted_by_catch_up(patch: Patch) -> None:
    """C3: the mark of damage ends with a `MasterElected` that catch-up brings."""

    def trust(station: Station) -> None:
        if not station.hard.intact and elected_term(station.shared.state) > 0:
            station._set_lazily(intact=True)

    real = Station.catch_up

    def catch_up(station: Station, commits: Any) -> None:
        real(station, commits)
        trust(station)

    patch.setattr(Station, "catch_up", catch_up)


def every_report_of_damage_costs_a_term(patch: Patch) -> None:
    """C3: a damaged node is not remembered to have been heard of."""

    patch.setattr(Station, "is_new_damage", lambda _station, _name, state: not state.intact)


def lower_terms_are_obeyed(patch: Patch) -> None:
    """C2, G4: a message of a lower term, or of another master, is taken as if it were new."""

    def received(member: Member, said: Any) -> None:
        message = said.message
        if isinstance(message, msg.Deposed):
            member._deposed(message)
        elif isinstance(message, msg.Ask):
            member._asked(said.sender, message)
        elif type(message) in member.OF_MASTER:
            member.OF_MASTER[type(message)](member, message)
        elif member.office is not None and message.term == member.office.term:
            member.office.received(said)

    patch.setattr(Member, "received", received)


def lower_terms_get_no_answer(patch: Patch) -> None:
    """C2: a master is not told that a higher term was promised."""
    real = Work.send

    def send(work: Work, to: str, message: Any) -> None:
        if not isinstance(message, msg.Deposed):
            real(work, to, message)

    patch.setattr(Work, "send", send)


def a_term_for_everybody(patch: Patch) -> None:
    """C2: a term is promised to whoever asks for it, not once."""

    def asked(member: Member, sender: str, ask: msg.Ask) -> None:
        member.heard = max(member.heard, ask.term)
        if ask.term >= member.hard.term:
            member.leave_office()
            member.promise(ask.term, sender, ask.incarnation)
        member._say_state()

    patch.setattr(Member, "_asked", asked)


def the_view_goes_on_under_one_term(patch: Patch) -> None:
    """C0: where the master stays, a view that loses members is taken in passing."""
    real = Member.viewed

    def viewed(member: Member, view: View) -> None:
        office, known = member.office, member.view
        if (
            office is None
            or known is None
            or not member._is_to_lead(view)
            or not set(view.members) <= set(known.members)
        ):
            real(member, view)
            return
        member.view = office.view = office.proposing.view = office.joining.view = view
        proposal = office.proposing.open
        gone = set(known.members) - set(view.members)
        for name in sorted(gone):
            if proposal is not None and not proposal.is_decided:
                office.proposing.answered(name, proposal.record.number)

    patch.setattr(Member, "viewed", viewed)


def a_majority_decides(patch: Patch) -> None:
    """D5: a proposal is decided when most members have it."""
    real = Proposing.answered

    def answered(proposing: Proposing, name: str, number: int) -> None:
        proposal = proposing.open
        real(proposing, name, number)
        if proposal is None or proposal is not proposing.open or proposal.is_decided:
            return
        if 2 * len(proposal.waiting) < len(proposal.record.members):
            proposal.waiting.clear()
            real(proposing, name, number)

    patch.setattr(Proposing, "answered", answered)


def failed_is_told_at_once(patch: Patch) -> None:
    """C6: a request is answered *failed* when its failure is proposed, not when it is decided."""
    real = Reconfigurations.failed

    def failed(changes: Reconfigurations, proposal: Proposal, name: str, refused: Any) -> Any:
        commit, requests = real(changes, proposal, name, refused)
        for request in requests:
            found = Found("failed", commit.position, name, "V-5-1-7915", "refused", "D4")
            changes.settle(request, found)
        return commit, requests

    patch.setattr(Reconfigurations, "failed", failed)


def done_is_told_when_decided(patch: Patch) -> None:
    """D7: the utility hears *done* before every member has applied it."""
    real = Proposing._begin_stage

    def begin(proposing: Proposing) -> None:
        proposal = proposing.open
        if proposal is not None and proposal.stage is Stage.FIRST and not proposal.record.again:
            office: Any = proposing._done.__self__  # type: ignore[attr-defined]
            office.changes.done(proposal)
        real(proposing)

    patch.setattr(Proposing, "_begin_stage", begin)


def all_hear_at_once(patch: Patch) -> None:
    """D6: a commit is not brought to the first in succession before the others."""

    def audience(proposal: Proposal, here: str, succession: tuple[str, ...]) -> tuple[str, ...]:
        others = tuple(n for n in succession if n in proposal.record.members and n != here)
        return () if proposal.stage is Stage.REST else others

    patch.setattr(Proposal, "audience", audience)


def reads_ask_nobody(patch: Patch) -> None:
    """G6: a current read is answered by a master that asks nobody whether it still is one."""

    def ask(reads: Reads) -> None:
        if not reads.waiting or not reads.office.is_free:
            return
        reads.asked, reads.waiting = reads.waiting, []
        reads.missing = set()
        reads._stood()

    patch.setattr(Reads, "go_on", ask)


def identifiers_are_not_looked_up(patch: Patch) -> None:
    """D13, I6: a request under an identifier that has an outcome already runs again."""
    patch.setattr(SharedLog, "found", lambda *_args: None)


def times_go_back(patch: Patch) -> None:
    """I15: a commit's time is the clock's, also where that is earlier than the one before."""
    real = codec.seal

    def seal(head: Any, draft: Any, applied_us: int) -> Any:
        return real(head._replace(time_us=0), draft, applied_us)

    patch.setattr(codec, "seal", seal)


def the_hash_covers_the_term(patch: Patch) -> None:
    """Words (commit): what a later master changes is in the hash, so that it is another commit."""
    real = Proposing.propose

    def propose(proposing: Proposing, commits: Any, **named: Any) -> None:
        if named.get("again"):
            commits = _resealed(proposing, commits)
        real(proposing, commits, **named)

    patch.setattr(Proposing, "propose", propose)


def _resealed(proposing: Proposing, commits: Any) -> Any:
    head, made = proposing.member.shared.head, []
    for commit in commits:
        header = codec.decode_header(commit.header)
        draft = codec.Draft(
            header.tx,
            f"{header.node}/{proposing.term}",
            commit.context or b"",
            commit.payload,
            commit.digest,
            header.time_us,
            header.shared_position,
            proposing.term,
        )
        made.append(codec.seal(head, draft, commit.applied_us))
        head = codec.head_after(head, made[-1])
    return tuple(made)


def activations_are_not_compared(patch: Patch) -> None:
    """F1: a node gets any mode, whatever others hold."""
    patch.setattr(activation, "conflicts", lambda *_args: [])
    patch.setattr(invariants, "conflicts", lambda *_args: [])


PLANTED: tuple[Plant, ...] = (
    no_quorum,
    quorum_of_nodes,
    not_sticky,
    completed_with_a_refusal,
    always_failed,
    joiners_refuse,
    the_lowest_record_counts,
    damage_is_absence,
    old_copies_count,
    trusted_by_catch_up,
    every_report_of_damage_costs_a_term,
    lower_terms_are_obeyed,
    lower_terms_get_no_answer,
    a_term_for_everybody,
    the_view_goes_on_under_one_term,
    a_majority_decides,
    failed_is_told_at_once,
    done_is_told_when_decided,
    all_hear_at_once,
    reads_ask_nobody,
    identifiers_are_not_looked_up,
    times_go_back,
    the_hash_covers_the_term,
    activations_are_not_compared,
    *OF_IO,
    *OF_FAR,
)
