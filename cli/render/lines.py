r"""`vxprint -F`: a line for each record, as a format says it.

`%name` and `%{name}` stand for a field, `%{name:14}` and `%{name:-14}` for one that is at least
so wide, to the right or to the left; `%%` is a percent sign, `\t` and `\n` are what they are in C.
What a record does not have is `-`. A format that begins with kinds, `v,pl:`, is for these only.
"""

from __future__ import annotations

from re import DOTALL, Match, compile as pattern
from typing import NamedTuple

from cli.failure import UsageError
from cli.output import printable
from cli.render import vxprint
from cli.render.fields import Record
from cli.render.related import Related, is_known, known_names
from cli.render.vxprint import Group, Layout

_KINDS = {"dg": "dg", "dm": "dm", "v": "v", "vol": "v", "pl": "pl", "plex": "pl", "sd": "sd"}
_FOR_KINDS = pattern(r"((?:dg|dm|v|vol|pl|plex|sd)(?:,(?:dg|dm|v|vol|pl|plex|sd))*):(.*)", DOTALL)
_PART = pattern(r"%%|%\{([A-Za-z]\w*)(?::(-?)(\d{1,3}))?\}|%([A-Za-z]\w*)|%|\\[nt\\]")
_ESCAPES = {r"\n": "\n", r"\t": "\t", "\\\\": "\\", "%%": "%"}


class Format(NamedTuple):
    """A format, and the kinds of records for which it is; all, if none is named."""

    kinds: frozenset[str]
    text: str


def parse(text: str) -> Format:
    """Return a format that was given.

    Raises:
        UsageError: it names no field, or is cut.

    """
    found = _FOR_KINDS.fullmatch(text)
    kinds = frozenset(_KINDS[kind] for kind in found[1].split(",")) if found else frozenset()
    rest = found[2] if found else text
    for part in _PART.finditer(rest):
        name = part[1] or part[4]
        if part[0] == "%":
            raise UsageError(
                f"-F {text!r}: a % stands for no field",
                fix="write %name, %{name}, %{name:-14}, or %% for a percent sign",
            )
        if name and not is_known(name):
            raise UsageError(f"-F {text!r}: there is no field {name}", cause=known_names())
    return Format(kinds, rest)


def text(groups: list[Group], layout: Layout, formats: tuple[Format, ...]) -> str:
    """Return a line for each record for which there is a format."""
    lines = []
    for group in groups:
        related = Related(group)
        for record in vxprint.chosen(group, layout):
            fitting = (form for form in formats if not form.kinds or record["type"] in form.kinds)
            form = next(fitting, None)
            if form is not None:
                lines.append(_line(form.text, record, related) + "\n")
    return "".join(lines)


def _line(form: str, record: Record, related: Related) -> str:
    def part(found: Match[str]) -> str:
        name = found[1] or found[4]
        if not name:
            return _ESCAPES[found[0]]
        value = related.value(record, name)
        shown = "-" if value in (None, "") else printable(str(value))
        width = int(found[3] or 0)
        return shown.ljust(width) if found[2] else shown.rjust(width)

    return _PART.sub(part, form)
