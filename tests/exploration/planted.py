"""Defences that are taken away, for the search to notice; turned on by tests only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.core import settling
from daemon.core.member import Member
from daemon.core.office import Office
from daemon.core.proposal import Proposal, Stage
from daemon.core.reads import Reads
from daemon.core.ready import Held
from daemon.core.requests import Requests
from daemon.core.station import Station
from daemon.core.work import Work

Patch = pytest.MonkeyPatch


def decides_without_one(patch: Patch) -> None:
    """D5: the last member of the list is not waited for, nor told."""
    real = Proposal.audience

    def audience(proposal: Proposal, here: str, succession: tuple[str, ...]) -> tuple[str, ...]:
        found = real(proposal, here, succession)
        return found[:-1] if proposal.stage is Stage.PREPARING else found

    patch.setattr(Proposal, "audience", audience)


def says_before_the_flush(patch: Patch) -> None:
    """D4, I8: what rests on the disk leaves before it is there."""

    def persist(work: Work, hard_state: Any) -> None:
        work.hard_state = hard_state

    patch.setattr(Work, "persist", persist)


def promises_in_memory(patch: Patch) -> None:
    """C2, I7: a promise is not on the disk when it is given."""

    def promise(station: Station, term: int, to: str, incarnation: int) -> None:
        station.hard = replace(
            station.hard, term=term, promised_to=to, promised_incarnation=incarnation
        )

    patch.setattr(Station, "promise", promise)


def fails_what_may_be_decided(patch: Patch) -> None:
    """C4b: a first proposal that all who are here have is failed."""
    real = settling.choose

    def choose(head: Any, witnesses: Any) -> settling.Choice:
        choice = real(head, witnesses)
        if choice.verdict != "complete":
            return choice
        return settling.Choice("fail", choice.commits, (witnesses[0].name,), choice.order)

    patch.setattr(settling, "choose", choose)


def reads_without_asking(patch: Patch) -> None:
    """G6: a master answers a current read by itself."""
    patch.setattr(Reads, "go_on", _confirm)


def _confirm(reads: Reads) -> None:
    if reads.waiting:
        reads.asked, reads.waiting = reads.waiting, []
        reads.missing = set()
        reads._stood()


def never_asks_again(patch: Patch) -> None:
    """G4, I16: what was not answered is not sent again."""
    patch.setattr(Office, "tick", lambda _office: None)
    patch.setattr(Requests, "tick", lambda _requests: None)


def writes_down_what_is_over(patch: Patch) -> None:
    """D8: what a kernel says late puts a proposal in the place of its own failure."""
    patch.setattr(Station, "_stop_waiting", lambda _station: None)


def leaves_io_held(patch: Patch) -> None:
    """D4: a daemon that starts takes no notice of what its kernel still holds."""
    real = Member.held

    def held(member: Member, said: Held) -> None:
        if member.proposed is not None:
            real(member, said)

    patch.setattr(Member, "held", held)


Plant = Callable[[Patch], None]
