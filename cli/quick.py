"""The quick path of `vxprint`, the question that scripts ask most.

Loading a parser of options costs more than asking the daemon and printing a thousand rows. So the
plain cases are read here; everything else (help, mistakes, options not known here) is None and is
left to the full parser, which says what is wrong. Both must read a line alike: a test holds them
to it. What this module imports is paid for at every call.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.print_request import KINDS, PrintRequest
from cli.source import OUTPUTS, Source

_FLAGS = {
    "-h": "hierarchy",
    "-t": "typed",
    "-r": "layered",
    "-l": "long",
    "-m": "description",
    "-n": "only_names",
    "-q": "quiet",
    "-G": "dg",
    "-d": "dm",
    "-v": "v",
    "-p": "pl",
    "-s": "sd",
    "-A": "all_groups",
    "--json": "json",
}
_VALUES = {
    "-g": "group",
    "-o": "output",
    "--output": "output",
    "--home": "home",
    "--socket": "socket",
    "--log": "log",
    "--at": "at",
}


def parse(program: str, args: list[str]) -> PrintRequest | None:
    """Return what a `vxprint`, under either of its names, asks; None for the full parser."""
    if program == "vx" and args[:1] == ["print"]:
        rest = iter(args[1:])
    elif program == "vxprint":
        rest = iter(args)
    else:
        return None
    values: dict[str, str] = {}
    names: list[str] = []
    for arg in rest:
        if not arg.startswith("-"):
            names.append(arg)
        elif not _option(arg, rest, values):
            return None
    return _request(program, values, tuple(names))


def _option(arg: str, rest: Iterator[str], values: dict[str, str]) -> bool:
    """Take one argument that begins with a dash, and its value; False if that is not plain."""
    if arg.startswith("--"):
        name, mark, value = arg.partition("=")
        if name in _FLAGS and not mark:
            values[_FLAGS[name]] = name
            return True
        return _value(name, value if mark else next(rest, ""), values)
    for i, letter in enumerate(arg[1:], start=2):
        if f"-{letter}" in _FLAGS:
            values[_FLAGS[f"-{letter}"]] = letter
        else:
            return _value(f"-{letter}", arg[i:] or next(rest, ""), values)
    return arg != "-"


def _value(name: str, value: str, values: dict[str, str]) -> bool:
    if name not in _VALUES or not value or value.startswith("-"):
        return False
    values[_VALUES[name]] = value
    return True


def _request(program: str, values: dict[str, str], names: tuple[str, ...]) -> PrintRequest | None:
    output = "json" if "json" in values else values.get("output", "table")
    forms = ("long" in values) + ("description" in values) + ("only_names" in values)
    if output not in OUTPUTS or ("all_groups" in values and "group" in values) or forms > 1:
        return None
    return PrintRequest(
        Source(
            program,
            home=values.get("home"),
            socket=values.get("socket"),
            log=values.get("log"),
            at=values.get("at"),
            output=output,
        ),
        group=values.get("group"),
        hierarchy="hierarchy" in values,
        typed="typed" in values,
        long="long" in values,
        description="description" in values,
        only_names="only_names" in values,
        quiet="quiet" in values,
        kinds=tuple(kind for kind in KINDS if kind in values),
        all_groups="all_groups" in values,
        names=names,
    )
