"""Three daemons under nemeses and load: nothing is lost, nothing diverges, all of it has an order.

`KILL_ROUNDS` says how many rounds, `SOAK_SEED` repeats a run's choices (the moments are the
machine's). In a round clients on all nodes change and read, something happens to the nodes, and is
healed; then all have to be equal, and to agree on every outcome that was not known.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.ground import LOAD_S, Ground
from tests.soak.history import (
    diverged,
    gone_back,
    lost_or_invented,
    misread,
    out_of_order,
    searched,
)
from tests.soak.nemeses import Nemesis
from tests.support.clusters import processes_of, running_cluster

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
ROUND_S = 60
"""Far more than a round takes: what hangs is ended."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.integration,
    pytest.mark.timeout(300 + ROUND_S * ROUNDS),
]
DISKS = 2


def test_no_nemesis_makes_three_nodes_lose_or_differ(tmp_path: Path) -> None:
    seed = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().getrandbits(32)
    print(f"SOAK_SEED={seed} KILL_ROUNDS={ROUNDS}")
    began = time.monotonic()
    with running_cluster(tmp_path, disks=DISKS) as cluster:
        ground = Ground(cluster, seed)
        ground.make_group(DISKS)
        unknown = _rounds(ground, seed)
        held = [n for n, one in cluster.lab.monitor.status()["nodes"].items() if one["holding"]]
        assert held == []
        cluster.lab.down()
        assert processes_of(cluster.lab.directory) == []
        _check(ground)
        for node in ground.nodes:
            log = str(cluster.lab.home(node) / "log.db")
            said = cluster[node].run("vx", "verify", "--replay", "--log", log, "--json")
            assert said.code == 0, said
            assert json.loads(said.out)["data"]["ok"], said
    _report(ground, unknown, time.monotonic() - began)


def _rounds(ground: Ground, seed: int) -> tuple[int, int]:
    choice = random.Random(seed)
    unknown, done = 0, 0
    for number in range(ROUNDS):
        nemesis = Nemesis(ground.cluster.lab, random.Random(f"{seed}/{number}"))
        at = time.monotonic()
        try:
            ground.strike(nemesis, choice.uniform(*LOAD_S))
            healed = time.monotonic()
            ground.rest()
            found = ground.settle(time.monotonic())
        finally:
            print(f"round {number}: {'; '.join(nemesis.log)}", flush=True)
        print(
            f"  {healed - at:.1f} s, at rest after {time.monotonic() - healed:.1f} s, "
            f"{found[0]} not answered, {found[1]} of them done",
            flush=True,
        )
        unknown, done = unknown + found[0], done + found[1]
    return unknown, done


def _check(ground: Ground) -> None:
    logs = {node: ground.log(node) for node in ground.nodes}
    acts = ground.acts()
    assert diverged(logs) == []
    for log in logs.values():
        assert lost_or_invented(acts, log) == []
    assert out_of_order(acts) == []
    assert misread(acts) == []
    for worker in ground.workers:
        for spoken in worker.conversations:
            assert gone_back(spoken) == []
    verdict = searched(acts)
    assert verdict.outcome == "linearizable", verdict


def _report(ground: Ground, unknown: tuple[int, int], took_s: float) -> None:
    acts = ground.acts()
    heard = Counter(f"{act.kind} {act.heard}" for act in acts)
    errors = sum((worker.errors for worker in ground.workers), Counter[str]())
    print(f"{ROUNDS} rounds, {len(acts)} acts: {dict(sorted(heard.items()))}")
    print(f"{unknown[0]} not answered, {unknown[1]} of them done; 0 lost, 0 diverged")
    print("\n".join(f"  {count} {what}" for what, count in errors.most_common()))
    print(f"{took_s:.0f} s, {took_s / ROUNDS:.1f} s a round")
