"""Command lines as what they would ask for: parsed as ever, but nobody is asked."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from typing import Any

from cli import options
from cli.failure import UsageError
from cli.registry import CLASSIC
from cli.source import Source
from daemon.errors import RequestFailed

Asked = dict[str, Any]


class Captured(Exception):
    """Not an error: what a command line asks for, on its way out."""

    def __init__(self, source: Source, verb: str, args: dict[str, object]) -> None:
        super().__init__(verb)
        self.source = source
        self.asked: Asked = {**args, "verb": verb}


def of(words: list[str]) -> Captured:
    """Return the change that a command line asks for, and with which options of all commands.

    Raises:
        UsageError: it makes no sense, or asks for no change.

    """
    from cli import app

    name = os.path.basename(words[0])
    program, args = (name, words[1:]) if name in (*CLASSIC, "vx") else ("vx", words)

    def take(source: Source, verb: str, asked: dict[str, object]) -> None:
        raise Captured(source, verb, asked)

    before, options.intercept = options.intercept, take
    try:
        app.run(program, args)
    except Captured as captured:
        return captured
    finally:
        options.intercept = before
    raise UsageError(
        f"{shlex.join(words)} changes nothing", fix="write a command that changes something"
    )


def of_lines(lines: Iterable[str]) -> tuple[list[Asked], list[int]]:
    """Return what each line asks for, and the number of each; empty ones and comments are none.

    Raises:
        UsageError: a line makes no sense; it is named.

    """
    asked: list[Asked] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            words = shlex.split(line, comments=True)
            if words:
                asked.append(of(words).asked)
                numbers.append(number)
        except (RequestFailed, ValueError) as error:
            raise _at(number, error) from error
    if not asked:
        raise UsageError("there is no command in it", fix="write one command a line")
    return asked, numbers


def _at(number: int, error: Exception) -> RequestFailed:
    if isinstance(error, RequestFailed):
        error.message = f"line {number}: {error.message}"
        return error
    return UsageError(f"line {number}: {error}", fix="close the quotes")
