"""The options that commands share, each described once, and the shape of a command.

A command is a function of a `Source` (and a `Change`, if it writes) and of what is its own; the
decorators `reads` and `writes` add the shared options and gather them into these two.
"""

from __future__ import annotations

import inspect
import os
import re
import shlex
import sys
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from cli import archived, ask, units
from cli.failure import UsageError
from cli.source import Source
from daemon.errors import RequestFailed
from daemon.wire import control

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 99}

# 63 bits of position, as the log counts.
_POSITION = re.compile(r"@?([0-9]{1,18})", re.ASCII)


intercept: Callable[[Source, str, dict[str, object]], None] | None = None
"""Who takes what a command would send, instead of the daemon (`cli.capture`)."""


class Invocation(NamedTuple):
    """The command line as it was given."""

    program: str
    args: list[str]


Group = Annotated[str | None, typer.Option("-g", metavar="DG", help="the disk group")]
ObjectArgument = Annotated[
    str, typer.Argument(metavar="OBJECT", help="DG, DG/NAME, a device, or a record ID")
]
WhenArgument = Annotated[str, typer.Argument(metavar="WHEN", help="a moment, as for --at")]

_SOURCE: dict[str, tuple[Any, Any]] = {
    "home": (
        Annotated[
            str | None, typer.Option(metavar="DIR", help="the node's home (default: VX_HOME)")
        ],
        None,
    ),
    "socket": (
        Annotated[str | None, typer.Option(metavar="PATH", help="the daemon's socket")],
        None,
    ),
    "output": (
        Annotated[
            str,
            typer.Option(
                "-o",
                "--output",
                metavar="FORM",
                help="table, plain, tsv, json, ndjson, yaml; commands, cloudevents",
            ),
        ],
        "table",
    ),
    "json": (Annotated[bool, typer.Option("--json", help="short for -o json")], False),
    "timeout_s": (
        Annotated[
            float | None,
            typer.Option("--timeout", metavar="SECONDS", help="how long to wait for the answer"),
        ],
        None,
    ),
}
_AT = {
    "at": (
        Annotated[
            str | None,
            typer.Option(metavar="WHEN", help="the state at that moment: @1204, 10:15, '2h ago'"),
        ],
        None,
    )
}
_CURRENT = {
    "current": (
        Annotated[
            bool,
            typer.Option("--current", help="not older than the question, on any node"),
        ],
        False,
    )
}
_LOG = {
    "log": (
        Annotated[
            str | None,
            typer.Option(metavar="FILE|URL", help="read this log or home, not a daemon"),
        ],
        None,
    )
} | archived.OPTIONS
_CHANGE: dict[str, tuple[Any, Any]] = {
    "dry_run": (
        Annotated[
            bool, typer.Option("-n", "--dry-run", help="show what would happen; append nothing")
        ],
        False,
    ),
    "expect": (
        Annotated[
            str | None,
            typer.Option(metavar="@N", help="refuse if anything was committed after @N"),
        ],
        None,
    ),
    "request_id": (
        Annotated[
            str | None,
            typer.Option("--id", metavar="ID", help="name the request, for `vx outcome ID`"),
        ],
        None,
    ),
    "message": (
        Annotated[
            str | None, typer.Option("-m", metavar="TEXT", help="a reason, kept with the commit")
        ],
        None,
    ),
    "no_ship": (
        Annotated[
            bool,
            typer.Option("--no-ship", help="refuse if this node is not the cluster's master"),
        ],
        False,
    ),
    "refused_at": (Annotated[str | None, typer.Option("--at", hidden=True)], None),
}
_CHANGE["confirm_within"] = (
    Annotated[
        str | None,
        typer.Option(metavar="TIME", help="undo it after 90s, 10m, 2h unless it is confirmed"),
    ],
    None,
)
_LONG_DRY_RUN = {
    "dry_run": (
        Annotated[bool, typer.Option("--dry-run", help="show what would happen; append nothing")],
        False,
    )
}
_YES = {
    "yes": (Annotated[bool, typer.Option("--yes", help="do not ask before destroying")], False)
}


class Change:
    """What a change carries beside its own arguments."""

    def __init__(self, source: Source, cmdline: str, given: dict[str, Any]) -> None:
        expect, request_id = given["expect"], given["request_id"]
        self.source = source
        self.expect = None if expect is None else _position(expect)
        self.id: str = ask.new_id() if request_id is None else _checked_id(request_id)
        self.dry_run: bool = given["dry_run"]
        self.message: str | None = given["message"]
        self.yes: bool = given.get("yes", False)
        self.ship: bool = not given["no_ship"]
        within = given["confirm_within"]
        self.confirm_s = None if within is None else units.seconds("--confirm-within", within)
        self._cmdline = cmdline
        if self.message is not None and len(self.message) > control.LINE_MAX:
            raise UsageError(f"-m takes up to {control.LINE_MAX} characters")
        if source.output == "commands":
            raise UsageError("-o commands is for reads", fix="leave it out")
        if given["refused_at"] is not None:
            raise UsageError(
                "--at is for reads: a change is made at the head of the log",
                fix="leave it out; --expect @N refuses if the state has moved on",
            )

    def send(self, verb: str, args: dict[str, object]) -> ask.Answer:
        """Ask the daemon for it, and return its answer."""
        if intercept is not None:
            intercept(self.source, verb, args)
        if self.confirm_s is not None:
            one = args if verb == "transaction" else {"commands": [{**args, "verb": verb}]}
            verb, args = "transaction", {**one, "confirm_s": self.confirm_s, "request": self.id}
        request = control.command(
            verb,
            args,
            request_id=self.id,
            expect=self.expect,
            dry_run=self.dry_run,
            message=self.message,
            # Kept with the commit for people to read: of a very long line, its beginning.
            cmdline=self._cmdline[: control.LINE_MAX],
            program=self.source.program,
            timeout_ms=ask.timeout_ms(self.source),
            traceparent=os.environ.get("TRACEPARENT", "")[: control.TRACEPARENT_MAX] or None,
            ship=self.ship,
        )
        return ask.change(self.source, request)

    def confirm(self, question: str) -> None:
        """Ask before something is destroyed; nobody is asked who cannot answer.

        Raises:
            UsageError: there is no terminal, and no --yes.

        """
        if self.yes or self.dry_run or intercept is not None:
            return
        if not sys.stdin.isatty():
            raise UsageError(
                f"{question} Nobody is there to answer", fix="repeat the command with --yes"
            )
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise RequestFailed(
                "V-5-1-9005", "Nothing was changed", cause="the answer was no", exit_code=1
            )


