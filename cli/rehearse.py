"""`vx rehearse`: a site's log, tried with this program before anything rests on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from typer import Exit, Option

from cli import archived, exit_codes, output, progress
from cli.options import Command, new_app, reads_history
from cli.render.columns import table
from cli.source import Source
from daemon.wire import control

app = new_app()

_KEYS = ("part", "outcome", "count", "text")


@app.command(cls=Command)
@reads_history
def rehearse(
    source: Source,
    last: Annotated[
        int | None, Option(min=1, metavar="N", help="crash at the newest N commits only")
    ] = None,
) -> None:
    """Rehearse a log with this program, on private copies; exit 6 if anything comes out otherwise.

    Opens and migrates a copy; replays it and compares every digest; crashes at every commit, and
    at every I/O step of the last ones, and recovers; starts from it; and where there is a
    recording of the daemon's inputs decides all of it again. Says what differs first.

    Examples:
      vx rehearse
      vx rehearse --log /var/backups/node1.db --last 1000
      vx rehearse --log /mnt/site/node1 --json
    """
    from daemon.rehearsal import rehearse as run
    from eventstore.errors import StoreError

    archived.no_url(source.log, "vx rehearse")
    where = Path(source.log or os.path.dirname(source.socket_path) or ".")
    with progress.shown("rehearsing") as shown:

        def told(part: str, done: int, total: int) -> None:
            shown.what = part
            shown.tell(done, total)

        try:
            found = run(where, last, told)
        except StoreError as error:
            raise control.error_from(error.to_map()) from error
    import msgspec

    data: Any = msgspec.to_builtins(found)
    output.emit(source, "rehearse", {"data": data}, output.View(_text, _rows))
    if not found.ok:
        raise Exit(exit_codes.ANSWERED_NO)


def _rows(data: Any) -> output.Rows:
    return [
        [key.upper() for key in _KEYS],
        *([output.cell(row[key]) for key in _KEYS] for row in data["parts"]),
    ]


def _text(data: Any, header: bool) -> str:
    """Return a table of what was done, and below it what differs first."""
    found = data["first_difference"]
    return table(_rows(data), header=header) + ("" if found is None else _first(found))


def _first(found: Any) -> str:
    lines = [f"\nthe first difference is in {output.cell(found['part'])}\n"]
    if found["position"] is not None:
        log = "" if found["log"] is None else f"{output.cell(found['log'])} "
        lines.append(f"  commit    {log}@{found['position']}\n")
    lines += [
        f"  {key:<9} {output.cell(found[key])}\n"
        for key in ("object", "field", "recorded", "found")
        if found[key] is not None
    ]
    return "".join([*lines, f"  {'what':<9} {output.cell(found['text'])}\n"])
