"""B3: a log that is another one is refused, and only its end put aside."""

import pytest

from daemon.core import station
from daemon.core.ready import PutOut, SetAside
from eventstore.codec import decode_events
from eventstore.model import commands as cmd, events as ev
from tests.support.cores import Cores, error_of
from tests.support.model import appears, init_disk, size_for
from tests.support.sharing import share

NODES = ("node1", "node2", "node3")
FIRST = 6
"""Where two lives differ: behind the founding, an election and three joins."""


def rename(old: str, new: str) -> cmd.RenameDisk:
    return cmd.RenameDisk("dg", old, new)


def a_life(name: str, *renames: str) -> Cores:
    """A cluster whose first change gives a disk of dg a name, and others after it."""
    cores = Cores(*NODES)
    cores.views(*NODES)
    for node in NODES:
        cores.sees(node, appears("sda", "id-x", size_for(800)))
    cores.done("node1", init_disk("sda"), share("dg", ((name, "sda"),)))
    for before, after in zip((name, *renames), renames, strict=False):
        cores.done("node1", rename(before, after))
    return cores


def with_another_log(*renames: str, looks_up: bool = True, name: str = "node3") -> Cores:
    """A node has the log of another life, of which the first change was another."""
    cores = a_life("a", "b", "c", "d", "e")
    cores[name].becomes(a_life("z", *renames)[name])
    cores[name].looks_up = looks_up
    cores.restarts(name)
    cores.views(*NODES)
    return cores


def put_out(cores: Cores) -> list[tuple[str, str]]:
    found = cores["node1"].asked_of_kernel(PutOut)
    return [(one.node, one.reason) for one in found if isinstance(one, PutOut)]


LONGER = ("y", "x", "w", "v", "u", "t", "s")


@pytest.mark.parametrize("renames", [(), ("y",), ("y", "x", "w"), ("y", "x", "w", "v"), LONGER])
def test_a_log_that_is_another_one_is_refused_and_its_first_position_named(
    renames: tuple[str, ...],
) -> None:
    cores = with_another_log(*renames)
    reason = f"the shared log of node3 is another one, from @{FIRST} on (B3)"
    assert put_out(cores) == [("node3", reason)]
    assert cores["node3"].hard.quarantined == FIRST
    assert not cores["node3"].hard.intact


