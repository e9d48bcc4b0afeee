"""More of `vxassist` and `vxvol`: what could be made, what is moved, and how a volume is kept."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from cli import ask, output, units, volume_layout
from cli.changes import perform
from cli.dg import need_group
from cli.failure import UsageError
from cli.options import Change, Group, reads, writes
from cli.render import room
from cli.source import Source

Words = Annotated[list[str] | None, Argument(metavar="[ATTRIBUTE=VALUE|DISK]...")]
VolumeName = Annotated[str, Argument(metavar="VOLUME")]
VolumeNames = Annotated[list[str], Argument(metavar="VOLUME...")]


@reads
def maxsize(source: Source, words: Words = None, group: Group = None) -> None:
    """Say how long a volume could be made, laid out like this, on these disks or on any.

    Examples:
      vxassist -g datadg maxsize
      vxassist -g datadg maxsize layout=mirror datadg01 datadg02
    """
    args = {"group": need_group(group), **volume_layout.attributes(words or [])}
    args.pop("start", None)
    answer = ask.read(source, "volume.maxsize", args)
    output.emit(source, "volume.maxsize", answer, output.View(room.maxsize, room.rows))


@reads
def maxgrow(source: Source, volume: VolumeName, group: Group = None) -> None:
    """Say how far a volume could grow.

    Examples:
      vxassist -g datadg maxgrow vol01
    """
    args: dict[str, object] = {"group": need_group(group), "name": volume}
    answer = ask.read(source, "volume.maxgrow", args)
    output.emit(source, "volume.maxgrow", answer, output.View(room.maxgrow, room.rows))


@writes
def move(
    change: Change,
    volume: VolumeName,
    words: Annotated[list[str], Argument(metavar="!DISK... [DISK]...")],
    group: Group = None,
) -> None:
    """Move what a volume has on the disks marked with ! to other ones.

    Examples:
      vxassist -g datadg move vol01 !datadg01
      vxassist -g datadg move vol01 !datadg01 datadg03
    """
    off = [word[1:] for word in words if word.startswith("!")]
    if not off:
        raise UsageError("It is not said what is to move", fix="mark a disk: '!datadg01'")
    args: dict[str, object] = {"group": need_group(group), "name": volume, "off": off}
    disks = [word for word in words if not word.startswith("!")]
    perform(change, "volume.move", args | {"disks": disks})


@writes
def addlog(
    change: Change,
    volume: VolumeName,
    words: Annotated[list[str] | None, Argument(metavar="[loglen=LENGTH] [DISK]...")] = None,
    group: Group = None,
) -> None:
    """Add a log to a mirrored volume: it tells which regions may differ after a crash.

    Examples:
      vxassist -g datadg addlog vol01
      vxassist -g datadg addlog vol01 loglen=1m datadg03
    """
    disks: list[str] = []
    args: dict[str, object] = {"group": need_group(group), "name": volume, "disks": disks}
    for word in words or []:
        key, mark, value = word.partition("=")
        if not mark:
            disks.append(word)
        elif key == "loglen":
            args["length_sectors"] = units.sectors(value)
        elif word != "logtype=drl":
            raise UsageError(f"{word!r} is no attribute of a log", fix="write loglen=LENGTH")
    perform(change, "volume.addlog", args)


@writes
def set_(
    change: Change,
    words: Annotated[list[str], Argument(metavar="len=LENGTH VOLUME...")],
    group: Group = None,
) -> None:
    """Set the length of volumes, no further than their plexes reach.

    Examples:
      vxvol -g datadg set len=5g vol01
    """
    key, mark, value = words[0].partition("=")
    if key != "len" or not mark or len(words) == 1:
        raise UsageError(
            f"{words[0]!r} cannot be set here",
            fix="`vxvol set len=LENGTH VOLUME...`; words are set by `vxedit set`",
        )
    args: dict[str, object] = {"group": need_group(group), "names": words[1:]}
    perform(change, "volume.set", args | {"length_sectors": units.sectors(value)})


@writes
def rdpol(
    change: Change,
    policy: Annotated[str, Argument(metavar="round|prefer|select|siteread")],
    volume: VolumeName,
    plex: Annotated[str | None, Argument(metavar="[PLEX]")] = None,
    group: Group = None,
) -> None:
    """Say how the plexes of a volume share its reads.

    Examples:
      vxvol -g datadg rdpol round vol01
      vxvol -g datadg rdpol prefer vol01 vol01-02
    """
    args: dict[str, object] = {"group": need_group(group), "policy": policy, "name": volume}
    perform(change, "volume.rdpol", args | {"plex": plex})


@writes
def maint(change: Change, names: VolumeNames, group: Group = None) -> None:
    """Put volumes into maintenance: they take no I/O until they are started.

    Examples:
      vxvol -g datadg maint vol01
    """
    perform(change, "volume.maint", {"group": need_group(group), "names": names})


@writes
def resync(change: Change, names: VolumeNames, group: Group = None) -> None:
    """Make the plexes of volumes the same again, where they may differ.

    Examples:
      vxvol -g datadg resync vol01
    """
    perform(change, "volume.resync", {"group": need_group(group), "names": names})
