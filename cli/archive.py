"""`vx archive`: old commits in sealed, compressed files that every read command still sees.

The daemon does it, beside what else it does. On a home without a daemon it is done here, under the
daemon's lock (`--log`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from cli import archived, ask, fleet, output, progress
from cli.failure import UsageError
from cli.options import Change, Command, new_app, writes
from daemon.wire import control

app = new_app()

LISTS = ("list", "verify")
ARCHIVE = "log.archive"


Word = Annotated[
    str | None, Argument(metavar="[list | verify | to URL | status [URL] | detach [URL]]")
]
Before = Annotated[
    str | None, Option(metavar="WHEN", help="what was committed before that moment")
]
Keep = Annotated[
    int | None, Option(metavar="N", min=1, help="all but the last N commits of each log")
]
Log = Annotated[
    str | None, Option(metavar="HOME", help="a home, or its log, without a running daemon")
]
Cluster = Annotated[str | None, Option(metavar="NAME", help="of status and detach: which cluster")]


@app.command(cls=Command)
@writes
def archive(
    change: Change,
    word: Word = None,
    url: Annotated[str | None, Argument(hidden=True)] = None,
    before: Before = None,
    keep: Keep = None,
    log: Log = None,
    cluster: Cluster = None,
) -> None:
    """Move old commits into sealed, compressed files beside the log; no question loses anything.

    `list` names the files, `verify` reads each of them whole. A file that is missing or damaged is
    named by whatever needs it. The room in the log is used again by what comes; on a home without
    a daemon (--log) it is given back.

    `to` ships what the archive of many clusters, in PostgreSQL, does not have yet of this node's
    logs; `status` says how far each log of each cluster is there; `detach` takes the months of a
    cluster out that were over at a moment. Without a URL the one of config.toml is meant.

    Examples:
      vx archive --before '90d ago' --dry-run
      vx archive --keep 100000
      vx archive list
      vx archive verify
      vx archive to postgresql://db.example/fleet
      vx archive status
      vx archive detach --cluster prod --before '400d ago' --dry-run
    """
    if word in fleet.VERBS:
        if keep is not None:
            raise UsageError(f"vx archive {word} takes no --keep")
        fleet.run(change.source, word, url, log, cluster, before, dry_run=change.dry_run)
    elif url is not None or (cluster is not None and word not in LISTS):
        raise UsageError(f"{url or '--cluster'}: that is for to, status and detach")
    elif word in LISTS:
        if before is not None or keep is not None:
            raise UsageError(f"vx archive {word} takes neither --before nor --keep")
        _list(change, archived.place(log, cluster), check=word == "verify")
    elif word is not None:
        known = "list, verify, to, status nor detach"
        raise UsageError(f"{word!r} is neither {known}", fix="vx archive --keep N")
    else:
        _archive(change, before, keep, log)


def _archive(change: Change, before: str | None, keep: int | None, log: str | None) -> None:
    """Move commits into segments, or say which would be."""
    if before is None and keep is None:
        raise UsageError(
            "It is not said what is to be archived", fix="say --before WHEN, or --keep N"
        )
    at = None if before is None else ask.moment(before)
    args: dict[str, object] = {"before": at, "keep": keep}
    with progress.shown("archiving"):
        answer = _offline(change, log, args) if log is not None else change.send(ARCHIVE, args)
    output.emit(change.source, "archive", answer, output.View(_archived))


def _list(change: Change, log: str | None, *, check: bool) -> None:
    source = change.source
    source.log = log
    with progress.shown("reading segments"):
        answer = ask.read(source, "archive.list", {"check": check})
    name = "archive.verify" if check else "archive.list"
    output.emit(source, name, answer, output.View(_verified if check else _listed))
    data: Any = answer["data"]
    damaged = [row for row in data if row["state"] != "ok"]
    if check and damaged:
        raise control.error_from(_not_whole(damaged))


def _offline(change: Change, log: str, args: dict[str, object]) -> ask.Answer:
    from daemon import config
    from eventstore.errors import NotFound, StoreError
    from eventstore.keeping.archiver import archive as archive_here

    home = Path(log) if os.path.isdir(log) else Path(log).parent
    try:
        directory = config.load(home).archive.directory
    except NotFound:  # a log that is in no home
        directory = ""
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    try:
        data = archive_here(log, args, directory, dry_run=change.dry_run)
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    return {"data": data, "log": None, "position": None}


def _not_whole(damaged: list[dict[str, Any]]) -> dict[str, object]:
    names = ", ".join(f"{row['log']} @{row['first']} to @{row['last']}" for row in damaged)
    return {
        "id": "V-5-1-9280",
        "rule": "G5",
        "message": f"{len(damaged)} segments do not hold: {names}",
        "cause": damaged[0]["problem"],
        "fix": "put the files back from a backup or another copy of the home; what is in other "
        "segments, and what is not archived, is answered meanwhile",
        "node": None,
        "exit": 70,
    }


def _span(row: dict[str, Any]) -> str:
    return f"{row['log']} @{row['first']} to @{row['last']}"


def _archived(data: Any, _header: bool) -> str:
    if data["outcome"] == "dry-run":
        return "".join(
            f"{_span(row)}: {row['commits']} commits would go into {row['segments']} segments\n"
            for row in data["planned"]
        )
    return "".join(
        f"{_span(row)}: {row['bytes']} bytes, {row['live_bytes'] / row['bytes']:.1f} times "
        f"smaller, in {output.cell(row['file'])}\n"
        for row in data["segments"]
    )


def _listed(data: Any, _header: bool) -> str:
    return "".join(
        f"{_span(row)}: {row['from'] or '-'} to {row['until'] or '-'}, {row['bytes']} bytes, "
        f"{row['state']}, {output.cell(row['file'])}\n"
        for row in data
    )


def _verified(data: Any, _header: bool) -> str:
    return "".join(
        f"{_span(row)}: {row['state']}{': ' + row['problem'] if row['problem'] else ''}\n"
        for row in data
    )
