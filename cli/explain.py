"""`vx explain`: what a message means, why it comes, and the way out."""

from __future__ import annotations

import os
import tomllib
from typing import Annotated, Any

from typer import Argument

from cli import exit_codes, output
from cli.options import Command, asks, new_app
from cli.render.columns import table
from cli.source import Source
from daemon.errors import RequestFailed

app = new_app()

CATALOGUE = "messages.toml"
_KEYS = ("id", "meaning", "cause", "fix")


@app.command(cls=Command)
@asks
def explain(
    source: Source, message: Annotated[str | None, Argument(metavar="[ID]")] = None
) -> None:
    """Explain a message by its ID, or list all of them; needs no daemon.

    Examples:
      vx explain V-5-1-684
      vx explain 684
    """
    known = catalogue()
    if message is not None:
        known = [_one(known, message)]
    text = _text if message is not None else _list
    output.emit(source, "explain", {"data": known}, output.View(text, _rows))


def catalogue() -> list[dict[str, str]]:
    """Return every message with its meaning, its cause and the way out."""
    with open(os.path.join(os.path.dirname(__file__), CATALOGUE), "rb") as file:
        return [{"id": name, **entry} for name, entry in tomllib.load(file).items()]


def _one(known: list[dict[str, str]], message: str) -> dict[str, str]:
    for entry in known:
        if entry["id"] in (message.upper(), f"V-5-1-{message}"):
            return entry
    raise RequestFailed(
        "V-5-1-9007",
        f"Message {message} is not in the catalogue",
        cause="the ID is misspelt, or of another version",
        fix="`vx explain` lists all",
        exit_code=exit_codes.NOT_FOUND,
    )


def _text(data: Any, _header: bool) -> str:
    (entry,) = data
    return f"{entry['id']}: {entry['meaning']}\n  cause: {entry['cause']}\n  fix: {entry['fix']}\n"


def _list(data: Any, header: bool) -> str:
    return table([row[:2] for row in _rows(data)], header=header)


def _rows(data: Any) -> output.Rows:
    return [[key.upper() for key in _KEYS], *([entry[key] for key in _KEYS] for entry in data)]
