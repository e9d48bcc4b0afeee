"""One answer in every form of output: JSON has an envelope that only ever grows."""

from __future__ import annotations

import sys
from collections.abc import Callable

from cli.ask import Answer
from cli.failure import UsageError
from cli.source import Source

Rows = list[list[str]]
ENVELOPE_KEYS = ("cluster", "log", "position", "at")


class View:
    """How one kind of data is shown.

    `text(data, header)` is for people, `rows(data)` are cells under a first row of names, and
    `items(data)` are the things of which NDJSON has one a line; `commands(data)` are the commands
    that make the same again, if there are such.
    """

    __slots__ = ("commands", "items", "rows", "text")

    def __init__(
        self,
        text: Callable[..., str],
        rows: Callable[..., Rows] | None = None,
        items: Callable[..., list[object]] | None = None,
        commands: Callable[..., str] | None = None,
    ) -> None:
        self.text = text
        self.rows = rows or field_rows
        self.items = items or _items
        self.commands = commands


def emit(source: Source, schema: str, answer: Answer, view: View) -> None:
    """Print an answer's data on stdout in the form that was asked for."""
    data = answer.get("data")
    if source.output in ("table", "plain"):
        written = view.text(data, source.output == "table")
    elif source.output == "tsv":
        written = "".join("\t".join(map(_flat, row)) + "\n" for row in view.rows(data))
    elif source.output == "commands":
        if view.commands is None:
            raise UsageError("-o commands is for the state: `vx print -o commands`")
        written = view.commands(data)
    elif source.output == "cloudevents":
        raise UsageError(
            "-o cloudevents is for commits", fix="use it with vx watch, vx log or vx export"
        )
    elif source.output == "yaml":
        from cli import yaml

        written = yaml.text(envelope(schema, answer))
    else:
        written = _json(source, schema, answer, view)
    sys.stdout.write(written)


def envelope(schema: str, answer: Answer) -> dict[str, object]:
    """Return the JSON document of an answer."""
    return {
        "schema": f"vx.{schema}/v1",
        **{key: answer.get(key) for key in ENVELOPE_KEYS},
        "data": answer.get("data"),
    }


def field_rows(data: object) -> Rows:
    """Return one row for each field of nested data, named by its path."""
    return [["FIELD", "VALUE"], *([path, value] for path, value in _fields("", data))]


def _fields(path: str, value: object) -> list[tuple[str, str]]:
    inner: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inner = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list):
        inner = [(str(i), part) for i, part in enumerate(value)]
    else:
        return [(path, cell(value))]
    return [
        field for key, part in inner for field in _fields(f"{path}.{key}" if path else key, part)
    ]


def cell(value: object) -> str:
    """Return a value as one word or text; what is absent is `-`."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(str(value))


def printable(text: str) -> str:
    """Return text in which nothing can steer a terminal or begin a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")


def _items(data: object) -> list[object]:
    return data if isinstance(data, list) else [data]


def _json(source: Source, schema: str, answer: Answer, view: View) -> str:
    import json

    if source.output == "ndjson":
        lines = view.items(answer.get("data"))
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return json.dumps(envelope(schema, answer), ensure_ascii=False, indent=2) + "\n"
