"""`vxprint -m`: records as vxmake describes them, a keyword and its fields a line each.

A value that begins with a double quote is the rest of its line; any other ends at a blank. So
what is printed can be read back, whatever people wrote into a comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.output import printable
from cli.render import fields, vxprint
from cli.render.fields import Record, Value
from cli.render.vxprint import Group, Layout


def text(groups: list[Group], layout: Layout, *, titled: bool) -> str:
    """Return the description of each record; `titled` when the command did not name the group."""
    parts = []
    for group in groups:
        chosen = vxprint.chosen(group, layout)
        if chosen:
            title = f"Disk group: {vxprint.head_of(group)['name']}\n\n" if titled else ""
            parts.append(title + "".join(line + "\n" for row in chosen for line in _lines(row)))
    return "\n".join(parts)


def _lines(record: Record) -> Iterator[str]:
    kind = record["type"]
    yield f"{fields.KEYWORDS.get(kind, kind):4} {printable(record['name'])}"
    for name, value in fields.of_record(record).items():
        yield "\t" + field(name, value, is_text=name in fields.TEXTS or "cells" in record)


def field(name: str, value: Value, *, is_text: bool) -> str:
    """Return a field as it is written; a text, or what would end early, begins with a quote."""
    shown = "\t".join(map(printable, str(value).split("\t")))
    if is_text or shown[:1] == '"' or any(c.isspace() or c == "#" for c in shown):
        return f'{name}="{shown}'
    return f"{name}={shown}"
