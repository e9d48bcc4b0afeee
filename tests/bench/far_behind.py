"""A node that is far behind: how fast it catches up, compared with a replay of what it lacked."""

from __future__ import annotations

from time import perf_counter

from cli.lab_cluster import Lab
from eventstore.past.replay import replay
from eventstore.storage.offline import read_store
from tests.bench.measure import Goal, Row
from tests.support.far_behind import leave_behind, shared_head
from tests.support.waiting import wait_until

BEHIND = 1_000_000
"""Commits that the node lacks: so many that its start is not what is measured."""
_DEADLINE_S = 600.0


def catch_up(lab: Lab, commits: int) -> Row:
    """Let node3 lack commits, and come back; compare with a replay of as many here.

    The start of its daemon is in the time: who waits for the node waits for that, too.
    """
    before, head = leave_behind(lab, commits)
    begin = perf_counter()
    lab.join("node3")
    wait_until(lambda: lab.has_joined("node3") and shared_head(lab, "node3") >= head, _DEADLINE_S)
    rate = commits / (perf_counter() - begin)
    with read_store(lab.home("node1") / "log.db") as logs:
        state = replay(logs["shared"], before)
        begin = perf_counter()
        replay(logs["shared"], head, onto=state, low=before + 1)
        local = commits / (perf_counter() - begin)
    return Row(
        f"a joiner catches up with {commits} commits",
        rate,
        "commits/s",
        local,
        "a local replay of the same commits",
        rate / local,
        goal=Goal(0.5),
    )
