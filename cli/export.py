"""`vx export`: the log as lines of JSON, for other programs."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from typing import Annotated

from typer import Option

from cli import cloud, output, pieces, progress
from cli.failure import UsageError
from cli.options import Command, new_app, reads_history
from cli.source import Source

app = new_app()


@app.command(cls=Command)
@reads_history
def export(
    source: Source,
    *,
    since: Annotated[
        str | None, Option(metavar="WHEN", help="from this commit or time on")
    ] = None,
    until: Annotated[str | None, Option(metavar="WHEN", help="up to this commit or time")] = None,
) -> None:
    """Write every commit as one line of JSON, oldest first.

    Examples:
      vx export -o ndjson > log.ndjson
      vx export --since yesterday | jq .data.summary
      vx export -o cloudevents > events.ndjson
    """
    if source.output not in ("table", "json", "ndjson", "cloudevents"):
        raise UsageError(f"-o {source.output} cannot hold a log", fix="use -o ndjson")
    among = pieces.resolve(source, since, until)
    with nullcontext() if sys.stdout.isatty() else progress.shown("exporting"):
        _write(source, among)


def _write(source: Source, among: pieces.Range) -> None:
    for row in pieces.commits(source, among):
        if source.output == "cloudevents":
            sys.stdout.write(cloud.line(among.cluster, among.log, row))
            continue
        about: dict[str, object] = {"cluster": among.cluster, "log": among.log}
        about |= {"position": row["position"], "at": row["time"], "data": row}
        print(json.dumps(output.envelope("export", about), ensure_ascii=False))
