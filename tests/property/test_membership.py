"""Whatever happens to a cluster's nodes: what the monitor may announce, and never may.

The checks are functions from one membership and the next to what breaks a rule, so that each can
be tried on a planted violation.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from daemon.core.ready import Hold, JoinComplete, PutOut, ReadyForSlaves, Release
from daemon.core.view import View
from daemon.kernel.monitor import changes as ch
from daemon.kernel.monitor.members import Members
from eventstore.errors import StoreError
from tests.support.membership import VOLUME, booted, names

COUNT = 5
NODES = names(COUNT)
node = st.sampled_from(NODES)
directive = st.one_of(
    st.builds(Hold, st.integers(1, 9), st.just((VOLUME,))),
    st.just(Release()),
    st.builds(ReadyForSlaves, st.just(1), st.just(tuple(NODES))),
    st.builds(JoinComplete, node),
    st.builds(PutOut, node, st.just("no")),
)
request = st.one_of(
    st.builds(ch.Attach, node, st.sampled_from(["a", "b"])),
    st.builds(ch.Detach, node, st.integers(1, 4)),
    st.builds(ch.Join, node),
    st.builds(ch.Leave, node),
    st.builds(ch.Abort, node, st.uuids().map(str)),
    st.builds(ch.SetMaster, node),
    st.builds(ch.Cut, st.lists(node, max_size=3, unique=True).map(tuple)),
    st.just(ch.Heal()),
    st.just(ch.Detect()),
    st.builds(ch.Directed, node, st.sampled_from(["a", "b"]), st.integers(1, 20), directive),
    st.builds(ch.Traffic, node, st.sampled_from(["busy", "stuck", None])),
)


def violations(before: Members, after: Members) -> Iterator[str]:
    """Name every rule that a step breaks."""
    quorate = [p for p in after.partitions if after.is_quorate(p)]
    if len(quorate) > 1:
        yield "more than one side is quorate"
    inside = [name for p in after.partitions for name in p.succession]
    if len(inside) != len(set(inside)):
        yield "a node is in two partitions"
    for partition in after.partitions:
        if partition.master not in partition.succession:
            yield "a master is not among its nodes"
    for name in NODES:
        yield from _of_a_node(before, after, name)


def _of_a_node(before: Members, after: Members, name: str) -> Iterator[str]:
    was, now = before.view_of(name), after.view_of(name)
    if now.number < was.number:
        yield "a number goes back"
    if now.number == was.number and not now.says_the_same(was):
        yield "two views have one number"
    if after.nodes[name].runs < before.nodes[name].runs:
        yield "the runs of a daemon are counted down"
    if was.quorate and now.quorate:
        yield from _of_a_quorate_side(was, now)


def _of_a_quorate_side(was: View, now: View) -> Iterator[str]:
    stayed = [name for name in was.names if name in now.names]
    if [name for name in now.names if name in was.names] != stayed:
        yield "the succession changes its order"
    if was.master not in now.names and now.master != stayed[0]:
        yield "another than the next in succession takes over"


def apply(members: Members, asked: ch.Request) -> Members:
    try:
        return ch.apply(members, asked).members
    except StoreError:
        return members


@settings(max_examples=300, deadline=None)
@given(st.lists(request, max_size=40))
def test_no_sequence_of_happenings_breaks_a_rule_of_views(asked: list[ch.Request]) -> None:
    members = booted(COUNT, attach=())
    seen: dict[int, tuple[object, ...]] = {}
    for one in asked:
        after = apply(members, one)
        assert list(violations(members, after)) == []
        kept = not isinstance(one, ch.SetMaster)
        for partition in after.partitions if kept else ():
            assert_master_kept(members, after, partition.succession)
        assert_numbers_are_unique(after, seen)
        members = after


def assert_master_kept(before: Members, after: Members, inside: tuple[str, ...]) -> None:
    """A quorate side keeps its master for as long as the master's node is on it (E2)."""
    was = next((p for p in before.partitions if before.is_quorate(p)), None)
    if was is not None and was.master in inside and len(inside) * 2 > COUNT:
        assert after.view_of(was.master).master == was.master


def assert_numbers_are_unique(after: Members, seen: dict[int, tuple[object, ...]]) -> None:
    for name in NODES:
        view = after.view_of(name)
        says = (view.nodes, view.master, view.quorate)
        assert seen.setdefault(view.number, says) == says or view.number == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(request, max_size=40))
def test_a_healed_cluster_is_one_whole_whatever_happened_before(asked: list[ch.Request]) -> None:
    members = booted(COUNT)
    for one in (*asked, ch.Heal(), ch.Detect(), *(ch.Join(name) for name in NODES)):
        members = apply(members, one)
    for number, name in enumerate(NODES):
        members = apply(members, ch.Attach(name, f"last {number}"))
    view = members.view_of("node1")
    assert (sorted(view.members), view.quorate) == (NODES, True)


@settings(max_examples=50, deadline=None)
@given(st.lists(request, max_size=30))
def test_what_is_remembered_is_the_whole_of_it(asked: list[ch.Request]) -> None:
    members = booted(COUNT, attach=())
    for one in asked:
        members = apply(members, one)
    assert msgspec.json.decode(msgspec.json.encode(members), type=Members) == members


def planted(what: str) -> tuple[Members, Members]:
    before = booted(COUNT)
    (whole,) = before.partitions
    replace = msgspec.structs.replace
    last = replace(whole, succession=whole.succession[:1], number=9)
    states = {**before.nodes, "node1": replace(before.nodes["node1"], runs=0)}
    after = {
        "more than one side is quorate": replace(before, partitions=(whole, whole)),
        "a node is in two partitions": replace(before, partitions=(whole, last)),
        "a master is not among its nodes": replace(
            before, partitions=(replace(whole, master="node9", number=9),)
        ),
        "a number goes back": replace(before, partitions=(replace(whole, number=1),)),
        "two views have one number": replace(before, partitions=(replace(whole, master="node2"),)),
        "the runs of a daemon are counted down": replace(before, nodes=states),
        "the succession changes its order": replace(
            before, partitions=(replace(whole, succession=whole.succession[::-1], number=9),)
        ),
        "another than the next in succession takes over": replace(
            before,
            partitions=(
                replace(whole, succession=whole.succession[1:], master="node5", number=9),
            ),
        ),
    }
    return before, after[what]


@pytest.mark.parametrize(
    "what",
    [
        "more than one side is quorate",
        "a node is in two partitions",
        "a master is not among its nodes",
        "a number goes back",
        "two views have one number",
        "the runs of a daemon are counted down",
        "the succession changes its order",
        "another than the next in succession takes over",
    ],
)
def test_a_planted_violation_is_found(what: str) -> None:
    assert what in list(violations(*planted(what)))
