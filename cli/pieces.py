"""A range of a log, piece by piece: however long it is, little of it is held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cli import ask
from cli.source import Source

Row = dict[str, Any]

_PIECE = 256
"""Commits asked for at a time: of what lies behind the range, nothing."""


class Range(NamedTuple):
    """From which commit to which, of which log."""

    cluster: str | None
    log: str
    low: int
    high: int


def resolve(source: Source, since: str | None, until: str | None) -> Range:
    """Return the range that two moments name; the whole log where none is named.

    Raises:
        RequestFailed: the log has no such moments.

    """
    moments = {
        name: None if text is None else ask.moment(text)
        for name, text in (("since", since), ("until", until))
    }
    answer = ask.read(source, "range", dict(moments))
    data: Any = answer["data"]
    cluster = answer["cluster"]
    return Range(
        None if cluster is None else str(cluster), str(answer["log"]), data["low"], data["high"]
    )


def commits(source: Source, among: Range) -> Iterator[Row]:
    """Yield every commit of a range, oldest first.

    Raises:
        RequestFailed: the log cannot be read.

    """
    after = among.low - 1
    while after < among.high:
        count = min(_PIECE, among.high - after)
        args: dict[str, object] = {"after": after, "which": among.log, "n": count}
        data: Any = ask.read(source, "follow", args)["data"]
        if not data:
            return
        for row in data:
            after = row["position"]
            if after > among.high:
                return
            yield row
        if ask.told is not None:
            ask.told(after - among.low + 1, among.high - among.low + 1)
