"""Planted bugs that no random life has shown: each has a directed case (`directed`)."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core import messages as msg, office
from daemon.core.member import Member
from daemon.core.proposing import Proposing
from daemon.core.sharedlog import SharedLog
from daemon.core.station import Station
from eventstore.codec import Commit, Entry
from eventstore.model.cluster import elected_term

Patch = pytest.MonkeyPatch


def everybody_is_promised(patch: Patch) -> None:
    """C2: a member promises to a master that its own active view does not name."""
    real = Member._asked

    def asked(member: Member, sender: str, ask: msg.Ask) -> None:
        view, member.view = member.view, None
        try:
            real(member, sender, ask)
        finally:
            member.view = view

    patch.setattr(Member, "_asked", asked)


def damage_is_heard_of_once(patch: Patch) -> None:
    """C3: a second damage under the same incarnation costs no new term."""

    def is_new(station: Station, name: str, state: msg.Promised) -> bool:
        known = station.damage_heard.get(name)
        if not state.intact:
            station.damage_heard[name] = state.incarnation
        return not state.intact and known != state.incarnation

    patch.setattr(Station, "is_new_damage", is_new)


def only_intact_logs_are_long(patch: Patch) -> None:
    """C3: what a damaged log has beyond the intact ones does not count."""

    def longest(states: Any, order: Any) -> str:
        intact = [name for name in order if states[name].intact]
        return str(max(intact, key=lambda name: states[name].position))

    patch.setattr(office, "longest", longest)


def catch_up_tells_nothing(patch: Patch) -> None:
    """C3: what catch-up says of the own node is left to the office that ends it."""

    def catch_up(station: Station, commits: tuple[Commit, ...]) -> None:
        station._append(commits, flush=True)
        station._applied()

    patch.setattr(Station, "catch_up", catch_up)


def what_was_given_counts(patch: Patch) -> None:
    """C3: what an office that got no further gave is taken for what the log had by itself."""

    def given(station: Station) -> int:
        return msg.reach(station.end.position, station.hard.doubt)

    patch.setattr(Station, "_given", given)


def only_the_first_term_that_gave_counts(patch: Patch) -> None:
    """C3: a node knows how far its log went before the first unfinished catch-up, and no other."""
    real = Station._given

    def given(station: Station) -> int:
        if station.hard.given_in:
            return msg.reach(station.end.position, station.hard.doubt)
        return real(station)

    patch.setattr(Station, "_given", given)


def what_was_stored_unread_tells_nothing(patch: Patch) -> None:
    """C3: what a member that was far behind stored is not looked at when it begins anew."""

    def begin(station: Station, incarnation: int) -> None:
        station.set_hard(incarnation=incarnation)

    patch.setattr(Station, "begin", begin)


def completed_elections_tell_nothing(patch: Patch) -> None:
    """C3: an election that another term completed says nothing of what its members stored."""
    real = SharedLog.take

    def take(shared: SharedLog, commit: Commit, applied_us: int) -> Entry:
        known, entry = shared.regular_through, real(shared, commit, applied_us)
        if commit.term != elected_term(shared.state):
            shared.regular_through = known
        return entry

    patch.setattr(SharedLog, "take", take)


def elections_wait_for_no_flush(patch: Patch) -> None:
    """C5: `MasterElected` leaves before what its master fetched is on the master's own disk."""
    patch.setattr(Proposing, "_rests_on_a_flush", lambda _proposing, _proposal: False)
