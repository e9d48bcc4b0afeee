"""`vx print`, `vxprint`: the tables of the original."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from cli import print_request
from cli.options import Command, Group, new_app, reads
from cli.print_request import KINDS, PrintRequest
from cli.source import Source

app = new_app()

Hierarchy = Annotated[bool, Option("-h", help="with a selection: what is below it too")]
Layered = Annotated[bool, Option("-r", help="what layered volumes consist of: it is always shown")]
Description = Annotated[
    bool, Option("-m", help="as a description that vxmake, and vx import, can read")
]
Pattern = Annotated[
    str | None, Option("-e", metavar="EXPRESSION", help="only what it is true of: 'len > 10m'")
]
Formats = Annotated[
    list[str] | None,
    Option("-F", metavar="[KIND:]FORMAT", help="a line a record: '%name %{len:10} %state'"),
]


@app.command(cls=Command)
@reads
def print_(
    source: Source,
    *,
    group: Group = None,
    hierarchy: Hierarchy = False,
    typed: Annotated[bool, Option("-t", help="a layout for each type of record")] = False,
    _layered: Layered = False,
    long: Annotated[bool, Option("-l", help="all about each record")] = False,
    description: Description = False,
    only_names: Annotated[bool, Option("-n", help="names only")] = False,
    quiet: Annotated[bool, Option("-q", help="without headings")] = False,
    groups: Annotated[bool, Option("-G", help="disk groups only")] = False,
    volumes: Annotated[bool, Option("-v", help="volumes only")] = False,
    plexes: Annotated[bool, Option("-p", help="plexes only")] = False,
    subdisks: Annotated[bool, Option("-s", help="subdisks only")] = False,
    disks: Annotated[bool, Option("-d", help="disks only")] = False,
    all_groups: Annotated[bool, Option("-A", help="all disk groups, as without -g")] = False,
    pattern: Pattern = None,
    formats: Formats = None,
    names: Annotated[list[str] | None, Argument(metavar="[NAME]...")] = None,
) -> None:
    """Print the records of a disk group, or of all.

    Examples:
      vxprint -g datadg -ht
      vxprint -g datadg -hv vol01
      vxprint -g datadg -l vol01
      vxprint -g datadg -m > datadg.txt
      vxprint -g datadg -e 'v_kstate == "DISABLED"' -F '%type %name %state'
      vxprint -g datadg --at '2h ago'
      vxprint -g datadg --json
    """
    wanted = {"dg": groups, "v": volumes, "pl": plexes, "sd": subdisks, "dm": disks}
    request = PrintRequest(
        source,
        group=group,
        hierarchy=hierarchy,
        typed=typed,
        long=long,
        description=description,
        only_names=only_names,
        quiet=quiet,
        formats=tuple(formats or ()),
        pattern=pattern,
        kinds=tuple(kind for kind in KINDS if wanted[kind]),
        all_groups=all_groups,
        names=tuple(names or ()),
    )
    print_request.run(request)
