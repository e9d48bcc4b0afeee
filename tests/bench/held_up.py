"""By how much a read that takes long delays a change: of a whole large state, or of the past.

One process reads without a pause, while one client asks for changes. What those wait is compared
with what they wait while nobody reads, in turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter

from daemon.client import Subscription
from daemon.config import SOCKET
from daemon.wire import control
from tests.bench.ground import Scale
from tests.bench.many_volumes import FEW, MANY, VOLUMES, Daemon, furnished, warm
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.support.lab import RunningLab

CALLS = 400
"""Changes in a turn: a whole state of 100,000 volumes is read meanwhile."""
_READS: dict[str, tuple[str, dict[str, object]]] = {
    "the whole state is read": ("state", {}),
    "everything is printed": ("print", {"group": None, "names": []}),
    "the log is verified with replay": ("verify", {"replay": True}),
}


def by_reads(directory: Path, scale: Scale) -> list[Row]:
    """Compare what a change waits beside a long read with what it waits alone."""
    many = max(FEW, scale.count(MANY))
    with ExitStack() as stack:
        lab = stack.enter_context(furnished(directory / "held-up", many))
        lab.start()
        daemon = warm(lab, stack)
        beside: dict[str, Callable[[list[int]], AbstractContextManager[None]]] = {
            what: partial(_reading, lab, asked) for what, asked in _READS.items()
        }
        beside["a follower of all reads nothing"] = partial(_not_reading, lab)
        return [_row(daemon, many, what, held, scale) for what, held in beside.items()]


def _row(
    daemon: Daemon,
    groups: int,
    what: str,
    held: Callable[[list[int]], AbstractContextManager[None]],
    scale: Scale,
) -> Row:
    random, worst = Random(5), {"beside": 0.0, "alone": 0.0}
    answers: list[int] = []

    def waits(who: str) -> float:
        found = _waits_ms(daemon, groups, random, scale.count(CALLS))
        worst[who] = max(worst[who], *found)
        return percentile(found, 0.99)

    def beside() -> float:
        with held(answers):
            return waits("beside")

    turns = Turns(beside=beside, alone=lambda: waits("alone"))
    turns.run(scale.rounds)
    return turns.row(
        f"a change while {what}, p99, {groups * VOLUMES:,} volumes",
        "beside",
        "alone",
        unit="ms",
        goal=Goal(3, at_most=True),
        base_is="p99 of the same changes while nobody reads, in turns",
        details={"worst_ms": worst, "answers_meanwhile": answers},
    )


@contextmanager
def _reading(
    lab: RunningLab, asked: tuple[str, dict[str, object]], answers: list[int]
) -> Iterator[None]:
    """Within this, a client of its own reads; how many answers it got goes to `answers`."""
    command = [sys.executable, "-m", "tests.bench.asker", str(lab.home), json.dumps(asked)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield
    said, _ = process.communicate()
    assert process.returncode == 0
    answers.append(int(said))


@contextmanager
def _not_reading(lab: RunningLab, answers: list[int]) -> Iterator[None]:
    """Within this, somebody follows the log from its start, and takes nothing of it."""
    with closing(Subscription(str(lab.home / SOCKET), control.watch(0))):
        yield
    answers.append(0)


def _waits_ms(daemon: Daemon, groups: int, random: Random, calls: int) -> list[float]:
    """Return what each of some changes waits: a volume is made, and removed again."""
    waits = []
    for _ in range(calls // 2):
        volume: dict[str, object] = {"group": f"dg{random.randrange(groups):04d}", "name": "one"}
        for verb, more in (("volume.make", {"length_sectors": 2048}), ("volume.remove", {})):
            begin = perf_counter()
            daemon.change(verb, {**volume, **more})
            waits.append(1e3 * (perf_counter() - begin))
    return waits
