"""`vx plex`, `vxplex`: the copies of volumes."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from cli.changes import perform
from cli.dg import need_group
from cli.options import Change, Command, Group, destroys, new_app, writes

app = new_app("""Plexes: attach them to a volume, and take them from it.

Examples:
  vxplex -g datadg att vol01 vol01-02
  vxplex -g datadg dis vol01-02
""")

PlexName = Annotated[str, Argument(metavar="PLEX")]


@app.command(cls=Command)
@writes
def att(
    change: Change,
    volume: Annotated[str, Argument(metavar="VOLUME")],
    plex: PlexName,
    group: Group = None,
) -> None:
    """Make a dissociated or detached plex a copy of a volume.

    Examples:
      vxplex -g datadg att vol01 vol01-02
    """
    args: dict[str, object] = {"group": need_group(group), "volume": volume, "plex": plex}
    perform(change, "plex.att", args)


@app.command(cls=Command)
@destroys
def dis(
    change: Change,
    plex: PlexName,
    group: Group = None,
    remove: Annotated[
        bool, Option("--remove", help="and end it, as `-o rm` does: its space is free again")
    ] = False,
) -> None:
    """Take a plex from its volume; with `-o rm`, end it too.

    Examples:
      vxplex -g datadg dis vol01-02
      vxplex -g datadg -o rm dis vol01-02 --yes
    """
    named = need_group(group)
    if remove:
        change.confirm(f"Remove plex {plex} of disk group {named}?")
    perform(change, "plex.dis", {"group": named, "plex": plex, "remove": remove})
