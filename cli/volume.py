"""`vx volume`, `vxassist`, `vxvol`: volumes, laid out by the program, started and stopped."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from cli import ask, output, units, volume_care, volume_layout
from cli.changes import perform
from cli.dg import need_group
from cli.failure import UsageError
from cli.options import Change, Command, Group, destroys, new_app, reads, writes
from cli.render import volumes
from cli.source import Source

app = new_app("""Volumes: make them, let them grow and shrink, start and stop them, remove them.

Examples:
  vxassist -g datadg make vol01 10g layout=mirror
  vxassist -g datadg growby vol01 512m
  vxassist -g datadg remove volume vol01 --yes
  vxvol -g datadg stop vol01
""")

VolumeName = Annotated[str, Argument(metavar="VOLUME")]
VolumeNames = Annotated[list[str], Argument(metavar="VOLUME...")]
Length = Annotated[
    str, Argument(metavar="LENGTH", help="10g, 512m, 2048s; a bare number: sectors")
]


@app.command("list", cls=Command)
@reads
def list_(source: Source, group: Group = None) -> None:
    """List volumes, of one disk group or of all.

    Examples:
      vx volume list
      vx volume list -g datadg --at yesterday
    """
    answer = ask.read(source, "print", {"group": group, "names": []})
    answer["data"] = volumes.from_groups(answer["data"])
    output.emit(source, "volume.list", answer, output.View(volumes.listing, volumes.rows))


@app.command(cls=Command)
@writes
def make(
    change: Change,
    volume: VolumeName,
    length: Length,
    words: Annotated[
        list[str] | None,
        Argument(
            metavar="[ATTRIBUTE=VALUE|DISK]...",
            help="layout=concat|stripe|mirror|mirror-stripe, nmirror=, ncol=, stripeunit=, "
            "init=none; disks to use",
        ),
    ] = None,
    group: Group = None,
) -> None:
    """Make a volume, on the disks that are named or on any.

    Examples:
      vxassist -g datadg make vol01 10g
      vxassist -g datadg make vol01 10g layout=mirror nmirror=3
      vxassist -g datadg make vol01 10g layout=stripe ncol=4 stripeunit=64k
      vxassist -g datadg make vol01 10g datadg01 datadg02 --dry-run
    """
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    args |= {"length_sectors": units.sectors(length), **volume_layout.attributes(words or [])}
    perform(change, "volume.make", args)


@app.command(cls=Command)
@writes
def growby(change: Change, volume: VolumeName, length: Length, group: Group = None) -> None:
    """Let a volume grow by a length.

    Examples:
      vxassist -g datadg growby vol01 512m
      vxassist -g datadg growby vol01 512m --expect @1204
    """
    _resize(change, "volume.growby", group, volume, length)


@app.command(cls=Command)
@writes
def growto(change: Change, volume: VolumeName, length: Length, group: Group = None) -> None:
    """Let a volume grow to a length.

    Examples:
      vxassist -g datadg growto vol01 20g
    """
    _resize(change, "volume.growto", group, volume, length)


@app.command(cls=Command)
@destroys
def shrinkby(change: Change, volume: VolumeName, length: Length, group: Group = None) -> None:
    """Shrink a volume by a length; what lies beyond its new end is lost.

    Examples:
      vxassist -g datadg shrinkby vol01 512m --yes
    """
    change.confirm(f"Shrink volume {volume} by {length}?")
    _resize(change, "volume.shrinkby", group, volume, length)


@app.command(cls=Command)
@destroys
def shrinkto(change: Change, volume: VolumeName, length: Length, group: Group = None) -> None:
    """Shrink a volume to a length; what lies beyond its new end is lost.

    Examples:
      vxassist -g datadg shrinkto vol01 5g --yes
    """
    change.confirm(f"Shrink volume {volume} to {length}?")
    _resize(change, "volume.shrinkto", group, volume, length)


@app.command(cls=Command)
@writes
def mirror(
    change: Change,
    volume: VolumeName,
    disks: Annotated[list[str] | None, Argument(metavar="[DISK]...")] = None,
    group: Group = None,
) -> None:
    """Add a plex to a volume, on the disks that are named or on any that hold none of it.

    Examples:
      vxassist -g datadg mirror vol01
      vxassist -g datadg mirror vol01 datadg03
    """
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    perform(change, "volume.mirror", args | {"disks": disks or []})


@app.command(cls=Command)
@destroys
def remove(
    change: Change,
    words: Annotated[list[str], Argument(metavar="[volume|log] VOLUME")],
    group: Group = None,
) -> None:
    """Remove a volume and all that is below it, or its log.

    Examples:
      vxassist -g datadg remove volume vol01 --yes
      vxassist -g datadg remove log vol01 --yes
      vx volume remove -g datadg vol01 --dry-run
    """
    named = need_group(group)
    if len(words) > 1 and words[0] == "log":
        volume = _one_volume(words[1:])
        change.confirm(f"Remove the log of volume {volume} of disk group {named}?")
        perform(change, "volume.remove.log", {"group": named, "name": volume})
        return
    volume = _one_volume(words)
    change.confirm(f"Remove volume {volume} of disk group {named}?")
    perform(change, "volume.remove", {"group": named, "name": volume})


@app.command(cls=Command)
@writes
def start(change: Change, names: VolumeNames, group: Group = None) -> None:
    """Make volumes available.

    Examples:
      vxvol -g datadg start vol01 vol02
    """
    perform(change, "volume.start", {"group": need_group(group), "names": names})


@app.command(cls=Command)
@writes
def startall(change: Change, group: Group = None) -> None:
    """Make all volumes of a disk group available.

    Examples:
      vxvol -g datadg startall
    """
    perform(change, "volume.start", {"group": need_group(group), "names": []})


@app.command(cls=Command)
@writes
def stop(change: Change, names: VolumeNames, group: Group = None) -> None:
    """Make volumes unavailable, in an orderly way.

    Examples:
      vxvol -g datadg stop vol01
    """
    perform(change, "volume.stop", {"group": need_group(group), "names": names})


@app.command(cls=Command)
@writes
def stopall(change: Change, group: Group = None) -> None:
    """Make all volumes of a disk group unavailable, in an orderly way.

    Examples:
      vxvol -g datadg stopall
    """
    perform(change, "volume.stop", {"group": need_group(group), "names": []})


@app.command(cls=Command)
@writes
def init(
    change: Change,
    how: Annotated[str, Argument(metavar="clean|active|enable|zero")],
    volume: VolumeName,
    group: Group = None,
) -> None:
    """Give an EMPTY volume its first state.

    Examples:
      vxassist -g datadg make vol01 10g init=none
      vxvol -g datadg init active vol01
    """
    perform(change, "volume.init", {"group": need_group(group), "name": volume, "how": how})


app.command("addlog", cls=Command)(volume_care.addlog)
app.command("maxsize", cls=Command)(volume_care.maxsize)
app.command("maxgrow", cls=Command)(volume_care.maxgrow)
app.command("move", cls=Command)(volume_care.move)
app.command("set", cls=Command)(volume_care.set_)
app.command("rdpol", cls=Command)(volume_care.rdpol)
app.command("maint", cls=Command)(volume_care.maint)
app.command("resync", cls=Command)(volume_care.resync)


def _resize(change: Change, verb: str, group: str | None, volume: str, length: str) -> None:
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    perform(change, verb, args | {"length_sectors": units.sectors(length)})


def _one_volume(words: list[str]) -> str:
    """Return the volume of `remove volume VOLUME` or of `remove VOLUME`."""
    names = words[1:] if len(words) > 1 and words[0] == "volume" else words
    if len(names) != 1:
        raise UsageError(f"{len(names)} volumes are named", fix="remove one at a time")
    return names[0]
