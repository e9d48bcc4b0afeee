"""`vx volume`, `vxassist`: volumes, laid out by the program."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from cli import output, units
from cli.dg import need_group
from cli.failure import UsageError
from cli.options import Change, Command, Group, destroys, new_app, writes
from cli.render import history

app = new_app("""Volumes: make them, let them grow, remove them.

Examples:
  vxassist -g datadg make vol01 10g
  vxassist -g datadg growby vol01 512m
  vxassist -g datadg remove volume vol01 --yes
""")

VolumeName = Annotated[str, Argument(metavar="VOLUME")]
Length = Annotated[
    str, Argument(metavar="LENGTH", help="10g, 512m, 2048s; a bare number: sectors")
]


@app.command(cls=Command)
@writes
def make(
    change: Change,
    volume: VolumeName,
    length: Length,
    disks: Annotated[list[str] | None, Argument(metavar="[DISK]...")] = None,
    group: Group = None,
) -> None:
    """Make a volume, on the disks that are named or on any.

    Examples:
      vxassist -g datadg make vol01 10g
      vxassist -g datadg make vol01 10g datadg01 datadg02 --dry-run
    """
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    args |= {"length_sectors": units.sectors(length), "disks": _disks(disks or [])}
    answer = change.send("volume.make", args)
    output.emit(change.source, "volume.make", answer, history.CHANGED)


@app.command(cls=Command)
@writes
def growby(change: Change, volume: VolumeName, length: Length, group: Group = None) -> None:
    """Let a volume grow by a length.

    Examples:
      vxassist -g datadg growby vol01 512m
      vxassist -g datadg growby vol01 512m --expect @1204
    """
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    answer = change.send("volume.growby", args | {"length_sectors": units.sectors(length)})
    output.emit(change.source, "volume.growby", answer, history.CHANGED)


@app.command(cls=Command)
@destroys
def remove(
    change: Change,
    words: Annotated[list[str], Argument(metavar="[volume] VOLUME")],
    group: Group = None,
) -> None:
    """Remove a volume and all that is below it.

    Examples:
      vxassist -g datadg remove volume vol01 --yes
      vx volume remove -g datadg vol01 --dry-run
    """
    named, volume = need_group(group), _one_volume(words)
    change.confirm(f"Remove volume {volume} of disk group {named}?")
    answer = change.send("volume.remove", {"group": named, "name": volume})
    output.emit(change.source, "volume.remove", answer, history.CHANGED)


def _disks(words: list[str]) -> list[str]:
    disks = [word for word in words if word not in ("layout=concat", "layout=nostripe")]
    for word in disks:
        if "=" in word:
            raise UsageError(f"{word!r} is no attribute that can be asked for yet")
    return disks


def _one_volume(words: list[str]) -> str:
    """Return the volume of `remove volume VOLUME` or of `remove VOLUME`."""
    names = words[1:] if len(words) > 1 and words[0] == "volume" else words
    if len(names) != 1:
        raise UsageError(f"{len(names)} volumes are named", fix="remove one at a time")
    return names[0]
