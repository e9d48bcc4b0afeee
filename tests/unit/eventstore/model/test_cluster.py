"""What the shared log says of the cluster."""

from collections.abc import Sequence

from eventstore.model import digest, events as ev
from eventstore.model.cluster import configured, elected_term, header, joined_nodes, seat
from eventstore.model.evolve import apply
from eventstore.model.objects import Seat
from eventstore.model.state import State
from tests.support.model import snapshot

FOUNDED = ev.ClusterCreated("c1", "prod", ("node1", "node2", "node3"))


def elected(term: int, first: int, *nodes: str, members: Sequence[str] = ()) -> ev.MasterElected:
    boots = tuple("boot-1" for _node in nodes)
    return ev.MasterElected(term, nodes[0], first, nodes, boots, tuple(members or nodes))


def told(*events: ev.AnyEvent) -> State:
    state = State()
    apply(state, (FOUNDED, *events))
    return state


def place(state: State, node: str) -> Seat:
    found = seat(state, node)
    assert found is not None
    return found


def test_a_blank_log_is_nobodys() -> None:
    blank = State()
    assert (configured(blank), joined_nodes(blank), elected_term(blank)) == ((), (), 0)
    assert header(blank) is None
    assert seat(blank, "node1") is None


def test_an_election_says_who_is_master_and_member() -> None:
    state = told(elected(4, 2, "node2", "node1", members=("node2",)))
    found = header(state)
    assert found is not None
    assert (elected_term(state), found.master) == (4, "node2")
    assert [place(state, node).member for node in ("node1", "node2")] == [False, True]


def test_a_member_that_is_none_any_more_had_stored_all_before_the_term() -> None:
    """C3: that is how a restored backup is told from an old log."""
    first, second = elected(1, 2, "node1", "node2"), elected(2, 41, "node1")
    state = told(first, second)
    assert place(state, "node2").stored_through == 40
    apply(state, [elected(3, 50, "node1")])
    assert place(state, "node2").stored_through == 40
    apply(state, [elected(4, 60, "node1", "node2")])
    assert (place(state, "node2").member, place(state, "node2").stored_through) == (True, 0)


def test_a_daemon_that_is_down_is_no_member_while_its_node_stays() -> None:
    state = told(
        elected(1, 2, "node1", "node2"), elected(2, 9, "node1", "node2", members=["node1"])
    )
    assert place(state, "node2").stored_through == 8


def test_a_node_counts_from_its_joining_to_its_leaving() -> None:
    state = told(elected(1, 2, "node1", "node2"))
    assert joined_nodes(state) == ()
    apply(state, [ev.NodeJoined("node2"), ev.NodeJoined("node1")])
    assert joined_nodes(state) == ("node1", "node2")
    apply(state, [ev.NodeLeft("node1", clean=True)])
    assert joined_nodes(state) == ("node2",)


def test_a_failure_is_found_under_each_request_that_it_fails() -> None:
    failed = ev.RequestsFailed(("r1", "r2"), "node2", "V-5-1-1", "no", "D4")
    assert failed.index_terms() == ("failed/r1", "failed/r2")
    assert digest.of_state(told(failed)) == digest.of_state(told())


def test_what_the_cluster_did_can_be_undone() -> None:
    state = told(elected(1, 2, "node1", "node2"), ev.NodeJoined("node1"))
    before = snapshot(state), digest.of_state(state)
    state.restore(
        apply(state, [elected(2, 5, "node2", "node3"), ev.NodeLeft("node1", clean=False)])
    )
    assert (snapshot(state), digest.of_state(state)) == before
