"""Whether two copies of a log tell the same history: by their hashes, each over all before it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from cli import ask
from cli.source import Source

Hashes = Callable[[list[int]], dict[int, str]]
AT_ONCE = 16
"""Places looked at in one question: a log of a million commits takes five."""


def is_node(text: str) -> bool:
    """Whether what a log is to be compared with is a node, and not a file."""
    return "/" not in text and not os.path.exists(text)


def compare(source: Source, file: str, logs: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Return, for each of some logs, how far a file has it too, and where it first differs.

    Raises:
        RequestFailed: the file is no log, or one of the two cannot be read.

    """
    other = Source(source.program, log=file, timeout_s=source.timeout_s)
    verdict: Any = ask.read(other, "verify", {"replay": False})["data"]
    theirs = {row["log"]: row for row in verdict["logs"]}
    return [
        _compared(row["log"], Copy(source, row["log"], {}), Copy(other, row["log"], {}))
        if row["log"] in theirs
        else {"log": row["log"], "common": 0, "first_difference": None}
        for row in logs
    ]


def compare_with_node(source: Source, node: str) -> list[dict[str, object]]:
    """Return how far another node has the same shared log, and where it first differs.

    Raises:
        RequestFailed: the node is out of reach.

    """
    ours, theirs = Copy(source, "shared", {}), Copy(source, "shared", {"node": node})
    return [_compared("shared", ours, theirs)]


class Copy:
    """Where a log begins and ends, and its hashes."""

    def __init__(self, source: Source, log: str, whose: dict[str, object]) -> None:
        self._source = source
        self._args: dict[str, object] = {"log": "shared" if log == "shared" else "node", **whose}
        about = self._ask([])
        self.lineage: str = about["lineage"]
        self.first: int = about["first"]
        self.last: int = about["last"]

    def _ask(self, positions: list[int]) -> Any:
        args = {**self._args, "positions": positions}
        return ask.read(self._source, "hashes", args)["data"]

    def hashes(self, positions: list[int]) -> dict[int, str]:
        """Return the hashes at some positions that it has."""
        return dict(self._ask(positions)["hashes"])


def _compared(log: str, ours: Copy, theirs: Copy) -> dict[str, object]:
    low, common = max(ours.first, theirs.first), min(ours.last, theirs.last)
    if low > common:
        return {"log": log, "common": 0, "first_difference": None}
    first = first_difference(ours.hashes, theirs.hashes, low, common)
    return {"log": log, "common": common, "first_difference": first}


def first_difference(ours: Hashes, theirs: Hashes, low: int, common: int) -> int | None:
    """Return the first position at which two chains differ; None if none up to `common` does.

    A hash covers all before it, so what is the same at a position is the same up to it.
    """
    same, differs = low - 1, common + 1
    places = [common]
    while True:
        one, other = ours(places), theirs(places)
        for place in places:
            if one[place] == other[place]:
                same = max(same, place)
            else:
                differs = min(differs, place)
        if differs > common:
            return None
        if differs - same <= 1:
            return differs
        step = max(1, (differs - same) // (AT_ONCE + 1))
        places = list(range(same + step, differs, step))[:AT_ONCE]
