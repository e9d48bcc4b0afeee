"""C3: what all members of the last election had stored is the same live and after a restart."""

from __future__ import annotations

from daemon.core.sharedlog import SharedLog, stored_by_all
from eventstore.codec import ZERO_HASH, Actor, Commit, Context, Head
from eventstore.model import events as ev
from eventstore.model.events import AnyEvent
from eventstore.model.state import State

NODES = ("node1", "node2")
CONTEXT = Context(Actor(program="vxconfigd"), clock_us=1)


class Told:
    """A log that is told what was decided under which term."""

    def __init__(self) -> None:
        self.log = SharedLog(State(), Head(b"lineage", 0, ZERO_HASH, 0))
        self.commits: list[Commit] = []
        self.hears(0, ev.ClusterCreated("c1", "id", NODES))

    def hears(self, decided_under: int, *events: AnyEvent) -> int:
        """Take a commit; return what all members of the last election had stored."""
        position = self.log.head.position + 1
        self.log.begin_trial()
        tx = f"node1@{position}"
        commit = self.log.seal_next(tx, "node1", CONTEXT, events, decided_under)
        self.log.end_trial()
        self.log.take(commit, 1)
        self.commits.append(commit)
        replayed = stored_by_all(self.log.state, position, lambda at: self.commits[at - 1])
        assert replayed == self.log.regular_through
        return replayed

    def elects(self, term: int, first: int, *, decided_under: int) -> int:
        """Take an election, completed by its own term or by another."""
        elected = ev.MasterElected(term, "node1", first, NODES, ("b1", "b2"), NODES)
        return self.hears(decided_under, elected)


def test_what_is_decided_under_an_elections_own_term_its_members_stored() -> None:
    told = Told()
    assert told.elects(1, 2, decided_under=1) == 2
    assert told.hears(1, ev.NodeJoined("node2")) == 3


def test_what_another_term_settles_says_nothing_of_the_members_before_it() -> None:
    told = Told()
    told.elects(1, 2, decided_under=1)
    assert told.hears(2, ev.NodeJoined("node2")) == 2


def test_an_election_that_others_complete_says_that_its_members_had_all_before_it() -> None:
    """C5: it was proposed only when each had that on its disk; itself they may not have."""
    told = Told()
    told.elects(1, 2, decided_under=1)
    told.hears(2, ev.NodeJoined("node2"))
    assert told.elects(2, 3, decided_under=3) == 3
    assert told.elects(3, 4, decided_under=4) == 4
    assert told.hears(4, ev.NodeJoined("node1")) == 4
    assert told.elects(4, 5, decided_under=4) == 7
