"""Questions about history: `vx log`, `show`, `diff`, `blame`, `outcome`, `knew`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Exit, Option

from cli import archived, ask, everywhere, exit_codes, fleet, output, progress
from cli.failure import UsageError
from cli.options import (
    Command,
    ObjectArgument,
    WhenArgument,
    new_app,
    reads_history,
)
from cli.render import history, records
from cli.source import Source
from daemon.wire import control

log_app, show_app, diff_app = new_app(), new_app(), new_app()
blame_app, outcome_app, knew_app = new_app(), new_app(), new_app()

Text = str | None
OUTCOME_EXITS = {
    "done": exit_codes.DONE,
    "failed": exit_codes.REJECTED,
    "rejected": exit_codes.REJECTED,
    "unknown": exit_codes.NOT_FOUND,
    "pending": exit_codes.PENDING,
}


@log_app.command(cls=Command)
@everywhere.reads
def log(
    source: Source,
    *,
    since: Annotated[Text, Option(metavar="WHEN", help="from this commit or time on")] = None,
    until: Annotated[Text, Option(metavar="WHEN", help="up to this commit or time")] = None,
    node: Annotated[Text, Option(metavar="NODE", help="where it came from")] = None,
    actor: Annotated[Text, Option(metavar="USER", help="who did it")] = None,
    object_name: Annotated[
        Text, Option("--object", metavar="OBJECT", help="DG, DG/NAME or a record ID")
    ] = None,
    event: Annotated[Text, Option("--type", metavar="EVENT", help="a kind of event")] = None,
    tx: Annotated[Text, Option(metavar="ID", help="the commit of a request")] = None,
    count: Annotated[int | None, Option("-n", min=1, metavar="N", help="the newest N")] = None,
    reverse: Annotated[bool, Option("--reverse", help="newest first")] = False,
    which: Annotated[
        Text, Option("--log-of", metavar="LOG", help="shared or node/NAME; else the usual one")
    ] = None,
    clusters: Annotated[
        bool,
        Option(
            "--clusters",
            help="of all clusters of an archive, by their times; 100, or -n, or --since",
        ),
    ] = False,
) -> None:
    """List commits, one a line, oldest first.

    Examples:
      vx log -n 20
      vx log --object datadg/vol01 --since yesterday
      vx log --type volume-made --json
      vx log --all-nodes --since 02:00
      vx log --since yesterday -o cloudevents
      vx log --clusters -n 20 --log postgresql://db.example/fleet
    """
    if clusters:
        others = any((node, actor, object_name, event, tx, which))
        fleet.log_of_clusters(source, since, until, count, reverse=reverse, others=others)
        return
    archived.of_node(source, which)
    args: dict[str, object] = {"since": _when(since), "until": _when(until), "node": node}
    args |= {"actor": actor, "object": object_name, "type": event, "tx": tx, "n": count}
    with progress.shown("reading the log"):
        answer = ask.read(source, "log", args | {"reverse": reverse, "which": which})
    if source.output == "cloudevents":
        from cli import cloud

        cloud.write(answer)
        return
    output.emit(source, "log", answer, output.View(history.log, history.log_rows))


@show_app.command(cls=Command)
@everywhere.reads_history
def show(source: Source, when: WhenArgument) -> None:
    """Show one commit, whole: who, what, why, its events and what they changed.

    Examples:
      vx show @1204
      vx show head
      vx show tx:01JD8X3K5V --json
      vx show shared@1204 --all-nodes
    """
    source.at = when
    output.emit(source, "show", ask.read(source, "show", {}), output.View(history.show))


@diff_app.command(cls=Command)
@reads_history
def diff(
    source: Source,
    *,
    first: Annotated[str, Argument(metavar="A", help="a moment, as for --at")],
    second: Annotated[str, Argument(metavar="B", help="another")] = "head",
    object_name: Annotated[Text, Argument(metavar="[OBJECT]", help="DG or DG/NAME")] = None,
    exit_code: Annotated[bool, Option("--exit-code", help="exit 6 if they differ")] = False,
) -> None:
    """Show what differs between two moments: + came, - went, ~ changed.

    Examples:
      vx diff @1204 head
      vx diff yesterday now datadg/vol01
      vx diff @-1 head --exit-code
    """
    args: dict[str, object] = {
        "a": ask.moment(first),
        "b": ask.moment(second),
        "object": object_name,
    }
    with progress.shown("comparing"):
        answer = ask.read(source, "diff", args)
    output.emit(source, "diff", answer, history.DIFF)
    _answer_no_if(exit_code and bool(history.diff_items(answer["data"])))


@blame_app.command(cls=Command)
@everywhere.reads
def blame(source: Source, object_name: ObjectArgument) -> None:
    """Show, field by field, who gave an object what it has.

    Examples:
      vx blame datadg/vol01
      vx blame datadg/vol01 --at '2h ago'
    """
    with progress.shown("looking for its commits"):
        answer = ask.read(source, "blame", {"object": object_name})
    output.emit(source, "blame", answer, output.View(records.blame, records.blame_rows))


@outcome_app.command(cls=Command)
@reads_history
def outcome(source: Source, request: Annotated[str, Argument(metavar="ID")]) -> None:
    """Say what became of a request: exit 0 done, 1 failed, 3 unknown, 5 pending.

    Examples:
      vx outcome 01JD8X3K5VQ2M4N6P8R0S1T3W5
    """
    if not control.is_id(request):
        raise UsageError(f"{request!r} is no identifier of a request")
    answer = ask.read(source, "outcome", {"id": request})
    output.emit(source, "outcome", answer, output.View(history.outcome))
    raise Exit(OUTCOME_EXITS[history.outcome_of(answer["data"])])


@knew_app.command(cls=Command)
@everywhere.reads
def knew(
    source: Source, node: Annotated[Text, Argument(metavar="[NODE]", help="else this one")] = None
) -> None:
    """Say what a node had applied of each log at a moment, by its own clock.

    Examples:
      vx knew node2 --at 02:13
      vx knew --at shared@1204
      vx knew --at 02:13 --log /mnt/node3
      vx knew --at 02:13 --all-nodes
    """
    if node is not None and source.all_nodes:
        raise UsageError(f"{node!r} is one node, --all-nodes means all", fix="leave out one")
    archived.of_node(source, None if node is None else f"node/{node}")
    answer = ask.read(source, "knew", {"node": node})
    output.emit(source, "knew", answer, output.View(history.knew))


def _when(text: str | None) -> dict[str, object] | None:
    return None if text is None else ask.moment(text)


def _answer_no_if(condition: bool) -> None:
    if condition:
        raise Exit(exit_codes.ANSWERED_NO)
