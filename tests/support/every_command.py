"""All commands of `vx`, as the registry has them, and which of them read what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.app import load
from cli.options import Verbs
from cli.registry import CLASSIC, NOUNS


def every_command() -> Iterator[tuple[str, set[str]]]:
    """Yield each command's name without `vx`, and the options that it shows."""
    for noun in NOUNS:
        command = load(noun)
        if isinstance(command, Verbs):
            yield from _below(noun, command)
        else:
            yield noun, _options(command)


def _below(name: str, group: Any) -> Iterator[tuple[str, set[str]]]:
    for verb, command in group.commands.items():
        if isinstance(command, Verbs):
            yield from _below(f"{name} {verb}", command)
        else:
            yield f"{name} {verb}", _options(command)


def _options(command: Any) -> set[str]:
    shown = (p for p in command.params if not getattr(p, "hidden", False))
    return {name for param in shown for name in param.opts}


def name_of(line: str) -> str:
    """The command that a line runs, without `vx`, by the name that it has there."""
    program, *words = line.split()
    words = [word for word in words if word in _verbs() or program == "vx"]
    noun = CLASSIC.get(program)
    names = [*([noun] if noun else []), *words]
    known = [name for name, _options in every_command()]
    return next(" ".join(names[:count]) for count in (2, 1) if " ".join(names[:count]) in known)


def _verbs() -> set[str]:
    return {word for name, _options in every_command() for word in name.split()[1:]}
