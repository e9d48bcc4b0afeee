"""`vx head`: where the logs end, in a form that can be kept, and that nobody can change."""

from __future__ import annotations

import json
from typing import Annotated

from typer import Option

from cli import ask, new_file, output
from cli.options import Command, new_app, reads_history
from cli.render import proofs
from cli.source import Source

app = new_app()


@app.command(cls=Command)
@reads_history
def head(
    source: Source,
    *,
    all_nodes: Annotated[
        bool, Option("--all-nodes", help="and those of all nodes in reach")
    ] = False,
    file: Annotated[
        str | None, Option("-O", metavar="FILE", help="write them to a new file, as JSON")
    ] = None,
) -> None:
    """Say where the logs end, signed by the node and witnessed by the others.

    Keep it where nobody who can change the log can reach it: `vx verify --head FILE` tells
    later whether the log is still the same up to there. A log that is read with --log has no key:
    its heads are not signed.

    Examples:
      vx head
      vx head --all-nodes -O /mnt/elsewhere/heads.json
      vx verify --head /mnt/elsewhere/heads.json
    """
    answer = ask.read(source, "head", {"all": True} if all_nodes else {})
    if file is None:
        output.emit(source, "head", answer, output.View(proofs.heads))
        return
    new_file.write(file, json.dumps(output.envelope("head", answer), indent=2) + "\n")
    print(f"{file}: written")
