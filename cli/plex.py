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
  vxplex -g datadg mv vol01-01 vol01-03
""")

PlexName = Annotated[str, Argument(metavar="PLEX")]
VolumeName = Annotated[str, Argument(metavar="VOLUME")]


@app.command(cls=Command)
@writes
def att(change: Change, volume: VolumeName, plex: PlexName, group: Group = None) -> None:
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


@app.command(cls=Command)
@writes
def det(change: Change, plex: PlexName, group: Group = None) -> None:
    """Let a plex take no part in its volume's I/O; `vxplex att` makes it a copy again.

    Examples:
      vxplex -g datadg det vol01-02
    """
    perform(change, "plex.det", {"group": need_group(group), "plex": plex})


@app.command(cls=Command)
@writes
def cp(change: Change, volume: VolumeName, plex: PlexName, group: Group = None) -> None:
    """Copy a volume onto a dissociated plex, which stays dissociated.

    Examples:
      vxplex -g datadg cp vol01 vol01-02
    """
    args: dict[str, object] = {"group": need_group(group), "volume": volume, "plex": plex}
    perform(change, "plex.cp", args)


@app.command(cls=Command)
@destroys
def mv(
    change: Change,
    old: Annotated[str, Argument(metavar="OLD")],
    new: Annotated[str, Argument(metavar="NEW")],
    group: Group = None,
    remove: Annotated[
        bool, Option("--remove", help="and end the old one, as `-o rm` does")
    ] = False,
) -> None:
    """Put a dissociated plex in the place of one of a volume.

    Examples:
      vxplex -g datadg mv vol01-01 vol01-02
      vxplex -g datadg -o rm mv vol01-01 vol01-02 --yes
    """
    named = need_group(group)
    if remove:
        change.confirm(f"Remove plex {old} of disk group {named}?")
    perform(change, "plex.mv", {"group": named, "old": old, "new": new, "remove": remove})
