"""`vx watch` and `vxnotify`: follow the log, across restarts of the daemon, from where one was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from typer import Option

from cli import ask, follow, watched
from cli.cursor_file import CursorFile
from cli.failure import UsageError
from cli.options import Command, Group, asks, new_app
from cli.render import notify
from cli.source import Source

watch_app, notify_app = new_app(), new_app()


BOTH = "both"

Heartbeat = Annotated[
    float | None,
    Option(
        "--heartbeat",
        min=0.1,
        metavar="SECONDS",
        help="after so long without one, say that nothing was",
    ),
]
CursorPath = Annotated[
    str | None,
    Option("--cursor-file", metavar="FILE", help="keep there how far one came, go on from it"),
]


@watch_app.command(cls=Command)
@asks
def watch(
    source: Source,
    *,
    after: Annotated[
        str | None, Option(metavar="WHEN", help="begin after this moment; else now")
    ] = None,
    cursor_file: CursorPath = None,
    which: Annotated[
        str | None,
        Option("--log-of", metavar="LOG", help="shared, node/NAME or both; else the usual one"),
    ] = None,
    heartbeat_s: Heartbeat = None,
    count: Annotated[int | None, Option("-n", min=1, metavar="N", help="end after N")] = None,
) -> None:
    """Print every commit as it comes; --timeout ends it.

    Examples:
      vx watch
      vx watch --after @1204 -n 20
      vx watch --cursor-file /var/tmp/backup.cursor -o ndjson
      vx watch --log-of both --heartbeat 10 -o cloudevents
    """
    kept = None if cursor_file is None else CursorFile(cursor_file)
    places = () if kept is None else kept.read()
    begin = None
    if not places and after is not None:
        begin, which = _begin(source, after, which)
    both = which == BOTH
    limits = follow.Limits(total_s=source.timeout_s, heartbeat_s=heartbeat_s)
    follower = follow.Follower(
        source.socket_path, begin, limits,
        places=places, which=None if both else which, both=both,
    )  # fmt: skip
    printer, left = watched.Printer(source.output), count
    for told in follower:
        printer.show(told)
        if kept is not None and isinstance(told, (follow.Connected, follow.Committed)):
            kept.write(follower.places.values())
        if isinstance(told, follow.Committed) and left is not None:
            left -= 1
            if left == 0:
                return


@notify_app.command(cls=Command)
@asks
def notify_(
    source: Source,
    *,
    imports: Annotated[bool, Option("-i", help="imports, deports, disables")] = False,
    changes: Annotated[bool, Option("-c", help="changes of disk groups")] = False,
    disks: Annotated[bool, Option("-d", help="changes of disks")] = False,
    detaches: Annotated[bool, Option("-f", help="what was detached or failed")] = False,
    paths: Annotated[bool, Option("-m", help="paths: none are told of")] = False,
    cluster: Annotated[bool, Option("-s", help="nodes that join and leave")] = False,
    group: Group = None,
    count: Annotated[int | None, Option("-n", min=1, metavar="N", help="end after N")] = None,
    total_s: Annotated[
        float | None, Option("-t", min=0, metavar="SECONDS", help="end after so long")
    ] = None,
    quiet_s: Annotated[
        float | None,
        Option("-w", min=0.001, metavar="SECONDS", help="say `waiting ...` when so long quiet"),
    ] = None,
    cursor_file: CursorPath = None,
) -> None:
    """Print one line for each event, as the original does.

    On a node with peers they are those of the cluster and of the node itself.

    Examples:
      vxnotify
      vxnotify -i -g datadg
      vxnotify -f -w 15
      vxnotify -s
    """
    chosen = {"i": imports, "c": changes, "d": disks, "f": detaches, "m": paths, "s": cluster}
    letters = "".join(letter for letter, wanted in chosen.items() if wanted)
    ends = [one for one in (total_s, source.timeout_s) if one is not None]
    kept = None if cursor_file is None else CursorFile(cursor_file)
    follower = follow.Follower(
        source.socket_path, None, follow.Limits(quiet_s, min(ends, default=None)),
        patient=True, places=() if kept is None else kept.read(), both=True,
    )  # fmt: skip
    left = count
    for told, lines in _spoken(follower, letters, group):
        for line in lines:
            # What the daemon did not say does not count.
            if isinstance(told, follow.Committed) and left is not None:
                left -= 1
            print(line, flush=True)
            if left == 0:
                return
        if kept is not None and isinstance(told, (follow.Connected, follow.Committed)):
            kept.write(follower.places.values())


def _spoken(
    follower: follow.Follower, letters: str, group: str | None
) -> Iterator[tuple[follow.Told, list[str]]]:
    """Yield what is told, and its lines; that it is quiet is said once."""
    waiting, name = False, None
    for told in follower:
        name = told.cluster if isinstance(told, follow.Connected) else name
        if not (isinstance(told, follow.Quiet) and waiting):
            yield told, _said(told, letters, group, name)
        waiting = isinstance(told, follow.Quiet)


def _said(told: follow.Told, letters: str, group: str | None, cluster: str | None) -> list[str]:
    if isinstance(told, follow.Committed):
        return notify.lines(told.row, letters, group, cluster)
    if isinstance(told, follow.Gap):
        # What nobody observed is said where its commit is.
        return ["more events"] if told.since is None else []
    words = {
        follow.Connected: ["connected"],
        follow.Disconnected: ["disconnected"],
        follow.Quiet: ["waiting ..."],
    }
    return words.get(type(told), [])


def _begin(source: Source, text: str, which: str | None) -> tuple[int, str | None]:
    """Return the position of a moment, and the log in which it is, None for the usual one.

    Raises:
        UsageError: the text names no moment of a log.
        RequestFailed: the log has no such moment.

    """
    found = ask.moment(text)
    if which == BOTH:
        raise UsageError("--after is a moment of one log", fix="name it: --log-of shared")
    value, log = found.get("value"), found.get("log")
    if found["kind"] == "position" and isinstance(value, int) and log is None:
        return value, which
    named = text if log is not None or which is None else f"{which}{_JOINS[text[0] == '@']}{text}"
    where = Source(source.program, home=source.home, socket=source.socket, at=named)
    answer = ask.read(where, "show", {})
    if not isinstance(answer["position"], int):
        raise UsageError(f"{text!r} is no moment of this log")
    return answer["position"], str(answer["log"])


_JOINS = {True: "", False: "@"}
