"""The state at a random moment, in logs of three lengths; and what keyframes take for it."""

from __future__ import annotations

from contextlib import ExitStack
from math import log2
from pathlib import Path
from random import Random
from time import perf_counter

from cli.bisect import search
from eventstore.past.replay import Replayer, nearest_keyframe
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader
from tests.bench.ground import BETWEEN, LOG, SHORT, Scale
from tests.bench.long_logs import make_log
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.bench.plots import over_length

CALLS = 40


def states(directory: Path, scale: Scale) -> list[Row]:
    """Compare the state at random moments of long logs with that in a short one."""
    lengths = {"long": scale.longest, "between": scale.count(BETWEEN), "short": SHORT}
    with ExitStack() as stack:
        logs = {
            name: stack.enter_context(read_store(make_log(directory, commits)))[LOG]
            for name, commits in lengths.items()
        }
        random = Random(11)
        turns = Turns(
            long=lambda: _p50_ms(logs["long"], random),
            between=lambda: _p50_ms(logs["between"], random),
            short=lambda: _p50_ms(logs["short"], random),
            proven=lambda: _p50_ms(logs["long"], random, forget=False),
            keyframe=lambda: _decoded_ms(logs["long"], random),
        )
        turns.run(scale.rounds)
        rows = [
            turns.row(
                f"state at a random moment, {lengths[name]:,} commits",
                name,
                "short",
                unit="ms",
                goal=Goal(2, at_most=True),
                base_is=f"the same in a log of {SHORT:,} commits, p50 of each",
            )
            for name in ("long", "between")
        ]
        points = [(count, turns.median(name), "") for name, count in reversed(lengths.items())]
        rows[0].details["curves"] = over_length("state at a random moment", points)
        return [*rows, _over_a_keyframe(turns), _halving(lengths["long"]), _bytes(logs["long"])]


def _over_a_keyframe(turns: Turns) -> Row:
    """Compare a state with what no state from keyframes can cost less than."""
    return turns.row(
        "state at a random moment, keyframes proven before",
        "proven",
        "keyframe",
        unit="ms",
        goal=Goal(3, at_most=True),
        base_is="decoding one keyframe, p50 of each",
    )


def _halving(commits: int) -> Row:
    """Count the states that a bisection needs where the last commit is the bad one."""
    asked = len(search(1, commits, lambda position: int(position >= commits)).tested)
    least = log2(commits - 1)
    return Row(
        f"  states of a bisection, {commits:,} commits",
        asked,
        "states",
        base=least,
        base_is="log2 of the commits between",
        ratio=asked / least,
        goal=Goal(1.1, at_most=True),
    )


def _decoded_ms(reader: LogReader, random: Random) -> float:
    frames, waits_ms = reader.keyframes.all(), []
    for _ in range(CALLS):
        frame = random.choice(frames)
        begin = perf_counter()
        reader.keyframes.open(frame)
        waits_ms.append(1e3 * (perf_counter() - begin))
    return percentile(waits_ms, 0.5)


def _p50_ms(reader: LogReader, random: Random, *, forget: bool = True) -> float:
    """Ask from nothing each time: no state to go on from, no keyframe that was proven before."""
    last, waits_ms = reader.last(), []
    for _ in range(CALLS):
        position = random.randrange(1, last + 1)
        if forget:
            reader.keyframes.proven.clear()
        else:
            nearest_keyframe(reader, position)
        begin = perf_counter()
        Replayer(reader).state_at(position)
        waits_ms.append(1e3 * (perf_counter() - begin))
    return percentile(waits_ms, 0.5)


def _bytes(reader: LogReader) -> Row:
    """Compare the bytes of all keyframes with those of the commits."""
    frames = reader.keyframes.all()
    (commits,) = reader._driver.execute(
        f"SELECT sum(length(header) + length(context) + length(payload) + 64) FROM {LOG}_commits"
    ).fetchone()
    size = sum(frame.size for frame in frames)
    return Row(
        f"  {len(frames):,} keyframes",
        size / 2**20,
        "MiB",
        base=commits / 2**20,
        base_is="the commits they belong to",
        ratio=size / commits,
        goal=Goal(0.15, at_most=True),
        details={"bytes": size, "records": frames[-1].records},
    )
