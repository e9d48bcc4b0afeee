"""C3: a member that is far behind stores what it lacks, and takes part once it has begun anew."""

from __future__ import annotations

import pytest

from daemon.core import messages as msg, station
from daemon.core.behind import ALLOWED
from daemon.core.member import Member
from daemon.core.ready import Received
from eventstore import bulk
from tests.support.cores import Cores
from tests.unit.daemon.core.test_quarantine import a_life, rename


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Cores:
    """A cluster whose third node missed some changes, and is far behind with them."""
    monkeypatch.setattr(station, "FAR_BEHIND", 2)
    return a_life("a", "b", "c", "d", "e")


def left_behind(cores: Cores) -> None:
    """Give the third node a log that ends early, as one that was out of the cluster has it."""
    one = cores["node3"]
    cores.views("node1", "node2")
    cores.done("node1", rename("e", "f"))
    cores.done("node1", rename("f", "g"))
    one.hard = type(one.hard)()
    one.recovers()
    cores.restarts("node3")


def test_it_is_equal_to_the_others_in_the_end(cores: Cores) -> None:
    left_behind(cores)
    cores.views("node1", "node2", "node3")
    assert any("begin anew from the log" in note for note in cores["node3"].notes)
    cores.views("node1", "node2", "node3")
    assert len({cores[name].node.shared.digest for name in cores.nodes}) == 1
    cores.done("node3", rename("g", "h"))


def test_what_rests_on_the_state_is_not_taken_while_it_is_behind() -> None:
    assert not ALLOWED & {msg.Piece, msg.Check, msg.Propose, msg.CommitNow, msg.Stand, msg.Fetch}
    assert set(Member.OF_MASTER) >= ALLOWED


def stores_some(cores: Cores) -> None:
    """Let the third node take one piece, and no more."""
    left_behind(cores)
    cores.cut.add("node3")
    cores.views("node1", "node2", "node3")
    cores.cut.clear()
    term, master = cores["node1"].hard.term, cores["node1"].hard
    said = msg.Ask(term, master.incarnation, 1)
    cores.steps("node3", Received("node1", said))
    log, end = cores["node1"].log, len(cores["node3"].log)
    piece = log[end : end + 1]
    cores.queue.clear()
    body = bulk.pack(piece)
    bulk_of = msg.Bulk(term, end, len(log), piece[-1].hash, body)
    ready = cores.steps("node3", Received("node1", bulk_of))
    assert len(ready.store) == 1
    cores.queue.clear()


def test_it_promises_no_other_term_before_it_has_begun_anew(cores: Cores) -> None:
    stores_some(cores)
    term, runs = cores["node3"].hard.term, cores["node3"].runs
    cores.steps("node3", Received("node1", msg.Ask(term + 1, 1, 1)))
    assert (cores["node3"].hard.term, cores["node3"].runs) == (term, runs + 1)
    assert cores["node3"].node.member.ahead is None


def test_a_late_or_doubled_piece_stores_nothing(cores: Cores) -> None:  # G4
    stores_some(cores)
    member, log = cores["node3"].node.member, cores["node1"].log
    for after in (member.end.position - 1, member.end.position + 1):
        piece = log[after : after + 1]
        said = msg.Bulk(member.hard.term, after, len(log) + 9, bytes(32), bulk.pack(piece))
        ready = cores.steps("node3", Received("node1", said))
        assert ready.store == ()


def test_a_piece_that_does_not_hold_stores_nothing(cores: Cores) -> None:
    stores_some(cores)
    member = cores["node3"].node.member
    end = member.end.position
    ready = cores.steps(
        "node3", Received("node1", msg.Bulk(member.hard.term, end, end + 5, bytes(32), b"none"))
    )
    assert (ready.store, ready.sends) == ((), ())
