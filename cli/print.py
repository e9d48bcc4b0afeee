"""`vx print`, `vxprint`: the tables of the original."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from cli import print_request
from cli.options import Command, Group, new_app, reads
from cli.print_request import PrintRequest
from cli.source import Source

app = new_app()


@app.command(cls=Command)
@reads
def print_(
    source: Source,
    *,
    group: Group = None,
    hierarchy: Annotated[
        bool, Option("-h", help="with a selection: what is below it too")
    ] = False,
    typed: Annotated[bool, Option("-t", help="a layout for each type of record")] = False,
    volumes: Annotated[bool, Option("-v", help="volumes only")] = False,
    all_groups: Annotated[bool, Option("-A", help="all disk groups, as without -g")] = False,
    names: Annotated[list[str] | None, Argument(metavar="[NAME]...")] = None,
) -> None:
    """Print the records of a disk group, or of all.

    Examples:
      vxprint -g datadg -ht
      vxprint -g datadg -hv vol01
      vxprint -g datadg --at '2h ago'
      vxprint -g datadg --json
    """
    chosen = {"typed": typed, "volumes": volumes, "hierarchy": hierarchy, "all_groups": all_groups}
    print_request.run(PrintRequest(source, group=group, names=tuple(names or ()), **chosen))
