"""What the commands of `vx lab` share: their arguments, and how they say what they did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from cli import output
from cli.lab_monitor import CLUSTER
from cli.render import lab as shown
from cli.source import Source

Directory = Annotated[Path, Argument(metavar="DIR", help="the lab's directory")]
Node = Annotated[str, Argument(metavar="NODE", help="a node, such as node1")]
Device = Annotated[str, Argument(metavar="DEVICE", help="a disk, such as vxd0")]
OnNode = Annotated[
    str | None, Option("--node", metavar="NODE", help="on this node only (default: on all)")
]
Form = Annotated[
    str,
    Option("-o", "--output", metavar="FORM", help="table, plain, tsv, json or ndjson"),
]
Json = Annotated[bool, Option("--json", help="short for -o json")]


def source(form: str, json: bool) -> Source:
    """Return in which form to answer."""
    return Source("vx", output="json" if json else form)


def emit(
    chosen: Source,
    verb: str,
    data: dict[str, Any],
    text: Callable[[dict[str, Any], bool], str] = shown.done_text,
    rows: Callable[[dict[str, Any]], output.Rows] = shown.done_rows,
) -> None:
    """Print what a command did."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    answer: dict[str, object] = {"cluster": CLUSTER, "at": now, "data": data}
    output.emit(chosen, f"lab.{verb}", answer, output.View(text, rows))
