"""Questions about the state: `vx get`, `vx state`, `vx status`."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Annotated, Any

from typer import Option

from cli import ask, output
from cli.options import Command, ObjectArgument, asks, new_app, reads
from cli.render.status import status as status_text
from cli.source import Source
from daemon.errors import Unreachable

_REFRESH_S = 5.0
"""How old a status on the screen may be when nothing changes."""
_CLEAR = "\x1b[H\x1b[2J"

get_app, state_app, status_app = new_app(), new_app(), new_app()


@get_app.command(cls=Command)
@reads
def get(source: Source, object_name: ObjectArgument) -> None:
    """Show one object with all its fields, as JSON.

    Examples:
      vx get datadg/vol01
      vx get datadg --at @1204
    """
    answer = ask.read(source, "get", {"object": object_name})
    output.emit(source, "get", answer, output.View(_document("get", answer)))


@state_app.command(cls=Command)
@reads
def state(source: Source) -> None:
    """Print the whole state as one canonical JSON document, and its digest.

    Examples:
      vx state | jq .data.digest
      vx state --at yesterday
    """
    answer = ask.read(source, "state", {})
    output.emit(source, "state", answer, output.View(_document("state", answer)))


@status_app.command(cls=Command)
@asks
def status(
    source: Source,
    watch: Annotated[
        bool, Option("--watch", help="again after every change, until interrupted")
    ] = False,
) -> None:
    """Show how the node is, worst first.

    Examples:
      vx status
      vx status --json
      vx status --watch
    """
    _show_status(source)
    sys.stdout.flush()
    if not watch:
        return
    from cli import follow

    limits = follow.Limits(quiet_s=_REFRESH_S, total_s=source.timeout_s)
    for told in follow.Follower(source.socket_path, None, limits):
        if isinstance(told, follow.Disconnected):
            print("disconnected", file=sys.stderr, flush=True)
        elif isinstance(told, (follow.Committed, follow.Quiet)):
            print(_CLEAR if sys.stdout.isatty() else "\n", end="")
            # What ended meanwhile, the follower notices and says.
            with suppress(Unreachable):
                _show_status(source)
            sys.stdout.flush()


def _show_status(source: Source) -> None:
    output.emit(source, "status", ask.read(source, "status", {}), output.View(status_text))


def _document(schema: str, answer: ask.Answer) -> Any:
    """These two are JSON also for people: a document is what was asked for."""
    document = output.envelope(schema, answer)
    indent = None if schema == "state" else 2
    written = json.dumps(document, ensure_ascii=False, indent=indent, sort_keys=schema == "state")
    return lambda _data, _header: written + "\n"
