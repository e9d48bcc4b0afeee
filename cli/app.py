"""The full parser: every program and noun as typer sees it, loaded when it is named."""

from __future__ import annotations

import importlib
from typing import Any

import typer.main
from typer._click.exceptions import ClickException

from cli import exit_codes
from cli.failure import UsageError
from cli.options import CONTEXT, Invocation, Verbs
from cli.registry import CLASSIC, CLASSIC_VERBS, NOUNS

# Options that may also stand before the verb, as in `vxdg -g datadg list`; True: with a value.
_MOVABLE = {
    **dict.fromkeys(("-g", "-o", "--output", "--home", "--socket", "--log", "--at"), True),
    **dict.fromkeys(("--timeout", "--expect", "--id", "-m", "--confirm-within"), True),
    "-c": False,  # vxdctl -c mode
    **dict.fromkeys(("--json", "--dry-run", "-n", "--yes", "--remove", "--clean"), False),
    **dict.fromkeys(("--alldgs", "-e"), False),  # vxdisk -e -o alldgs list
    **dict.fromkeys(("-r", "-f"), False),  # vxedit -rf rm NAME
    "-T": True,  # vxdg -T VERSION upgrade DG
    "-s": False,  # vxdg -s init DG
    "-v": False,  # vxclustadm -v nodestate
    "--host": True,  # vxdg --host HOST deport DG
    "-C": False,  # vxdg -C import DG
}
# In `vxdg -n NEW -f import DG` the letters mean what they mean in the original.
_MOVABLE_OF_IMPORT = {**_MOVABLE, "-n": True, "-t": False}
# In `vxclustadm -m vcs -t gab startnode` they name parts that there are none of here.
_MOVABLE_OF_START = {**_MOVABLE, **dict.fromkeys(("-t", "-C", "-j"), True)}
_SUBSUBOPTIONS = {
    "rm": "--remove",
    "remove": "--remove",
    "clean": "--clean",
    "alldgs": "--alldgs",
}
_HELP = """Ask about a cluster's storage configuration, now or at any moment, and change it.

`vx NOUN VERB`, or `vx VERB` for questions about history. A command has its own help: `vx dg -h`.

Examples:
  vx print -g datadg -ht
  vx log -n 20
  vx diff yesterday now
  vx volume make -g datadg vol01 10g
"""


class Nouns(Verbs):
    """`vx`: a group whose commands are imported when they are called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # Only the names: typer looks among them for what was meant by a word that is none.
        self.commands: Any = dict.fromkeys(NOUNS)

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(NOUNS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        return load(cmd_name) if cmd_name in NOUNS else None

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(noun, entry[2]) for noun, entry in NOUNS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in exit_codes.MEANING.items()])


def load(noun: str) -> Any:
    """Return the command of a noun, importing its module."""
    module, name, _help = NOUNS[noun]
    command = typer.main.get_command(getattr(importlib.import_module(module), name))
    command.name = noun
    return command


def run(program: str, args: list[str]) -> int:
    """Parse a command line, and run it.

    Raises:
        UsageError: it makes no sense.
        RequestFailed: there is no answer; it says why.

    """
    noun = CLASSIC.get(program)
    root = load(noun) if noun else _vx()
    _keep_verbs_of(program, root)
    line = in_order(args) if isinstance(root, Verbs) else args
    bare = isinstance(root, Verbs) and not line
    try:
        result = root.main(
            ["--help"] if bare else line,
            prog_name=program,
            standalone_mode=False,
            obj=Invocation(program, args),
        )
    except ClickException as error:
        raise _usage(error, program) from error
    if bare:
        return exit_codes.USAGE
    return result if isinstance(result, int) else exit_codes.DONE


def _keep_verbs_of(program: str, root: Any) -> None:
    """Leave a classic program the verbs that it has always had."""
    verbs = CLASSIC_VERBS.get(program)
    if verbs is not None:
        root.commands = {verb: root.commands[verb] for verb in verbs}


def in_order(args: list[str]) -> list[str]:
    """Move options that stand before the verb to the end, where its own options are."""
    moved: list[str] = []
    rest = _without_subsuboptions(args)
    movable = _MOVABLE_OF_IMPORT if "import" in rest else _MOVABLE
    if "startnode" in rest or "reinit" in rest:
        movable = _MOVABLE_OF_START
    while rest:
        is_long = rest[0].startswith("--")
        name = rest[0].partition("=")[0] if is_long else rest[0][:2]
        takes_value = movable.get(name)
        if takes_value is None:
            break
        # `--home DIR` and `-g DG` are two words, `--home=DIR` and `-gDG` are one.
        count = 2 if takes_value and rest[0] == name else 1
        moved += rest[:count]
        del rest[:count]
    end = rest.index("--") if "--" in rest else len(rest)
    return rest[:end] + moved + rest[end:]


def _without_subsuboptions(args: list[str]) -> list[str]:
    """Write `-o rm`, `-o alldgs` as options of their own: else `-o` names a form of output."""
    words: list[str] = []
    for word in args:
        if word in _SUBSUBOPTIONS and words[-1:] == ["-o"]:
            words[-1] = _SUBSUBOPTIONS[word]
        else:
            words.append(word)
    return words


def _vx() -> Nouns:
    return Nouns(
        name="vx",
        help=_HELP,
        rich_markup_mode=None,
        context_settings=CONTEXT,
    )


def _usage(error: ClickException, program: str) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else program
    return UsageError(
        error.format_message().rstrip("."),
        cause=context.get_usage().replace("Usage: ", "usage: ") if context else None,
        fix=f"{path} --help",
    )
