"""Changes that are thought through first: `vx what-if`, `vx plan`, `vx apply`."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Argument

from cli import ask, capture, output
from cli.changes import perform
from cli.failure import UsageError
from cli.options import Change, Command, destroys, new_app, reads, writes
from cli.render import history
from cli.source import Source

what_if_app, plan_app, apply_app = (new_app() for _ in range(3))

WORDS = {"allow_interspersed_args": False}
"""Behind the first word all belongs to the command that is thought of."""

File = Annotated[str, Argument(metavar="FILE", help="a list of command lines; - is the input")]


@what_if_app.command(cls=Command, context_settings=WORDS)
@reads
def what_if(source: Source, words: Annotated[list[str], Argument(metavar="COMMAND...")]) -> None:
    """Show what a change would do, or would have done at a moment; nothing is appended.

    Examples:
      vx what-if vxassist -g datadg make vol09 10g
      vx what-if --at yesterday vxdg destroy datadg
      vx what-if --log /mnt/node3 --at @1204 vxassist -g datadg growby vol01 1g
    """
    if source.output == "commands":
        raise UsageError("-o commands is for the state", fix="leave it out")
    thought = capture.of(words)
    _take_options(source, thought.source)
    answer = ask.read(source, "what-if", {"commands": [thought.asked]})
    output.emit(source, "what-if", answer, history.CHANGED)


def _take_options(source: Source, other: Source) -> None:
    """Take what was said behind the command, as in `vx what-if vxdg destroy datadg --json`."""
    source.home, source.socket = source.home or other.home, source.socket or other.socket
    source.output = other.output if source.output == "table" else source.output


@plan_app.command(cls=Command)
@writes
def plan(change: Change, file: File) -> None:
    """Show what a list of commands would do as one change; nothing is appended.

    Examples:
      vx plan changes.txt
      vx plan changes.txt --json
    """
    change.dry_run = True
    _ask_for(change, file, "plan")


@apply_app.command(cls=Command)
@destroys
def apply(change: Change, file: File) -> None:
    """Carry out a list of commands as one change: one commit, all of it or nothing.

    Examples:
      vx plan changes.txt
      vx apply changes.txt --expect @1204 --yes
      vx apply changes.txt --confirm-within 10m --yes
    """
    change.confirm(f"Carry out {file} as one change?")
    _ask_for(change, file, "apply")


def _ask_for(change: Change, file: str, shown_as: str) -> None:
    commands, lines = capture.of_lines(_lines(file))
    perform(change, "transaction", {"commands": commands, "lines": lines}, shown_as=shown_as)


def _lines(file: str) -> list[str]:
    if file == "-":
        return sys.stdin.read().splitlines()
    try:
        with open(file, encoding="utf-8") as opened:
            return opened.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read", cause=str(error)) from error
