"""Shared disk groups in any order of commands, crashes and elections: no invariant ever breaks."""

from hypothesis import given, settings, strategies as st

from eventstore.errors import StoreError
from eventstore.model import commands as cmd, digest, events as ev
from eventstore.model.activation import MODES, TOGETHER
from eventstore.model.cluster import joined_nodes
from eventstore.model.evolve import apply
from eventstore.model.state import State
from tests.support.model import make, snapshot
from tests.support.sharing import NODES, Cluster, a_cluster, activate, share

NODE = st.sampled_from(NODES)
COMMANDS = st.one_of(
    *[st.builds(activate, st.sampled_from(sorted(MODES)))] * 4,
    st.sampled_from([cmd.StartVolumes("dg"), cmd.StopVolumes("dg")]),
    st.just(cmd.ResyncVolumes("dg", ("vol",))),
    st.just(cmd.DeportDiskGroup("dg")),
    st.builds(
        cmd.ImportDiskGroup,
        st.just("dg"),
        shared=st.sampled_from([True, True, False]),
        temporary=st.booleans(),
    ),
    st.sampled_from([cmd.DestroyDiskGroup("dg"), share(), make("vol", 8)]),
    st.builds(cmd.RemoveNode, NODE),
    st.builds(cmd.AddNode, NODE),
)
VIEWS = st.permutations(NODES).flatmap(
    lambda order: st.integers(1, len(order)).map(lambda count: tuple(order[:count]))
)
ASKED = st.tuples(st.just("ask"), COMMANDS, NODE)
ELECTED = st.tuples(st.just("elect"), VIEWS, st.sets(NODE))
MOVES = st.lists(st.one_of(ASKED, ASKED, ASKED, ELECTED), max_size=40)


def elected(
    cluster: Cluster, view: tuple[str, ...], anew: set[str]
) -> list[tuple[ev.AnyEvent, ...]]:
    """A view comes, and whoever is in it joins."""
    cluster.starts_anew(*sorted(anew))
    commits = [cluster.would_elect(*view)]
    cluster.takes(*commits[0])
    coming = [name for name in view if name not in joined_nodes(cluster.state)]
    commits += [(ev.NodeJoined(name),) for name in coming]
    for commit in commits[1:]:
        cluster.takes(*commit)
    return commits


def lived(
    moves: list[tuple[str, object, object]],
) -> tuple[Cluster, list[tuple[ev.AnyEvent, ...]]]:
    """What the moves make of a cluster, and the commits; each is held to the invariants."""
    cluster = a_cluster()
    commits: list[tuple[ev.AnyEvent, ...]] = []
    for kind, what, who in moves:
        if kind == "elect":
            commits += elected(cluster, what, who)  # type: ignore[arg-type]
            continue
        try:
            commits.append(cluster.would(what, who))  # type: ignore[arg-type]
        except StoreError:
            continue
        cluster.takes(*commits[-1])
    return cluster, commits


@given(MOVES)
@settings(max_examples=150)
def test_no_life_of_a_shared_group_breaks_an_invariant(
    moves: list[tuple[str, object, object]],
) -> None:
    cluster, commits = lived(moves)
    again = a_cluster().state
    for commit in commits:
        apply(again, commit)
    assert snapshot(again) == snapshot(cluster.state)
    assert digest.of_state(again) == cluster.digest


@given(MOVES)
@settings(max_examples=60)
def test_two_nodes_never_hold_modes_that_do_not_go_together(
    moves: list[tuple[str, object, object]],
) -> None:
    """I11; and a node that is out of the cluster holds none."""
    state = a_cluster().state
    for commit in lived(moves)[1]:
        apply(state, commit)
        for group in (*state.groups(), *state.deported()):
            held = group.activations
            assert all(TOGETHER[a.mode, b.mode] for a in held for b in held if a.node != b.node)
            assert {one.node for one in held} <= set(joined_nodes(state))


@given(MOVES)
@settings(max_examples=40)
def test_whatever_a_cluster_did_can_be_undone(moves: list[tuple[str, object, object]]) -> None:
    state: State = a_cluster().state
    for commit in lived(moves)[1]:
        before = snapshot(state)
        state.restore(apply(state, commit))
        assert snapshot(state) == before
        apply(state, commit)
