"""`vxcmdlog`, `vxtranslog`: the one history in the original's two forms."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from cli import pieces
from cli.options import Command, new_app, reads_history
from cli.render import translog as render
from cli.source import Source

cmdlog_app, translog_app = new_app(), new_app()

Since = Annotated[str | None, Option(metavar="WHEN", help="from this commit or time on")]
Until = Annotated[str | None, Option(metavar="WHEN", help="up to this commit or time")]
Listed = Annotated[bool, Option("-l", help="list it: what is done anyway")]


@cmdlog_app.command(cls=Command)
@reads_history
def cmdlog(
    source: Source, *, listed: Listed = False, since: Since = None, until: Until = None
) -> None:
    """List the command lines that asked for changes, done or refused.

    Examples:
      vxcmdlog -l
      vxcmdlog --since yesterday
    """
    del listed
    for row in pieces.commits(source, pieces.resolve(source, since, until)):
        print(render.command(row), end="")


@translog_app.command(cls=Command)
@reads_history
def translog(
    source: Source, *, listed: Listed = False, since: Since = None, until: Until = None
) -> None:
    """List the transactions: who, how they ended, and what they did.

    Examples:
      vxtranslog -l
      vxtranslog --since '2h ago'
    """
    del listed
    for row in pieces.commits(source, pieces.resolve(source, since, until)):
        print(render.transaction(row), end="")
