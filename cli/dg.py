"""`vx dg`, `vxdg`: disk groups."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from cli import ask, output
from cli.changes import perform
from cli.failure import UsageError
from cli.options import Change, Command, Group, destroys, new_app, reads, writes, writes_named
from cli.render import free as free_space, records
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

Shared = Annotated[bool, Option("-s", help="a group of the whole cluster")]

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
@reads
def free(source: Source, group: Group = None) -> None:
    """List the free regions of disks.

    Examples:
      vxdg -g datadg free
      vxdg free -o tsv
    """
    answer = ask.read(source, "dg.free", {"group": group})
    output.emit(source, "dg.free", answer, output.View(free_space.listing, free_space.rows))


@app.command(cls=Command)
@writes
def init(change: Change, group: GroupName, disks: NewDisks, shared: Shared = False) -> None:
    """Make a disk group of some devices; with -s the cluster's, else this node's.

    Examples:
      vxdg init datadg datadg01=sdb datadg02=sdc
      vxdg -s init shareddg sdd sde
      vx dg init datadg sdb --dry-run
    """
    args: dict[str, object] = {"group": group, "disks": _new_disks(disks)}
    perform(change, "dg.init", args | ({"shared": True} if shared else {}))


@app.command(cls=Command)
@writes
def adddisk(change: Change, disks: NewDisks, group: Group = None) -> None:
    """Add devices to a disk group.

    Examples:
      vxdg -g datadg adddisk datadg03=sdd
    """
    args: dict[str, object] = {"group": need_group(group), "disks": _new_disks(disks)}
    perform(change, "dg.adddisk", args)


@app.command(cls=Command)
@destroys
def rmdisk(change: Change, disks: DiskNames, group: Group = None) -> None:
    """Take disks out of a disk group.

    Examples:
      vxdg -g datadg rmdisk datadg03 --yes
    """
    named = need_group(group)
    change.confirm(f"Take {', '.join(disks)} out of disk group {named}?")
    perform(change, "dg.rmdisk", {"group": named, "disks": disks})


@app.command(cls=Command)
@destroys
def destroy(change: Change, group: GroupName) -> None:
    """Destroy a disk group with all that is in it.

    Examples:
      vxdg destroy datadg --dry-run
      vxdg destroy datadg --yes
    """
    change.confirm(f"Destroy disk group {group} and all that is in it?")
    perform(change, "dg.destroy", {"group": group})


@app.command(cls=Command)
@writes
def deport(
    change: Change,
    group: GroupName,
    host: Annotated[
        str | None, Option("--host", metavar="HOST", help="keep it for this host (there: -h)")
    ] = None,
) -> None:
    """Put a disk group away, so that another host, or this one later, can import it.

    Examples:
      vxdg deport datadg
      vxdg --host node7 deport datadg
      vxdg deport datadg --dry-run
    """
    perform(change, "dg.deport", {"group": group, "host": host})


@app.command("import", cls=Command)
@writes_named
def import_(
    change: Change,
    group: Annotated[str, Argument(metavar="DG|DGID")],
    new_name: Annotated[
        str | None, Option("-n", metavar="NEW", help="give it this name from here on")
    ] = None,
    force: Annotated[bool, Option("-f", help="even if disks are missing")] = False,
    shared: Shared = False,
    temporary: Annotated[
        bool, Option("-t", help="of a shared one: the cluster's next start leaves it out")
    ] = False,
    clear: Annotated[bool, Option("-C", help="even if it is kept for another host")] = False,
) -> None:
    """Bring a deported disk group back, by name or by ID; a shared one with -s, on every node.

    Examples:
      vxdg import datadg
      vxdg -n olddata import 1790000000.1.node1
      vxdg -f import datadg
      vxdg -s -t import shareddg
      vxdg -C import datadg
    """
    args: dict[str, object] = {"group": group, "new_name": new_name}
    given = {"shared": shared, "temporary": temporary}
    args |= {"force": force, "clear": clear}
    perform(change, "dg.import", args | {name: True for name, on in given.items() if on})


@app.command(cls=Command)
@writes
def rename(
    change: Change,
    words: Annotated[list[str], Argument(metavar="OLD NEW | disk OLD NEW")],
    group: Group = None,
) -> None:
    """Give a disk group, or a disk in one, another name.

    Examples:
      vxdg rename datadg payroll
      vxdg -g datadg rename disk datadg01 fast01
    """
    old_and_new, of_disk = 2, 3
    if len(words) == of_disk and words[0] == "disk":
        args: dict[str, object] = {"group": need_group(group), "disk": words[1]}
        perform(change, "disk.rename", args | {"new_name": words[2]})
    elif len(words) == old_and_new and group is None:
        perform(change, "dg.rename", {"group": words[0], "new_name": words[1]})
    else:
        raise UsageError(
            "It is not said what is to be called how",
            fix="`vxdg rename OLD NEW`, or `vxdg -g DG rename disk OLD NEW`",
        )


@app.command("set", cls=Command)
@writes
def set_(
    change: Change,
    words: Annotated[list[str], Argument(metavar="ATTRIBUTE=VALUE...")],
    group: Group = None,
) -> None:
    """Set attributes of a disk group; of a shared one also what this node may do with it.

    Examples:
      vxdg -g datadg set diskdetpolicy=local
      vxdg -g shareddg set activation=exclusivewrite
      vxdg -g shareddg set activation=off
      vxdg -g datadg set dgfailpolicy=leave --dry-run
    """
    named, values = need_group(group), {}
    for word in words:
        key, mark, value = word.partition("=")
        if not key or not mark or key in values:
            raise UsageError(f"{word!r} sets no attribute", fix="write each ATTRIBUTE=VALUE once")
        values[key] = value
    perform(change, "dg.set", {"group": named, "values": values})


@app.command(cls=Command)
@writes
def upgrade(
    change: Change,
    group: GroupName,
    version: Annotated[
        int | None, Option("-T", metavar="VERSION", help="to this version; the newest if not said")
    ] = None,
) -> None:
    """Give a disk group a later version; there is no way back.

    Examples:
      vxdg upgrade datadg
      vxdg -T 310 upgrade datadg --dry-run
    """
    perform(change, "dg.upgrade", {"group": group, "version": version})


@app.command(cls=Command)
@destroys
def recover(
    change: Change,
    group: Group = None,
    clean: Annotated[
        bool, Option("--clean", help="take the marks of a move away (there: -o clean)")
    ] = False,
    remove: Annotated[
        bool, Option("--remove", help="end what is marked (there: -o remove)")
    ] = False,
) -> None:
    """Deal with objects that a move left marked; here a move is whole, or was not made.

    Examples:
      vxdg -g datadg recover
      vxdg -g datadg -o clean recover
      vxdg -g datadg -o remove recover --yes
    """
    named = need_group(group)
    if clean and remove:
        raise UsageError("Marks go, or what is marked", fix="give one of -o clean and -o remove")
    if remove:
        change.confirm(f"End all that is marked for a move in disk group {named}?")
    how = "clean" if clean else "remove" if remove else ""
    perform(change, "dg.recover", {"group": named, "how": how})


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
