"""`vxcmdlog`, `vxtranslog`: the one history in the original's two forms."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Option

from cli import log_settings, pieces
from cli.options import Command, new_app, reads_history
from cli.render import translog as render
from cli.source import Source

cmdlog_app, translog_app = new_app(), new_app()

Since = Annotated[str | None, Option(metavar="WHEN", help="from this commit or time on")]
Until = Annotated[str | None, Option(metavar="WHEN", help="up to this commit or time")]
Listed = Annotated[bool, Option("-l", help="list it: what is done if nothing else is asked")]
Mode = Annotated[str | None, Option("-m", metavar="on|off", help="it is always on")]
Number = Annotated[
    str | None, Option("-n", metavar="COUNT|no_limit", help="files to keep: there is one, whole")
]
Size = Annotated[str | None, Option("-s", metavar="SIZE", help="of a file: it has no limit")]
Queries = Annotated[str | None, Option("-q", metavar="on|off", help="log questions too: never")]


@cmdlog_app.command(cls=Command)
@reads_history
def cmdlog(
    source: Source,
    *,
    listed: Listed = False,
    mode: Mode = None,
    number: Number = None,
    size: Size = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """List the command lines that asked for changes, done or refused.

    Examples:
      vxcmdlog -l
      vxcmdlog --since yesterday
    """
    if _is_set(log_settings.Asked(mode, number, size)) and not listed:
        return
    for row in pieces.commits(source, pieces.resolve(source, since, until)):
        print(render.command(row), end="")


@translog_app.command(cls=Command)
@reads_history
def translog(
    source: Source,
    *,
    listed: Listed = False,
    mode: Mode = None,
    number: Number = None,
    size: Size = None,
    queries: Queries = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """List the transactions: who, how they ended, and what they did.

    Examples:
      vxtranslog -l
      vxtranslog --since '2h ago'
    """
    if _is_set(log_settings.Asked(mode, number, size, queries)) and not listed:
        return
    for row in pieces.commits(source, pieces.resolve(source, since, until)):
        print(render.transaction(row), end="")


def _is_set(asked: log_settings.Asked) -> bool:
    """Say what became of settings; return whether any was asked for.

    Raises:
        RequestFailed: one of them cannot be.

    """
    notes = log_settings.notes(asked)
    for note in notes:
        print(note, file=sys.stderr)
    return bool(notes)
