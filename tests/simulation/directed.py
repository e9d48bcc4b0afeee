"""Lives that random search does not find, or seldom: each played by hand (PROTOCOL, last part).

A case plays its life and ends quietly, or raises. Each is played twice by `test_directed`: as the
core is, and with the defence that it is about taken away; then it must raise.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.core import messages as msg
from tests.simulation import directed_copies, planted, planted_io, planted_seldom
from tests.simulation.network import Rule
from tests.simulation.process import IN_FLUSH, Trap
from tests.simulation.scene import Scene

Plant = Callable[[pytest.MonkeyPatch], None]
Case = Callable[[], None]


def a_late_copy_of_what_was_refused() -> None:
    """A proposal is refused by one; its failure is decided; then the proposal comes once more."""
    scene = Scene()
    proposals = scene.copies(msg.Propose, sender="n1", limit=2)
    scene.takes(msg.CommitNow)
    scene.world.surroundings.out_of_reach.add(("n3", "0"))
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes()
    scene.world.surroundings.out_of_reach.clear()
    scene.hands_on(proposals)
    scene.loses("n1")
    scene.forgets_rules()
    scene.passes(2000)
    scene.brings_back("n1")
    scene.settles()


def a_hold_that_comes_after_the_failure() -> None:
    """The master's kernel cannot hold; a slave's hold is reported after the failure is there."""
    scene = Scene()
    scene.world.surroundings.in_use = "0"
    scene.world.surroundings.holds = {
        "n1": (1, "a path is stuck"),
        "n2": (90, None),
        "n3": (90, None),
    }
    scene.takes(msg.CommitNow)
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes(150)
    scene.loses("n1")
    scene.forgets_rules()
    scene.passes(2000)
    scene.brings_back("n1")
    scene.settles()


def a_second_copy_of_what_was_rejected() -> None:
    """A shipped request is rejected, and its second copy comes when it would be possible."""
    scene = Scene()
    ships = scene.copies(msg.Ship, limit=1)
    answers = scene.asks("n2", "r1", "d7", "d8")
    scene.passes()
    assert [answer["ok"] for answer in answers] == [False]
    scene.renames("n1", "r2", "d0", "d7")
    scene.hands_on(ships)
    scene.passes()
    assert "r1" not in scene.world.checks.outcomes, "a rejected request was done (I4)"


def one_request_on_two_nodes() -> None:
    """A request is asked for on two nodes; one copy is late, and would be possible again."""
    scene = Scene()
    late = scene.takes(msg.Ship, sender="n3")
    first = scene.asks("n2", "r1", "d0", "d1")
    second = scene.asks("n3", "r1", "d0", "d1")
    scene.passes(100)
    scene.renames("n1", "r2", "d1", "d0")
    scene.hands_on(late)
    scene.passes()
    assert [a["data"]["position"] for a in (*first, *second)] == [first[0]["position"]] * 2, "D13"


def a_catch_up_whose_acknowledgements_come_twice() -> None:
    """A node that is far behind is caught up while every second frame comes twice."""
    scene = Scene()
    scene.loses("n3")
    scene.passes()
    for turn in range(60):
        scene.renames("n1", f"r{turn}", f"d{turn}", f"d{turn + 1}")
    scene.world.weather.doubled = 0.9
    pieces = scene.copies(msg.Piece)
    scene.brings_back("n3")
    scene.settles()
    assert len(pieces.taken) <= 61, "more pieces than there are commits (I14)"


def a_re_proposal_that_a_member_would_refuse() -> None:
    """All have a proposal; the master dies; one of the others has lost its path since."""
    scene = Scene()
    scene.takes(msg.Prepared)
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes()
    scene.world.surroundings.out_of_reach.add(("n3", "0"))
    scene.forgets_rules()
    scene.loses("n1")
    scene.passes(2000)
    head = scene.world.processes["n2"].core.shared
    assert "r1" in head.recent, "a re-proposal was refused (C4)"


def an_answer_to_an_earlier_proposal() -> None:
    """A member's *prepared* comes once more, when the next proposal has not reached it."""
    scene = Scene()
    answers = scene.copies(msg.Prepared, sender="n2")
    scene.renames("n1", "r1", "d0", "d1")
    scene.takes(msg.Propose, to="n2")
    scene.asks("n1", "r2", "d1", "d2")
    scene.passes()
    scene.hands_on(answers)
    scene.forgets_rules()
    scene.settles()


def _many_wait(scene: Scene, count: int) -> Rule:
    """Let several requests wait for one that is open: they travel together then (D12).

    Returns what has to be handed on for the open one to be decided.
    """
    answers = scene.takes(msg.Prepared)
    scene.asks("n1", "r0", "d0", "d1")
    scene.passes(50)
    for turn in range(1, count + 1):
        scene.asks("n1", f"r{turn}", f"d{turn}", f"d{turn + 1}")
    scene.passes(50)
    return answers


def a_catch_up_that_ends_inside_a_proposal() -> None:
    """A proposal of two is decided; a member is caught up to the first of them, no further."""
    scene = Scene()
    scene.world.piece_max = 1
    answers = _many_wait(scene, 2)
    open_one = scene.world.processes["n1"].core.shared.head.position + 1
    scene.takes(msg.CommitNow, where=lambda message: message.position > open_one)
    scene.hands_on(answers)
    scene.passes()
    first, others = scene.takes(msg.Piece, to="n2", limit=1), scene.takes(msg.Piece)
    scene.loses("n3")
    scene.passes(100)
    scene.hands_on(first)
    scene.loses("n1")
    scene.forgets_rules()
    assert others.taken
    scene.brings_back("n3")
    scene.passes(2000)
    scene.brings_back("n1")
    scene.settles()


