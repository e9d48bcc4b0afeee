"""Defences of the protocol, taken away one at a time: what the simulator has to notice.

Each is the rule that is broken, and what breaks it. They are turned on by tests only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.core import settling
from daemon.core.office import Office
from daemon.core.station import Station
from daemon.core.view import View
from daemon.core.work import Work

Patch = pytest.MonkeyPatch


def no_quorum(patch: Patch) -> None:
    """C1: any view decides, however few its members are."""

    def possible(station: Station, view: View) -> bool:
        return station.name in view.members

    patch.setattr(Station, "is_possible", possible)
    patch.setattr(Office, "_is_active", lambda _office: True)


def nothing_is_flushed(patch: Patch) -> None:
    """D4, I8: prepared is said before the proposal is on stable storage."""

    def persist(work: Work, hard_state: Any) -> None:
        work.hard_state = hard_state

    patch.setattr(Work, "persist", persist)


def not_sticky(patch: Patch) -> None:
    """C4a: a re-proposal is failed like a first proposal."""
    patch.setitem(settling.C4, (True, True), "fail")


def the_promise_is_in_memory(patch: Patch) -> None:
    """C2, I7: a promise is not on the disk when it is given."""

    def promise(station: Station, term: int, to: str, incarnation: int) -> None:
        station.hard = replace(
            station.hard, term=term, promised_to=to, promised_incarnation=incarnation
        )

    patch.setattr(Station, "promise", promise)


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


def damage_is_absence(patch: Patch) -> None:
    """C3, I9: a blank or damaged log counts like an intact one."""
    real = Station.state

    def state(station: Station) -> Any:
        return replace(real(station), intact=True)

    patch.setattr(Station, "state", state)


PLANTED: tuple[Callable[[Patch], None], ...] = (
    no_quorum,
    nothing_is_flushed,
    not_sticky,
    the_promise_is_in_memory,
    joiners_refuse,
    damage_is_absence,
)
