"""What does not grow with the log: questions about the past, and the memory of a daemon.

Two logs, one a hundred times as long as the other, of the same mix of commits over about the same
number of objects, each with the keyframes and the index that a daemon would have given it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

from daemon.wire import control
from eventstore.model.objects import Key, Volume, rid_text
from eventstore.past.history import blame, diff
from eventstore.past.moments import Moment, resolve, time_of
from eventstore.past.replay import Replayer, replay
from eventstore.proofs.survey import Cut, Slice, carry_out, survey
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.bench.ground import LOG, LONG, SHORT, Scale
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.support.daemons import daemon_without_disks
from tests.support.long_history import extend
from tests.support.waiting import wait_until

CALLS = 40
NEAR = 100
"""Commits between two near moments."""
_TOUCHED = 30
"""Commits that touched the objects that are asked about, about so many."""
_OBJECTS = 10
_VERIFIED_S = 600.0
_LATE = 100
"""Commits at the end that a survey which began before them may not have seen."""


def make_log(directory: Path, commits: int) -> Path:
    """Write a log of so many commits, with its keyframes, closed; once for each length."""
    path = directory / f"long-{commits}.db"
    if not path.exists():
        with Store.open(path) as store:
            extend(store, commits)
            for finding in survey(store.logs[LOG], whole=False):
                if isinstance(finding, (Slice, Cut)):
                    carry_out(store, finding)
    return path


class _Asked:
    """A log, and what there is to ask about it."""

    def __init__(self, reader: LogReader) -> None:
        self.reader = reader
        self.random = Random(7)
        self.last = reader.last()
        state = replay(reader, self.last)
        self.records = sum(state.counts.values())
        keys = [(each.space, each.rid) for each in state.records() if isinstance(each, Volume)]
        self.objects = sorted(keys, key=lambda key: abs(self.touched(key) - _TOUCHED))[:_OBJECTS]

    def touched(self, key: Key) -> int:
        """Return how many commits touched an object."""
        return len(self.reader.positions(rid_text(key)))

    @property
    def details(self) -> dict[str, object]:
        """What was asked about."""
        touched = [self.touched(key) for key in self.objects]
        frames = len(self.reader.keyframes.all())
        return {
            "commits": self.last,
            "records": self.records,
            "keyframes": frames,
            "touched": touched,
        }


def _blame(asked: _Asked) -> None:
    blame(asked.reader, asked.random.choice(asked.objects), asked.last)


def _diff(asked: _Asked) -> None:
    low = asked.random.randrange(1, asked.last - NEAR)
    diff(Replayer(asked.reader), low, low + NEAR)


def _position_of_time(asked: _Asked) -> None:
    position = asked.random.randrange(2, asked.last)
    time_us = time_of(asked.reader, position)
    assert resolve(asked.reader, Moment("time", time_us)).position >= position


_QUESTIONS: dict[str, Callable[[_Asked], None]] = {
    "blame of one object": _blame,
    f"diff of two moments {NEAR} commits apart": _diff,
    "position of a time": _position_of_time,
}


def questions(directory: Path, scale: Scale) -> list[Row]:
    """Compare what answers about the past cost in a long log and in a short one."""
    calls, long = scale.count(CALLS), scale.count(LONG)
    with (
        read_store(make_log(directory, long)) as ours,
        read_store(make_log(directory, SHORT)) as base,
    ):
        asked = _Asked(ours[LOG]), _Asked(base[LOG])
        return [_compared(name, asked, calls, scale.rounds) for name in _QUESTIONS]


def _compared(name: str, asked: tuple[_Asked, _Asked], calls: int, rounds: int) -> Row:
    long, short = asked
    ask = _QUESTIONS[name]
    turns = Turns(
        long=lambda: _p50_us(lambda: ask(long), calls),
        short=lambda: _p50_us(lambda: ask(short), calls),
    )
    turns.run(rounds)
    return turns.row(
        f"{name}, {long.last:,} commits",
        "long",
        "short",
        unit="us",
        goal=Goal(2, at_most=True),
        base_is=f"the same in a log of {short.last:,} commits, p50 of each",
        details={"long": long.details, "short": short.details},
    )


def _p50_us(work: Callable[[], None], calls: int) -> float:
    waits = []
    for _ in range(calls):
        begin = perf_counter()
        work()
        waits.append(perf_counter() - begin)
    return 1e6 * percentile(waits, 0.5)


class _Memory(NamedTuple):
    """A daemon's memory in MiB: when it serves, when all was verified, and the most it had."""

    serving: float
    verified: float
    peak: float
    ready_s: float


def memory(directory: Path, scale: Scale) -> list[Row]:
    """Compare the memory of a daemon on a long log with that of one on a short log."""
    long = scale.count(LONG)
    ours, base = (_daemon_on(make_log(directory, commits)) for commits in (long, SHORT))
    return [
        Row(
            f"memory of a daemon on {long:,} commits, {name}",
            getattr(ours, name),
            "MiB",
            base=getattr(base, name),
            base_is=f"the same on {SHORT:,} commits",
            ratio=getattr(ours, name) / getattr(base, name),
            goal=Goal(1.5, at_most=True),
            details={"long": ours._asdict(), "short": base._asdict()},
        )
        for name in ("serving", "verified", "peak")
    ]


def _daemon_on(log: Path) -> _Memory:
    """Start a daemon on a copy of a log, and look until it has verified all of it."""
    directory = log.with_suffix(".lab")
    directory.mkdir()
    # Without a monitor: it would refuse the log as another cluster's.
    with daemon_without_disks(directory) as daemon:
        shutil.copy(log, daemon.home / "log.db")
        begin = perf_counter()
        daemon.start()
        ready_s = perf_counter() - begin
        with daemon.client() as client:

            def status() -> Any:
                answer: dict[str, Any] = client.ask(control.query("status", {}))
                return answer["data"]

            pid = status()["daemon"]["pid"]
            serving = _mib(pid, "VmRSS")
            head = status()["logs"][1]["position"] - _LATE
            wait_until(lambda: (status()["logs"][1]["verified"] or 0) >= head, _VERIFIED_S)
            return _Memory(serving, _mib(pid, "VmRSS"), _mib(pid, "VmHWM"), ready_s)


def _mib(pid: int, what: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith(f"{what}:"))
    return int(kib) / 1024
