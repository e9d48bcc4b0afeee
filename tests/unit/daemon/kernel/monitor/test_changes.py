"""What happens to the membership, as a table: one state, one request, what is true after it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.core.ready import Held, Hold, JoinComplete, PutOut, ReadyForSlaves, Release
from daemon.kernel.monitor import changes as ch
from daemon.kernel.monitor.members import Faults, Members, found
from eventstore.errors import NotFound, Rejected
from tests.support.membership import VOLUME, after, attached, booted, direct


def cut(members: Members, *nodes: str) -> Members:
    return after(members, ch.Cut(nodes), ch.Detect())


def healed(members: Members) -> Members:
    return after(members, ch.Heal(), ch.Detect())


def test_the_first_node_to_start_is_master_also_of_the_first_quorate_view() -> None:
    one = after(booted(3, attach=()), ch.Attach("node2", "b"))
    assert not one.view_of("node2").quorate
    two = after(one, ch.Attach("node1", "a"))
    view = two.view_of("node1")
    assert (view.names, view.master, view.quorate) == (("node2", "node1"), "node2", True)


def test_a_node_that_attaches_enters_at_the_end_of_the_succession() -> None:
    assert booted(3).view_of("node3").names == ("node1", "node2", "node3")


def test_every_run_of_a_daemon_has_a_number_of_its_own_that_grows() -> None:
    again = after(booted(1), ch.Detach("node1", 1), ch.Attach("node1", "second"))
    assert [node.daemon for node in again.view_of("node1").nodes] == [2]
    same = after(again, ch.Attach("node1", "second"))
    assert [node.daemon for node in same.view_of("node1").nodes] == [2]


def test_a_run_that_is_not_the_present_one_does_not_end_it() -> None:
    quick = after(booted(1), ch.Attach("node1", "second"), ch.Detach("node1", 1))
    assert quick.view_of("node1").members == ("node1",)


def test_no_other_takes_over_from_a_master_whose_daemon_is_down() -> None:  # E2
    view = after(booted(3), ch.Detach("node1", 1)).view_of("node2")
    assert (view.master, view.members, view.quorate) == ("node1", ("node2", "node3"), True)


@pytest.mark.parametrize(
    "gone", [ch.Leave("node1"), ch.Abort("node1", "new")], ids=["leave", "abort"]
)
def test_when_the_masters_node_leaves_the_next_in_succession_is_master(  # B9
    gone: ch.Request,
) -> None:
    view = after(booted(3), gone).view_of("node2")
    assert (view.master, view.names) == ("node2", ("node2", "node3"))


def test_a_node_that_left_sees_nobody_and_comes_back_when_it_joins() -> None:
    gone = after(booted(3), ch.Leave("node1"))
    assert gone.view_of("node1").names == ()
    assert gone.nodes["node1"].reason == "user initiated stop"
    assert after(gone, ch.Attach("node1", "second")).view_of("node1").names == ()
    back = after(gone, ch.Join("node1")).view_of("node1")
    assert (back.names, back.master) == (("node2", "node3", "node1"), "node2")


def test_a_crashed_node_is_another_boot_and_holds_nothing() -> None:
    held = direct(booted(2), "node2", Hold(3, (VOLUME,)))
    crashed = after(held, ch.Abort("node2", "second boot"))
    state = crashed.nodes["node2"]
    assert (state.boot_id, state.daemon, state.holding) == ("second boot", 0, None)


def test_a_node_joins_as_soon_as_its_daemon_is_there() -> None:
    waiting = after(booted(2), ch.Abort("node2", "new"), ch.Join("node2"))
    assert waiting.view_of("node1").names == ("node1",)
    assert after(waiting, ch.Attach("node2", "n")).view_of("node1").names == ("node1", "node2")


def test_each_side_of_a_cut_sees_itself_and_the_minority_is_not_quorate() -> None:  # C1
    apart = cut(booted(3), "node1")
    minority, majority = apart.view_of("node1"), apart.view_of("node2")
    assert (minority.names, minority.quorate) == (("node1",), False)
    assert (majority.names, majority.quorate) == (("node2", "node3"), True)
    assert majority.master == "node2"


def test_healing_lets_the_minority_in_at_the_end_of_the_succession() -> None:
    view = healed(cut(booted(3), "node1")).view_of("node1")
    assert (view.names, view.master) == (("node2", "node3", "node1"), "node2")


def test_a_master_in_the_majority_is_kept_through_cut_and_healing() -> None:
    apart = cut(booted(3), "node3")
    assert apart.view_of("node1").master == "node1"
    assert healed(apart).view_of("node3").master == "node1"


def test_a_cut_is_seen_only_when_it_is_found_out() -> None:
    unseen = after(booted(3), ch.Cut(("node3",)))
    assert unseen.view_of("node1") == booted(3).view_of("node1")
    assert unseen.cut_pairs() == [("node1", "node3"), ("node2", "node3")]


def test_a_node_joins_on_its_own_side() -> None:
    apart = after(cut(after(booted(3), ch.Leave("node3")), "node1"), ch.Join("node3"))
    assert apart.view_of("node3").names == ("node2", "node3")


def test_another_node_can_be_made_master_once_it_has_joined() -> None:
    joined = direct(booted(3), "node1", ReadyForSlaves(1, ("node1", "node2")))
    view = after(joined, ch.SetMaster("node2")).view_of("node1")
    assert (view.master, view.names) == ("node2", ("node1", "node2", "node3"))


def test_a_join_is_complete_when_the_master_says_so() -> None:  # B6
    joined = direct(booted(3), "node1", JoinComplete("node3"))
    assert [n for n, state in joined.nodes.items() if state.joined] == ["node3"]
    assert not direct(booted(3), "node2", JoinComplete("node3")).nodes["node3"].joined


def test_a_master_puts_a_node_out_with_a_reason() -> None:  # B4
    out = direct(booted(3), "node1", PutOut("node3", "cannot find disk on slave node"))
    assert out.nodes["node3"].reason == "cannot find disk on slave node"
    assert out.view_of("node1").names == ("node1", "node2")
    assert out.view_of("node3").names == ()


def test_a_master_puts_itself_out_if_another_can_lead() -> None:  # B3
    out = direct(booted(3), "node1", PutOut("node1", "its log is another one"))
    assert out.nodes["node1"].reason == "its log is another one"
    assert (out.view_of("node2").master, out.view_of("node2").names) == (
        "node2",
        ("node2", "node3"),
    )


@pytest.mark.parametrize(
    ("nodes", "by", "node"), [(3, "node2", "node3"), (1, "node1", "node1"), (3, "node1", "node9")]
)
def test_nobody_else_puts_a_node_out_and_nobody_the_last(nodes: int, by: str, node: str) -> None:
    outcome = ch.apply(booted(nodes), attached(by, 1, PutOut(node, "no")))
    assert outcome.told == frozenset()
    assert outcome.note.startswith(f"{by} asks to put {node} out -> ignored")


def test_a_hold_is_answered_at_once_where_no_io_is_in_flight() -> None:  # D4
    outcome = ch.apply(booted(1), attached("node1", 1, Hold(3, (VOLUME,))))
    assert outcome.held == {"node1": Held(3)}


def test_a_hold_waits_until_io_in_flight_has_ended() -> None:
    busy = after(booted(1), ch.Traffic("node1", "busy", VOLUME))
    asked = ch.apply(busy, attached("node1", 1, Hold(3, (VOLUME,))))
    assert asked.held == {}
    ended = ch.apply(asked.members, ch.Traffic("node1", None, VOLUME))
    assert ended.held == {"node1": Held(3)}


def test_io_on_another_volume_does_not_matter_and_io_on_any_does() -> None:
    other = after(booted(1), ch.Traffic("node1", "busy", ("datadg", 9)))
    assert ch.apply(other, attached("node1", 1, Hold(3, (VOLUME,)))).held
    anything = after(booted(1), ch.Traffic("node1", "busy"))
    assert not ch.apply(anything, attached("node1", 1, Hold(3, (VOLUME,)))).held


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_hold_fails_where_io_does_not_end(when: str) -> None:
    stuck = ch.Traffic("node1", "stuck", VOLUME)
    busy = ch.Traffic("node1", "busy", VOLUME)
    hold = attached("node1", 1, Hold(3, (VOLUME,)))
    order = (stuck, hold) if when == "before" else (busy, hold, stuck)
    outcome = ch.apply(after(booted(1), *order[:-1]), order[-1])
    assert outcome.held == {"node1": Held(3, "I/O in flight does not end")}
    assert outcome.members.nodes["node1"].holding is None


def test_a_hold_outlives_the_daemon_and_ends_when_the_next_run_releases_it() -> None:
    held = direct(booted(1), "node1", Hold(3, (VOLUME,)))
    restarted = after(held, ch.Detach("node1", 1), ch.Attach("node1", "second"))
    holding = restarted.nodes["node1"].holding
    assert holding is not None
    assert (holding.number, holding.held) == (3, True)
    assert direct(restarted, "node1", Release(), run="second").nodes["node1"].holding is None


def test_a_directive_is_taken_once_and_only_from_the_present_run() -> None:
    hold = attached("node1", 1, Hold(3, (VOLUME,)))
    taken = after(booted(1), hold)
    assert ch.apply(taken, hold).held == {}
    released = ch.Directed("node1", "an earlier run", 2, Release())
    assert after(taken, released).nodes["node1"].holding is not None


def refused(name: str) -> Callable[[], Members]:
    return {"three": lambda: booted(3), "left": lambda: after(booted(3), ch.Leave("node3"))}[name]


@pytest.mark.parametrize(
    ("state", "request_", "error", "message"),
    [
        ("three", ch.Join("node1"), Rejected, "node1 is in the cluster already"),
        ("left", ch.Leave("node3"), Rejected, "node3 is out of the cluster"),
        ("left", ch.Abort("node3", "b"), Rejected, "node3 is out of the cluster"),
        ("left", ch.SetMaster("node3"), Rejected, "node3 is out of the cluster"),
        ("three", ch.SetMaster("node1"), Rejected, "node1 is master already"),
        ("three", ch.SetMaster("node2"), Rejected, "node2 cannot be master now"),
        ("three", ch.Cut(()), Rejected, "nothing to cut"),
        ("three", ch.Cut(("node1", "node2", "node3")), Rejected, "nothing to cut"),
        ("three", ch.Traffic("node1", None), Rejected, "no such I/O"),
        ("three", ch.Misbehave(Faults(late_ms=-1)), Rejected, "a delay is between"),
        ("three", ch.Attach("node1", "a", "", "other"), Rejected, "another cluster"),
        ("three", ch.Cut(("node9",)), NotFound, "unknown node: node9"),
        ("three", ch.Misbehave(Faults(only=("node9",))), NotFound, "unknown node: node9"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    state: str, request_: ch.Request, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ch.apply(refused(state)(), request_)


def test_what_changes_nothing_is_no_new_view() -> None:
    outcome = ch.apply(booted(3), ch.Detect())
    assert (outcome.told, outcome.members) == (frozenset(), booted(3))


def test_who_is_told_is_who_sees_something_new() -> None:
    apart = cut(booted(3), "node1")
    assert ch.apply(apart, ch.Detach("node1", 1)).told == {"node1"}
    assert ch.apply(apart, ch.Detach("node2", 1)).told == {"node2", "node3"}


def test_a_new_cluster_takes_the_id_that_the_first_daemon_brings() -> None:
    founded = found(["node1"], "boot")
    told = after(founded, ch.Attach("node1", "a", "127.0.0.1:7", "c1"))
    view = told.view_of("node1")
    assert (view.cluster_id, view.nodes[0].address) == ("c1", "127.0.0.1:7")


def test_a_boot_forgets_what_was_and_counts_runs_and_views_on() -> None:
    held = direct(cut(booted(3), "node1"), "node2", Hold(3, (VOLUME,)))
    left = after(held, ch.Leave("node3"), ch.Misbehave(Faults(late_ms=9)))
    fresh = after(left, ch.Boot({name: f"new {name}" for name in left.nodes}))
    assert (fresh.partitions, fresh.faults, fresh.cut_pairs()) == ((), Faults(), [])
    assert fresh.nodes["node2"].holding is None
    view = after(fresh, ch.Attach("node3", "again")).view_of("node3")
    assert (view.nodes[0].daemon, view.nodes[0].boot_id) == (2, "new node3")
    assert view.number > left.number


def test_who_is_without_a_daemon_is_in_the_cluster_and_has_none() -> None:  # E6
    gone = after(booted(3), ch.Detach("node2", 1), ch.Abort("node3", "new"))
    assert gone.without_daemon() == ("node2",)


def test_a_node_that_is_added_counts_at_once_and_joins_when_it_is_told_to() -> None:  # B11
    one = ch.apply(cut(booted(3), "node3"), ch.Add("node4", "boot4"))
    assert one.told == {"node1", "node2", "node4"}
    assert not one.members.view_of("node1").quorate
    there = after(one.members, ch.Attach("node4", "a"))
    assert there.view_of("node4").names == ()
    assert after(there, ch.Join("node4")).view_of("node1").quorate


def test_a_node_that_is_removed_counts_no_more() -> None:  # B11
    two = after(booted(4), ch.Leave("node4"), ch.Leave("node3"))
    assert not two.view_of("node1").quorate
    gone = ch.apply(two, ch.Remove("node4"))
    assert gone.members.view_of("node1").quorate
    with pytest.raises(NotFound):
        after(gone.members, ch.Attach("node4", "a"))


@pytest.mark.parametrize(
    ("request_", "message"),
    [(ch.Remove("node1"), "is in the cluster"), (ch.Add("node1", "b"), "already")],
)
def test_the_configured_nodes_are_changed_only_by_those_who_are_out(
    request_: ch.Request, message: str
) -> None:
    with pytest.raises(Rejected, match=message):
        ch.apply(booted(3), request_)
