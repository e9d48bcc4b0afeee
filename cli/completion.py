"""Completion in the shell: `vx completion bash` prints what to source, `vx complete` answers it.

Words and options come from the commands themselves; names of objects from the daemon, if it
answers within the time that somebody at a keyboard does not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from typer import Argument

from cli.app import load
from cli.failure import UsageError
from cli.options import CONTEXT, Command, Verbs, asks, new_app
from cli.registry import CLASSIC, CLASSIC_VERBS, NOUNS
from cli.source import Source

script_app, answer_app = new_app(), new_app()

PATIENCE_S = 0.2
HIDDEN = ("complete",)

_BASH = """_vx_complete() {
    local IFS=$'\\n'
    COMPREPLY=($(vx complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null))
}
complete -o bashdefault -o default -F _vx_complete %s
"""
_ZSH = "autoload -U +X bashcompinit && bashcompinit\n" + _BASH
_FISH = (
    "for name in %s\n"
    "    complete -c $name -f -a "
    "'(vx complete -- (commandline -opc) (commandline -ct) 2>/dev/null)'\n"
    "end\n"
)
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

# What the word for an argument or option, as help shows it, stands for.
_KINDS = {
    "DG": "groups",
    "DG|DGID": "groups",
    "VOLUME": "v",
    "PLEX": "pl",
    "DISK": "dm",
    "DEVICE": "devices",
    "OBJECT": "objects",
    "TAG": "tags",
    **dict.fromkeys(("WHEN", "A", "B"), "moments"),
}
_WORDS = ("head", "now", "today", "yesterday")
"""Moments that have a word of their own; the rest are numbers, and tags."""


@script_app.command(cls=Command)
def completion(shell: Annotated[str, Argument(metavar="bash|zsh|fish")]) -> None:
    """Print what makes a shell complete words, options and names of objects.

    Examples:
      vx completion bash > /etc/bash_completion.d/vx
      source <(vx completion zsh)
    """
    if shell not in _SCRIPTS:
        raise UsageError(f"{shell!r} is no shell that is known", fix="bash, zsh or fish")
    print(_SCRIPTS[shell] % " ".join(["vx", *CLASSIC]), end="")


@answer_app.command(cls=Command, context_settings={**CONTEXT, "ignore_unknown_options": True})
@asks
def complete(source: Source, words: Annotated[list[str], Argument(metavar="WORD...")]) -> None:
    """Print what the last of some words may become, one a line.

    Examples:
      vx complete -- vxdg -g dat
    """
    for candidate in candidates(source, words):
        if candidate.startswith(words[-1]):
            print(candidate)


def candidates(source: Source, words: list[str]) -> list[str]:
    """Return what may stand where the last word stands."""
    program, *before = words[0].rpartition("/")[2], *words[1:-1]
    last = words[-1] if len(words) > 1 else ""
    command, rest = _command(program, before)
    if command is None:
        return [noun for noun in NOUNS if noun not in HIDDEN]
    if isinstance(command, Verbs):
        if rest[-1:] == ["-g"]:
            return _names(source, "groups", None)
        return list(CLASSIC_VERBS.get(program, command.commands))
    if last.startswith("-"):
        return [name for param in command.params for name in _options(param)]
    return _names(source, _kind(command, rest), _value_of(rest, "-g"))


def _command(program: str, before: list[str]) -> tuple[Any, list[str]]:
    """Return the command that some words name, as far as they do, and the words left."""
    noun, rest = CLASSIC.get(program), before
    if noun is None:
        if not before or before[0] not in NOUNS:
            return None, before
        noun, rest = before[0], before[1:]
    command = load(noun)
    if isinstance(command, Verbs):
        for i, word in enumerate(rest):
            if word in command.commands:
                return command.commands[word], rest[:i] + rest[i + 1 :]
    return command, rest


def _options(param: Any) -> list[str]:
    is_option = param.param_type_name == "option" and not param.hidden
    return [name for name in param.opts if name.startswith("-")] if is_option else []


def _kind(command: Any, rest: list[str]) -> str | None:
    """Return what kind of name is wanted next."""
    taking = {
        name: param
        for param in command.params
        for name in _options(param)
        if not getattr(param, "is_flag", False)
    }
    if rest and rest[-1] in taking:
        return _KINDS.get(str(taking[rest[-1]].metavar or ""))
    given = len(list(_arguments(rest, taking)))
    wanted = [param for param in command.params if param.param_type_name == "argument"]
    if not wanted:
        return None
    param = wanted[min(given, len(wanted) - 1)]
    return _KINDS.get(str(param.metavar or "").strip("[].").split("|DISK")[0].rpartition("=")[2])


def _arguments(rest: list[str], taking: dict[str, Any]) -> Iterator[str]:
    words = iter(rest)
    for word in words:
        if word in taking:
            next(words, None)
        elif not word.startswith("-"):
            yield word


def _value_of(rest: list[str], option: str) -> str | None:
    return rest[rest.index(option) + 1] if option in rest[:-1] else None


def _names(source: Source, kind: str | None, group: str | None) -> list[str]:
    """Return names of objects; none if the daemon does not answer at once."""
    from cli import ask
    from daemon.errors import RequestFailed

    if kind is None:
        return []
    source.timeout_s = PATIENCE_S
    try:
        if kind == "groups":
            return [row["name"] for row in _rows(ask.read(source, "dg.list", {"group": None}))]
        if kind == "devices":
            rows = _rows(ask.read(source, "disk.list", {"device": None}))
            return [row["device"] for row in rows if row["device"]]
        if kind in ("tags", "moments"):
            words = _WORDS if kind == "moments" else ()
            return [*words, *(row["tag"] for row in _rows(ask.read(source, "tags", {})))]
        data: Any = ask.read(source, "print", {"group": group, "names": []})["data"]
    except RequestFailed:
        return []
    if kind == "objects":
        names = [(g["dg"]["name"], r["name"]) for g in data["groups"] for r in g["records"]]
        return [g["dg"]["name"] for g in data["groups"]] + [f"{g}/{name}" for g, name in names]
    return [r["name"] for g in data["groups"] for r in g["records"] if r["type"] == kind]


def _rows(answer: dict[str, object]) -> list[dict[str, Any]]:
    data = answer["data"]
    return data if isinstance(data, list) else []
