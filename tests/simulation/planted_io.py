"""Planted bugs in the order of disk, network and answers, and in what a restart finds (I8, G4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.core import messages as msg, settling
from daemon.core.catchup import CatchUp
from daemon.core.member import Member
from daemon.core.office import Office
from daemon.core.proposing import Proposing
from daemon.core.reconfigure import Reconfigurations
from daemon.core.station import Station
from daemon.core.work import Work
from tests.simulation.disk import Disk

Patch = pytest.MonkeyPatch


def nothing_is_flushed(patch: Patch) -> None:
    """D4, I8: prepared is said before the proposal is on stable storage."""

    def persist(work: Work, hard_state: Any) -> None:
        work.hard_state = hard_state

    patch.setattr(Work, "persist", persist)


def the_promise_is_in_memory(patch: Patch) -> None:
    """C2, I7: a promise is not on the disk when it is given."""

    def promise(station: Station, term: int, to: str, incarnation: int) -> None:
        station.hard = replace(
            station.hard, term=term, promised_to=to, promised_incarnation=incarnation
        )

    patch.setattr(Station, "promise", promise)


def the_master_asks_before_it_promised(patch: Patch) -> None:
    """C2: a master asks for promises while its own is on its way to the disk."""
    _leaves_early(patch, msg.Ask)


def members_answer_before_they_flushed(patch: Patch) -> None:
    """I8: what a member says of its disk leaves before the disk has it."""
    _leaves_early(patch, msg.Promised, msg.Prepared, msg.CaughtUp)


def _leaves_early(patch: Patch, *kinds: type) -> None:
    real = Work.send

    def send(work: Work, to: str, message: Any) -> None:
        if type(message) in kinds:
            work.send_early(to, message)
        else:
            real(work, to, message)

    patch.setattr(Work, "send", send)


def catch_up_is_lazy(patch: Patch) -> None:
    """C3, I8: what catch-up appended is acknowledged before it is flushed."""

    def catch_up(station: Station, commits: Any) -> None:
        station._append(commits, flush=False)
        station.on_applied()

    patch.setattr(Station, "catch_up", catch_up)


def alone_nothing_is_flushed(patch: Patch) -> None:
    """D5: the only member decides, and answers, before its disk has the commit."""
    real = Station.take

    def take(station: Station, commits: Any, *, flush: bool) -> None:
        real(station, commits, flush=flush and False)

    patch.setattr(Station, "take", take)


def the_doubt_ends_with_its_first_position(patch: Patch) -> None:
    """C3: catch-up drops a doubt when it covers the first of its positions."""

    def settled(station: Station, _commits: Any) -> bool:
        doubt = station.hard.doubt
        return doubt is not None and doubt.first <= station.shared.head.position

    patch.setattr(Station, "_is_settled_by", settled)


def the_doubt_ends_with_a_promise(patch: Patch) -> None:
    """C5: the old record is dropped before the new one is durable."""
    real = Station.promise

    def promise(station: Station, *args: Any) -> None:
        real(station, *args)
        station.set_hard(doubt=None)

    patch.setattr(Station, "promise", promise)


def the_doubt_outlives_what_replaced_it(patch: Patch) -> None:
    """C3, C4: what is left of a record in whose place something was decided is taken up again."""

    def settled(station: Station, _commits: Any) -> bool:
        doubt = station.hard.doubt
        return doubt is not None and doubt.last <= station.shared.head.position

    patch.setattr(Station, "_is_settled_by", settled)
    patch.setattr(settling, "_is_open", lambda head, record: record.last > head.position)


def the_hard_state_goes_first(patch: Patch) -> None:
    """Words (hard state): it is written by a transaction of its own, before what is appended."""

    def write(disk: Disk, ready: Any) -> None:
        real(disk, replace(ready, append=()))
        real(disk, replace(ready, hard_state=None))

    real = Disk.write
    patch.setattr(Disk, "write", write)


def low_numbers_are_taken(patch: Patch) -> None:
    """Words (proposal): a late copy of an earlier proposal of the same term is written down."""

    real = Member._propose

    def propose(member: Member, message: msg.Propose) -> None:
        known = member.hard.numbered
        member.hard = replace(member.hard, numbered=(0, 0))
        real(member, message)
        if member.hard.numbered == (0, 0):
            member.hard = replace(member.hard, numbered=known)

    patch.setitem(Member.OF_MASTER, msg.Propose, propose)


def the_hold_outlives_its_proposal(patch: Patch) -> None:
    """D4: a proposal that waits for its hold is written down, though another took its place."""
    patch.setattr(Station, "_stop_waiting", lambda _station: None)


def refusals_are_not_remembered(patch: Patch) -> None:
    """D1, A6: the second copy of a request runs, after the first was answered *rejected*."""
    real = Reconfigurations._answer

    def answer(changes: Reconfigurations, request: Any, found: Any) -> None:
        real(changes, request, found)
        changes.answers.clear()

    patch.setattr(Reconfigurations, "_answer", answer)


def every_acknowledgement_is_answered(patch: Patch) -> None:
    """C3: the next piece is sent for each acknowledgement, also where nothing advances."""
    real = CatchUp.caught_up

    def caught_up(catch_up: CatchUp, name: str, message: msg.CaughtUp) -> None:
        real(catch_up, name, message)
        if not catch_up.is_over and name not in catch_up._equal:
            catch_up._give(name)

    patch.setattr(CatchUp, "caught_up", caught_up)


def what_is_interrupted_counts(patch: Patch) -> None:
    """C3: `MasterElected` says that members stored all before it, also what was not decided."""
    real = Office._elect

    def elect(office: Office) -> None:
        shared = office.member.shared
        known, shared.regular_through = shared.regular_through, shared.head.position
        real(office)
        shared.regular_through = known

    patch.setattr(Office, "_elect", elect)


def re_proposals_are_objected_to(patch: Patch) -> None:
    """C4: a member checks a re-proposal, and refuses it."""
    real = Member._propose

    def propose(member: Member, message: msg.Propose) -> None:
        record = message.record
        refusal = member._objection(record)
        if refusal is not None and record.order > member.hard.numbered:
            member._refuse(record, *refusal)
            return
        real(member, message)

    patch.setitem(Member.OF_MASTER, msg.Propose, propose)


def prepared_counts_for_any_number(patch: Patch) -> None:
    """G4: a late answer to an earlier proposal counts for the open one."""

    def prepared(proposing: Proposing, sender: str, _message: msg.Prepared) -> None:
        if proposing.open is not None:
            proposing.answered(sender, proposing.open.record.number)

    patch.setitem(Office.OF_PROPOSAL, msg.Prepared, prepared)


OF_IO: tuple[Callable[[Patch], None], ...] = (
    nothing_is_flushed,
    the_promise_is_in_memory,
    the_master_asks_before_it_promised,
    members_answer_before_they_flushed,
    catch_up_is_lazy,
    alone_nothing_is_flushed,
    the_doubt_ends_with_its_first_position,
    the_doubt_ends_with_a_promise,
    the_doubt_outlives_what_replaced_it,
    the_hard_state_goes_first,
    low_numbers_are_taken,
    the_hold_outlives_its_proposal,
    refusals_are_not_remembered,
    every_acknowledgement_is_answered,
    what_is_interrupted_counts,
    re_proposals_are_objected_to,
    prepared_counts_for_any_number,
)