@pytest.mark.parametrize("renames", [(), ("y",), ("y", "x", "w")])
def test_it_is_found_out_too_where_it_is_far_behind(
    renames: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3: what is only stored is chained all the same."""
    monkeypatch.setattr(station, "FAR_BEHIND", 0)
    cores = with_another_log(*renames)
    reason = f"the shared log of node3 is another one, from @{FIRST} on (B3)"
    assert put_out(cores) == [("node3", reason)]
    assert cores["node3"].hard.quarantined == FIRST
    assert cores["node3"].node.member.ahead is None


@pytest.mark.parametrize("renames", [(), ("y", "x", "w"), ("y", "x", "w", "v")])
def test_a_master_whose_log_is_another_one_than_the_others_is_the_one(
    renames: tuple[str, ...],
) -> None:
    """What was decided is on a majority of nodes."""
    cores = with_another_log(*renames, name="node1")
    ((node, _reason),) = put_out(cores)
    assert (node, cores["node1"].hard.quarantined) == ("node1", FIRST)
    cores.views("node2", "node3")
    cores.done("node3", rename("e", "f"))


def test_with_as_many_on_either_side_the_masters_log_is_the_clusters() -> None:
    cores = a_life("a", "b")
    cores["node3"].becomes(a_life("z", *LONGER)["node3"])
    cores.restarts("node3")
    cores.views("node1", "node3")
    ((node, _reason),) = put_out(cores)
    assert (node, cores["node1"].hard.quarantined) == ("node3", 0)


def test_the_others_go_on_without_it() -> None:
    cores = with_another_log("y")
    cores.views("node1", "node2")
    cores.done("node2", rename("e", "f"))
    assert cores["node1"].node.shared.digest == cores["node2"].node.shared.digest


def test_where_no_hash_can_be_looked_up_it_is_put_out_and_not_quarantined() -> None:
    cores = with_another_log("y", looks_up=False)
    cores.passes(6000)
    ((node, reason),) = put_out(cores)
    assert (node, "at the latest" in reason) == ("node3", True)
    assert cores["node3"].hard.quarantined == 0


def test_the_cluster_halts_where_only_a_damaged_log_has_what_was_decided() -> None:
    """C3: what is in it was decided, so the others are found to lack what they had stored."""
    cores = a_life("a", "b")
    cores["node2"].node.member.distrust("a sector cannot be read")
    for name in ("node1", "node3"):
        cores[name].log.pop()
        cores[name].recovers()
        cores.restarts(name)
    cores.views("node1", "node3", "node2")
    assert put_out(cores) == []
    assert [cores[name].hard.intact for name in NODES] == [False, False, False]
    assert cores["node2"].hard.quarantined == 0
    assert not cores["node1"].node.member.is_elected


def test_what_is_quarantined_is_said_over_a_restart_and_refused_at_once() -> None:
    cores = with_another_log("y")
    cores.restarts("node3")
    cores.views(*NODES)
    assert put_out(cores)[-1] == ("node3", f"its shared log is quarantined from @{FIRST} on (B3)")
    assert "quarantined" in cores["node3"].node.standing.why
    assert error_of(cores.asks("node3", rename("e", "f"))) == "V-5-1-9109"


def test_a_quarantined_node_is_no_master() -> None:
    cores = with_another_log("y")
    cores.views("node3", "node1", "node2")
    (one,) = cores["node3"].asked_of_kernel(PutOut)
    assert isinstance(one, PutOut)
    assert one.node == "node3"


def test_a_node_records_that_its_log_is_another_one_and_was_set_aside() -> None:
    """D11: in its own log, which is not in question."""
    cores = with_another_log("y")
    cores.steps("node3", SetAside(77))
    own = [event for commit in cores["node3"].own for event in decode_events(commit.payload)]
    assert ev.LogQuarantined(FIRST) in own
    assert ev.LogSetAside(FIRST, FIRST + 1) in own


def test_what_differs_is_kept_aside_and_the_node_joins_again() -> None:
    cores = with_another_log("y")
    kept = cores["node3"].log[FIRST - 1 :]
    cores.views("node1", "node2")
    ready = cores.steps("node3", SetAside(77))
    ((_token, answer),) = ready.replies
    data = answer["data"]
    assert (data["from"], data["through"], data["position"]) == (FIRST, FIRST + 1, FIRST - 1)
    assert cores["node3"].aside == kept
    cores.views(*NODES)
    assert cores["node3"].node.shared.head == cores["node1"].node.shared.head
    assert (cores["node3"].hard.intact, cores["node3"].hard.quarantined) == (True, 0)
    cores.done("node3", rename("e", "f"))


@pytest.mark.parametrize(
    ("said", "code"), [(SetAside(77, dry_run=True), ""), (SetAside(77, expect=1), "V-5-1-7850")]
)
def test_nothing_is_set_aside_in_a_dry_run_or_where_the_log_moved_on(
    said: SetAside, code: str
) -> None:
    """G2."""
    cores = with_another_log("y")
    ready = cores.steps("node3", said)
    ((_token, answer),) = ready.replies
    assert (ready.cut, ready.hard_state, ready.append) == (None, None, ())
    assert answer["ok"] == (not code)
    assert (error_of(answer) if code else answer["data"]["outcome"]) == (code or "dry-run")


def test_there_is_nothing_to_set_aside_where_nothing_differs() -> None:
    cores = a_life("a")
    ready = cores.steps("node3", SetAside(77))
    assert error_of(ready.replies[0][1]) == "V-5-1-9110"
    assert ready.cut is None
