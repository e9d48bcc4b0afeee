"""`vx dg`, `vxdg`: disk groups."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from cli import ask, output
from cli.failure import UsageError
from cli.options import Change, Command, Group, destroys, new_app, reads, writes
from cli.render import history, records
from cli.source import Source

app = new_app("""Disk groups: list them, make them, give them disks and take them away.

Examples:
  vxdg list
  vxdg init datadg datadg01=sdb
  vxdg -g datadg adddisk datadg02=sdc
""")

GroupName = Annotated[str, Argument(metavar="DG", help="the disk group")]
NewDisks = Annotated[
    list[str], Argument(metavar="[NAME=]DEVICE...", help="devices, and names for them")
]
DiskNames = Annotated[list[str], Argument(metavar="DISK...", help="names of disks in the group")]

# Attributes of the original that would otherwise be taken for the name of a disk.
_ATTRIBUTES = ("cds", "nconfig", "nlog", "minor", "activation", "comment")


@app.command("list", cls=Command)
@reads
def list_(source: Source, group: Annotated[str | None, Argument(metavar="[DG]")] = None) -> None:
    """List the disk groups, or show one.

    Examples:
      vxdg list
      vxdg list datadg
      vx dg list --at yesterday --json
    """
    answer = ask.read(source, "dg.list", {"group": group})
    text = records.group_list if group is None else records.group_detail
    output.emit(source, "dg.list", answer, output.View(text, records.group_rows))


@app.command(cls=Command)
@writes
def init(change: Change, group: GroupName, disks: NewDisks) -> None:
    """Make a disk group of some devices.

    Examples:
      vxdg init datadg datadg01=sdb datadg02=sdc
      vx dg init datadg sdb --dry-run
    """
    answer = change.send("dg.init", {"group": group, "disks": _new_disks(disks)})
    output.emit(change.source, "dg.init", answer, history.CHANGED)


@app.command(cls=Command)
@writes
def adddisk(change: Change, disks: NewDisks, group: Group = None) -> None:
    """Add devices to a disk group.

    Examples:
      vxdg -g datadg adddisk datadg03=sdd
    """
    args: dict[str, object] = {"group": need_group(group), "disks": _new_disks(disks)}
    answer = change.send("dg.adddisk", args)
    output.emit(change.source, "dg.adddisk", answer, history.CHANGED)


@app.command(cls=Command)
@destroys
def rmdisk(change: Change, disks: DiskNames, group: Group = None) -> None:
    """Take disks out of a disk group.

    Examples:
      vxdg -g datadg rmdisk datadg03 --yes
    """
    named = need_group(group)
    change.confirm(f"Take {', '.join(disks)} out of disk group {named}?")
    answer = change.send("dg.rmdisk", {"group": named, "disks": disks})
    output.emit(change.source, "dg.rmdisk", answer, history.CHANGED)


@app.command(cls=Command)
@destroys
def destroy(change: Change, group: GroupName) -> None:
    """Destroy a disk group with all that is in it.

    Examples:
      vxdg destroy datadg --dry-run
      vxdg destroy datadg --yes
    """
    change.confirm(f"Destroy disk group {group} and all that is in it?")
    answer = change.send("dg.destroy", {"group": group})
    output.emit(change.source, "dg.destroy", answer, history.CHANGED)


def need_group(group: str | None) -> str:
    """Return the disk group that was named.

    Raises:
        UsageError: none was.

    """
    if group is None:
        raise UsageError("Specify a disk group with -g DG", fix="`vxdg list` names them")
    return group


def _new_disks(words: list[str]) -> list[list[str | None]]:
    disks: list[list[str | None]] = []
    for word in words:
        name, mark, device = word.rpartition("=")
        if name in _ATTRIBUTES:
            raise UsageError(f"{name}= is no attribute that can be set yet", fix="leave it out")
        if not device or (mark and not name):
            raise UsageError(f"{word!r} names no disk", fix="write NAME=DEVICE or DEVICE")
        disks.append([name or None, device])
    return disks
