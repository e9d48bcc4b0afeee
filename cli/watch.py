"""`vx watch` and `vxnotify`: follow the log, across restarts of the daemon, from where one was."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

from typer import Option

from cli import ask, follow, output
from cli.failure import UsageError
from cli.options import Command, Group, asks, new_app
from cli.render import history, notify
from cli.source import Source

watch_app, notify_app = new_app(), new_app()

Row = dict[str, Any]


@watch_app.command(cls=Command)
@asks
def watch(
    source: Source,
    *,
    after: Annotated[
        str | None, Option(metavar="WHEN", help="begin after this moment; else now")
    ] = None,
    cursor_file: Annotated[
        str | None, Option(metavar="FILE", help="keep there how far one came, and go on from it")
    ] = None,
    count: Annotated[int | None, Option("-n", min=1, metavar="N", help="end after N")] = None,
) -> None:
    """Print every commit as it comes; --timeout ends it.

    Examples:
      vx watch
      vx watch --after @1204 -n 20
      vx watch --cursor-file /var/tmp/backup.cursor -o ndjson
    """
    cursor = None if cursor_file is None else follow.Cursor(cursor_file)
    begin = None if cursor is None else cursor.read()
    if begin is None and after is not None:
        begin = _position(source, after)
    left = count
    limits = follow.Limits(total_s=source.timeout_s)
    log = follow.Connected("", None, 0)
    for told in follow.Follower(source.socket_path, begin, limits):
        if isinstance(told, follow.Committed):
            _print_commit(source, log, told.row)
            _keep(cursor, log.log, told.row["position"])
            left = None if left is None else left - 1
        elif isinstance(told, follow.Connected):
            log = told
            _keep(cursor, told.log, told.after)
            print(f"connected, after {told.log} @{told.after}", file=sys.stderr, flush=True)
        elif isinstance(told, follow.Disconnected):
            print("disconnected", file=sys.stderr, flush=True)
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
) -> None:
    """Print one line for each event, as the original does.

    Examples:
      vxnotify
      vxnotify -i -g datadg
      vxnotify -f -w 15
      vxnotify -s
    """
    chosen = {"i": imports, "c": changes, "d": disks, "f": detaches, "m": paths, "s": cluster}
    letters = "".join(letter for letter, wanted in chosen.items() if wanted)
    ends = [one for one in (total_s, source.timeout_s) if one is not None]
    limits = follow.Limits(quiet_s, min(ends, default=None))
    left, waiting, name = count, False, None
    for told in follow.Follower(source.socket_path, None, limits, patient=True):
        name = told.cluster if isinstance(told, follow.Connected) else name
        lines = _said(told, letters, group, name)
        if isinstance(told, follow.Quiet) and waiting:
            continue
        waiting = isinstance(told, follow.Quiet)
        for line in lines:
            print(line, flush=True)
            # What the daemon did not say does not count.
            if isinstance(told, follow.Committed) and left is not None:
                left -= 1
                if left == 0:
                    return


def _said(told: follow.Told, letters: str, group: str | None, cluster: str | None) -> list[str]:
    if isinstance(told, follow.Committed):
        return notify.lines(told.row, letters, group, cluster)
    if isinstance(told, follow.Connected):
        return ["connected"]
    return ["disconnected"] if isinstance(told, follow.Disconnected) else ["waiting ..."]


def _position(source: Source, text: str) -> int:
    """Return the position of a moment.

    Raises:
        UsageError: the text names no moment.
        RequestFailed: the log has no such moment.

    """
    found = ask.moment(text)
    value = found.get("value")
    if found["kind"] == "position" and isinstance(value, int) and found.get("log") is None:
        return value
    where = Source(source.program, home=source.home, socket=source.socket, at=text)
    position = ask.read(where, "show", {})["position"]
    if not isinstance(position, int):
        raise UsageError(f"{text!r} is no moment of this log")
    return position


def _keep(cursor: follow.Cursor | None, log: str, position: int) -> None:
    if cursor is not None:
        cursor.write(log, position)


def _print_commit(source: Source, log: follow.Connected, row: Row) -> None:
    """Print one commit at once: whoever reads a stream waits for it."""
    if source.output in ("json", "ndjson"):
        about: ask.Answer = {"cluster": log.cluster, "log": log.log}
        about |= {"position": row["position"], "at": row["time"], "data": row}
        print(json.dumps(output.envelope("watch", about), ensure_ascii=False), flush=True)
        return
    told = {**row, "events": [event["name"] for event in row["events"]]}
    cells = history.log_rows([told])[1]
    print(("\t" if source.output == "tsv" else "  ").join(cells), flush=True)