def reads(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(source, ...)` that asks about the state at a moment."""
    return _command(function, _AT | _CURRENT | _LOG | _SOURCE, _source)


def reads_history(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(source, ...)` that names its moments in its own arguments."""
    return _command(function, _LOG | _SOURCE, _source)


def reads_with(
    function: Callable[..., None],
    more: dict[str, tuple[Any, Any]],
    gather: Callable[[Source, dict[str, Any]], None],
    *,
    at: bool,
) -> Callable[..., None]:
    """Make a command that reads and has `more` options in common with others; with --at or not."""

    def gathered(invocation: Invocation, given: dict[str, Any]) -> Source:
        source = _source(invocation, {**given, "log": None, "cluster": None, "node": None})
        gather(source, given)
        return source

    shared = _AT | _CURRENT | more if at else more
    return _command(function, shared | _SOURCE, gathered)


def asks(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(source, ...)` that only a running daemon can answer."""
    return _command(function, _SOURCE, _source)


def writes(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(change, ...)`."""
    return _command(function, _CHANGE | _SOURCE, _change)


def writes_named(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(change, ...)` in which -n names something."""
    return _command(function, _CHANGE | _LONG_DRY_RUN | _SOURCE, _change)


def destroys(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function(change, ...)` that may have to ask first."""
    return _command(function, _YES | _CHANGE | _SOURCE, _change)


def _command(
    function: Callable[..., None],
    shared: dict[str, tuple[Any, Any]],
    gather: Callable[[Invocation, dict[str, Any]], Source | Change],
) -> Callable[..., None]:
    """Give a function the parameters that typer reads, and take the shared ones out again."""

    def wrapper(ctx: typer.Context, **given: Any) -> None:
        theirs = {name: given.pop(name) for name in shared}
        function(gather(ctx.find_root().obj, theirs), **given)

    hints = get_type_hints(function, include_extras=True)
    shared = {name: option for name, option in shared.items() if name not in hints}
    own = list(inspect.signature(function).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [p.replace(kind=keyword, annotation=hints[p.name]) for p in own]
    parameters += [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in shared.items()
    ]
    context = inspect.Parameter("ctx", keyword, annotation=typer.Context)
    wrapper.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in [context, *parameters]}
    wrapper.__name__, wrapper.__doc__ = function.__name__, function.__doc__
    return wrapper


def _source(invocation: Invocation, given: dict[str, Any]) -> Source:
    if given.get("current") and (given["at"] is not None or given["log"] is not None):
        raise UsageError(
            "--current asks a running daemon about the present", fix="leave out --at and --log"
        )
    return Source(
        invocation.program,
        home=given["home"],
        socket=given["socket"],
        log=archived.place(
            given.get("log"),
            given.get("cluster"),
            given.get("node"),
            archived.home_of(given["home"], given["socket"]),
        ),
        at=given.get("at"),
        output="json" if given["json"] else given["output"],
        timeout_s=given["timeout_s"],
        current=given.get("current", False),
    )


def _change(invocation: Invocation, given: dict[str, Any]) -> Change:
    cmdline = shlex.join([invocation.program, *invocation.args])
    return Change(_source(invocation, given), cmdline, given)


def _position(text: str) -> int:
    found = _POSITION.fullmatch(text)
    if found is None:
        raise UsageError(f"--expect {text!r} is no position", fix="write --expect @1204")
    return int(found[1])


def _checked_id(text: str) -> str:
    if control.is_id(text):
        return text
    raise UsageError(
        f"--id {text!r} cannot name a request",
        fix=f"use 1 to {control.ID_MAX} letters, digits and . _ : -",
    )


def examples_first(help_text: str, formatter: Any) -> str:
    """Write what follows `Examples:` in a text of help, and return what stands before it."""
    text, _, examples = inspect.cleandoc(help_text).partition("Examples:\n")
    if examples:
        lines = [line.strip() for line in examples.strip().splitlines()]
        formatter.write("Examples:\n" + "".join(f"  {line}\n" for line in lines) + "\n")
    return text.strip()


class Command(TyperCommand):
    """A command whose help begins with examples."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.help = examples_first(self.help or "", formatter)
        super().format_help(ctx, formatter)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Verbs(TyperGroup):
    """A group of commands whose help begins with examples."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.help = examples_first(self.help or "", formatter)
        super().format_help(ctx, formatter)


def new_app(text: str | None = None, **settings: Any) -> typer.Typer:
    """Return a typer application with the manners of this program."""
    return typer.Typer(
        cls=Verbs,
        help=text,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT,
        **settings,
    )
