"""G3: who has a wrong digest stops; where nobody has, and they differ, changes halt."""

import pytest
from msgspec.structs import replace

from daemon.core.differing import PATIENCE_MS
from daemon.core.phase import Phase
from eventstore.errors import Damaged
from eventstore.model import commands as cmd, digest
from tests.support.cores import Cores, error_of
from tests.support.model import appears, init_disk, size_for
from tests.support.sharing import share

NODES = ("node1", "node2", "node3")


def rename(old: str, new: str) -> cmd.RenameDisk:
    return cmd.RenameDisk("dg", old, new)


def with_a_wrong_state(name: str) -> Cores:
    """In a node's memory, and nowhere else, the disk has another length."""
    cores = Cores(*NODES)
    cores.views(*NODES)
    for node in NODES:
        cores.sees(node, appears("sda", "id-x", size_for(800)))
    cores.done("node1", init_disk("sda"), share("dg", (("a", "sda"),)))
    state = cores[name].node.shared.state
    (disk,) = state.disks(state.groups()[0])
    state.put(replace(disk, public_len=disk.public_len + 16))
    return cores


def by_another_program(cores: Cores, name: str) -> Cores:
    """A node's program makes another state of a commit: a replay there gives it again."""
    cores[name].is_stubborn = True
    cores.begins("node1", rename("a", "b"))
    cores.settle()
    return cores


def test_a_node_whose_replay_gives_another_state_stops_and_names_the_object() -> None:
    cores = with_a_wrong_state("node3")
    with pytest.raises(Damaged, match="the state of node3 was wrong") as caught:
        cores.asks("node1", rename("a", "b"))
    assert caught.value.position == len(cores["node1"].log)
    assert "dg/" in str(caught.value.cause)


def test_it_applied_nothing_and_is_right_again_after_a_start_from_its_log() -> None:
    cores = with_a_wrong_state("node3")
    before = len(cores["node3"].log)
    with pytest.raises(Damaged):
        cores.asks("node1", rename("a", "b"))
    assert len(cores["node3"].log) == before
    cores["node3"].recovers()
    cores.restarts("node3")
    cores.views(*NODES)
    assert cores["node3"].node.shared.head == cores["node1"].node.shared.head


def test_changes_halt_where_both_stand_by_their_digests_and_the_object_is_named() -> None:
    cores = by_another_program(with_a_wrong_state("node3"), "node3")
    office = cores["node1"].node.member.office
    assert office is not None
    assert office.phase is Phase.HALTED
    for node in ("node1", "node2"):
        answer = cores.asks(node, rename("b", "c"))
        assert error_of(answer) == "V-5-1-9111"
        assert answer["error"]["node"] == "node3"
        assert f"@{len(cores['node1'].log)}, about dg/" in answer["error"]["cause"]


def test_the_halt_comes_again_in_the_next_view_as_long_as_both_are_there() -> None:
    cores = by_another_program(with_a_wrong_state("node3"), "node3")
    cores.views("node2", "node1", "node3")
    office = cores["node2"].node.member.office
    assert office is not None
    assert office.phase is Phase.HALTED
    cores.views("node2", "node1")
    cores.done("node1", rename("b", "c"))


def test_a_master_whose_own_replay_gives_another_digest_stops() -> None:
    cores = with_a_wrong_state("node3")
    cores["node1"].replays_to = bytes(digest.SIZE)
    with pytest.raises(Damaged, match="the state of node1 was wrong"):
        by_another_program(cores, "node3")


def test_a_node_whose_replay_does_not_end_stops() -> None:
    cores = with_a_wrong_state("node3")
    cores["node3"].looks_up = False
    cores.begins("node1", rename("a", "b"))
    cores.settle()
    with pytest.raises(Damaged, match="the state of node3 is in question"):
        cores.passes(PATIENCE_MS)


def test_a_digest_that_is_the_same_is_no_question() -> None:
    cores = with_a_wrong_state("node3")
    cores["node3"].recovers()
    cores.done("node1", rename("a", "b"))
    assert cores["node3"].node.member.digests.mine is None
