"""`vx tree`: what is built on what."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Argument

from cli import ask, output
from cli.options import Command, new_app, reads
from cli.render import tree as render
from cli.source import Source

app = new_app()


@app.command(cls=Command)
@reads
def tree(source: Source, group: Annotated[str | None, Argument(metavar="[DG]")] = None) -> None:
    """Show disk groups with their disks, volumes, plexes and subdisks as a tree.

    Examples:
      vx tree
      vx tree datadg --at yesterday
    """
    answer = ask.read(source, "print", {"group": group, "names": []})
    answer["data"] = render.from_groups(answer["data"])
    marks = render.LINES if _draws_lines() else render.ASCII
    view = output.View(lambda data, _header: render.text(data, marks), render.rows)
    output.emit(source, "tree", answer, view)


def _draws_lines() -> bool:
    """Whether somebody looks at it on a terminal that can draw."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return sys.stdout.isatty() and encoding == "utf8"
