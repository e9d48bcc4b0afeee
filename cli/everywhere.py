"""Reads that can be put to all nodes: --all-nodes asks the daemon, which asks the others.

Without a daemon several --log, one a node, say the same. What is woven of both is one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from typer import Option

from cli import archived
from cli.failure import UsageError
from cli.options import reads_with
from cli.source import Source

_LOGS: dict[str, tuple[Any, Any]] = {
    "logs": (
        Annotated[
            list[str] | None,
            Option(
                "--log",
                metavar="FILE|URL",
                help="read this log or home, not a daemon; several: those of several nodes",
            ),
        ],
        None,
    ),
    "all_nodes": (
        Annotated[bool, Option("--all-nodes", help="as all nodes tell it, as far as reachable")],
        False,
    ),
    **archived.OPTIONS,
}


def reads(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(source, ...)` that asks one node or all, about a moment."""
    return reads_with(function, _LOGS, _gather, at=True)


def reads_history(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(source, ...)` that names its moments in its own arguments."""
    return reads_with(function, _LOGS, _gather, at=False)


def _gather(source: Source, given: dict[str, Any]) -> None:
    cluster, node = given["cluster"], given.get("node")
    placed = [archived.place(log, cluster, node) or log for log in given["logs"] or ()]
    source.logs = tuple(placed)
    home = archived.home_of(source.home, source.socket)
    source.log = placed[0] if placed else archived.place(None, cluster, node, home)
    source.logs = source.logs or tuple(filter(None, (source.log,)))
    source.all_nodes = bool(given["all_nodes"]) or len(source.logs) > 1
    if source.current and (source.logs or source.all_nodes):
        raise UsageError(
            "--current asks one running daemon about the present",
            fix="leave out --log and --all-nodes",
        )
