"""Questions about the state: `vx get`, `vx state`, `vx status`."""

from __future__ import annotations

import json
from typing import Any

from cli import ask, output
from cli.options import Command, ObjectArgument, asks, new_app, reads
from cli.render.status import status as status_text
from cli.source import Source

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
def status(source: Source) -> None:
    """Show how the node is, worst first.

    Examples:
      vx status
      vx status --json
    """
    output.emit(source, "status", ask.read(source, "status", {}), output.View(status_text))


def _document(schema: str, answer: ask.Answer) -> Any:
    """These two are JSON also for people: a document is what was asked for."""
    document = output.envelope(schema, answer)
    indent = None if schema == "state" else 2
    written = json.dumps(document, ensure_ascii=False, indent=indent, sort_keys=schema == "state")
    return lambda _data, _header: written + "\n"