def what_is_left_of_a_failed_proposal() -> None:
    """A proposal of four is failed by one commit; the member that has it comes back later."""
    scene = Scene()
    answers = _many_wait(scene, 4)
    scene.takes(msg.Propose, to="n3")
    scene.hands_on(answers)
    scene.passes()
    scene.loses("n2")
    scene.forgets_rules()
    scene.passes(2000)
    scene.brings_back("n2")
    scene.settles()


def a_damaged_log_that_is_the_longest() -> None:
    """The first in succession applies a commit and loses its promise; the master loses power."""
    scene = Scene()
    scene.takes(msg.CommitNow, to="n3")
    scene.asks("n1", "r1", "d0", "d1")
    scene.passes()
    disks = scene.world.disks
    disks["n1"].unsynced.clear()
    scene.loses("n1")
    scene.world.kill("n2", power=False)
    disks["n2"].forget_promise()
    scene.world.checks.lost("n2")
    assert len(disks["n2"].shared) > max(len(disks[name].shared) for name in ("n1", "n3"))
    scene.forgets_rules()
    scene.brings_back("n1")
    scene.world.start("n2")
    scene.settles()
    assert not [line for line in scene.world.story if " out: " in line], "put out for nothing (B3)"


def an_election_that_others_complete() -> None:
    """A master fetches what it lacks, proposes its election, and loses power in the flush."""
    scene = Scene()
    scene.loses("n1")
    scene.passes(2000)
    scene.renames("n2", "r1", "d0", "d1")
    scene.loses("n2")
    world, disk = scene.world, scene.world.disks["n1"]
    world.monitor.succession.insert(0, "n1")
    world.monitor.masters[0] = "n1"
    end = world.processes["n3"].core.shared.head.position
    last = scene.takes(msg.Fetched, where=lambda piece: piece.after + len(piece.commits) == end)
    world.start("n1")
    scene.passes()

    def power_fails(_step: str) -> None:
        disk.unsynced.clear()
        scene.loses("n1")

    world.traps["n1"] = Trap(IN_FLUSH, frozenset(), power_fails)
    scene.hands_on(last)
    assert len(disk.shared) < end, "it was not to have what it fetched"
    scene.forgets_rules()
    scene.brings_back("n2")
    scene.passes(2000)
    scene.brings_back("n1")
    scene.settles()


def a_read_at_a_master_that_is_none() -> None:
    """A master that nobody hears, and that hears of nothing, is asked for what is current."""
    scene = Scene()
    scene.cuts_off("n1")
    scene.world.monitor.split({"n1": 1})
    scene.passes(1000)
    scene.renames("n2", "r1", "d0", "d1")
    known = max(scene.world.checks.committed)
    answers = scene.reads("n1")
    scene.passes(100)
    assert all(a["position"] >= known for a in answers if a["ok"]), "a stale read (I12)"


def two_masters_of_two_views() -> None:
    """A master that was put out, and hears nothing of it, asks again and again for promises."""
    scene = Scene()
    scene.world.monitor.deaf.add("n1")
    scene.world.monitor.leave("n1")
    scene.passes(500)
    before = scene.term("n2")
    scene.reads("n1")
    scene.passes(10_000)
    assert scene.term("n2") <= before + 1, "two masters outbid each other for ever (C2)"
    scene.renames("n2", "r1", "d0", "d1")


CASES: tuple[tuple[Case, Plant], ...] = (
    (a_late_copy_of_what_was_refused, planted_io.low_numbers_are_taken),
    (a_hold_that_comes_after_the_failure, planted_io.the_hold_outlives_its_proposal),
    (a_second_copy_of_what_was_rejected, planted_io.refusals_are_not_remembered),
    (one_request_on_two_nodes, planted.identifiers_are_not_looked_up),
    (a_catch_up_whose_acknowledgements_come_twice, planted_io.every_acknowledgement_is_answered),
    (a_re_proposal_that_a_member_would_refuse, planted_io.re_proposals_are_objected_to),
    (an_answer_to_an_earlier_proposal, planted_io.prepared_counts_for_any_number),
    (
        a_catch_up_that_ends_inside_a_proposal,
        planted_io.the_doubt_ends_with_its_first_position,
    ),
    (what_is_left_of_a_failed_proposal, planted_io.the_doubt_outlives_what_replaced_it),
    (directed_copies.an_old_copy_of_a_disk, planted.old_copies_count),
    (a_damaged_log_that_is_the_longest, planted_seldom.only_intact_logs_are_long),
    (directed_copies.an_old_copy_that_is_half_caught_up, planted_seldom.catch_up_tells_nothing),
    (directed_copies.a_disk_that_goes_back_twice, planted_seldom.damage_is_heard_of_once),
    (an_election_that_others_complete, planted_seldom.elections_wait_for_no_flush),
    (
        directed_copies.an_old_copy_and_an_election_that_others_complete,
        planted_seldom.completed_elections_tell_nothing,
    ),
    (
        directed_copies.an_old_copy_that_is_given_what_was_settled,
        planted_seldom.what_was_given_counts,
    ),
    (
        directed_copies.an_old_copy_of_an_unfinished_catch_up,
        planted_seldom.only_the_first_term_that_gave_counts,
    ),
    (
        directed_copies.an_old_copy_that_is_given_the_rest_unread,
        planted_seldom.what_was_stored_unread_tells_nothing,
    ),
    (a_read_at_a_master_that_is_none, planted.reads_ask_nobody),
    (two_masters_of_two_views, planted_seldom.everybody_is_promised),
)
"""Each case, and the defence without which it ends badly."""
