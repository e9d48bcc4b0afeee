"""Whether two copies of a log tell the same history: by their hashes, each over all before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli import ask
from cli.source import Source

HashAt = Callable[[int], str]


def compare(source: Source, file: str, logs: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Return, for each of some logs, how far a file has it too, and where it first differs.

    Raises:
        RequestFailed: the file is no log, or one of the two cannot be read.

    """
    other = Source(source.program, log=file, timeout_s=source.timeout_s)
    verdict: Any = ask.read(other, "verify", {"replay": False})["data"]
    theirs = {row["log"]: row["commits"] for row in verdict["logs"]}
    found: list[dict[str, object]] = []
    for row in logs:
        name = row["log"]
        common = min(row["commits"], theirs.get(name, 0))
        ours, others = _hashes(source, name), _hashes(other, name)
        first = first_difference(ours, others, common)
        found.append({"log": name, "common": common, "first_difference": first})
    return found


def first_difference(ours: HashAt, theirs: HashAt, common: int) -> int | None:
    """Return the first position at which two chains differ; None if none up to `common` does.

    A hash covers all before it, so what is the same at a position is the same up to it.
    """
    low, high = 0, common
    if common == 0 or ours(common) == theirs(common):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if ours(middle) == theirs(middle):
            low = middle
        else:
            high = middle
    return high


def _hashes(source: Source, log: str) -> HashAt:
    def at(position: int) -> str:
        args: dict[str, object] = {"after": position - 1, "n": 1, "which": log}
        data: Any = ask.read(source, "follow", args)["data"]
        return str(data[0]["hash"])

    return at
