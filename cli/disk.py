"""`vx disk`, `vxdisk`: the devices of this node."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from typer import Argument, Option

from cli import ask, output, units
from cli.changes import perform
from cli.failure import UsageError
from cli.options import Change, Command, new_app, reads, writes
from cli.render import records
from cli.source import Source

app = new_app("""Devices: list them, make them ready for a disk group.

Examples:
  vxdisk list
  vxdisk init sdb
""")


@app.command("list", cls=Command)
@reads
def list_(
    source: Source,
    device: Annotated[str | None, Argument(metavar="[DEVICE]")] = None,
    extended: Annotated[bool, Option("-e", help="also what the system calls a device")] = False,
    all_groups: Annotated[
        bool, Option("--alldgs", help="deported groups too, in parentheses (also: -o alldgs)")
    ] = False,
) -> None:
    """List the devices and the disks that are on them, or show one.

    Examples:
      vxdisk list
      vxdisk -e list
      vxdisk -o alldgs list
      vxdisk list sdb
      vxdisk list --at 10:15 -o tsv
    """
    answer = ask.read(source, "disk.list", {"device": device})
    text: Callable[..., str] = records.disk_list
    rows = records.disk_rows
    if device is not None:
        text = partial(records.disk_detail, cluster=answer.get("cluster"))
    elif extended:
        text, rows = records.disk_list_extended, records.disk_rows_extended
    if all_groups:
        text, rows = records.in_parentheses(text), records.in_parentheses(rows)
    output.emit(source, "disk.list", answer, output.View(text, rows))


@app.command(cls=Command)
@writes
def init(
    change: Change,
    device: Annotated[str, Argument(metavar="DEVICE")],
    attributes: Annotated[list[str] | None, Argument(metavar="[privlen=SIZE]")] = None,
) -> None:
    """Record a device as ready for a disk group; nothing is written to it.

    Examples:
      vxdisk init sdb
      vxdisk init sdb privlen=32m
    """
    args: dict[str, object] = {
        "device": device,
        "private_sectors": _private_sectors(attributes or []),
    }
    perform(change, "disk.init", args)


@app.command(cls=Command)
@writes
def scandisks(change: Change) -> None:
    """Look at all devices now, and record what differs from what was known.

    Examples:
      vxdisk scandisks
      vxdisk scandisks --dry-run
    """
    perform(change, "disk.scandisks", {})


DeviceName = Annotated[str, Argument(metavar="DEVICE")]


@app.command(cls=Command)
@writes
def online(change: Change, device: DeviceName) -> None:
    """Put a device back into use.

    Examples:
      vxdisk online sdb
    """
    perform(change, "disk.online", {"device": device})


@app.command(cls=Command)
@writes
def offline(change: Change, device: DeviceName) -> None:
    """Take a device out of use; one that is in a disk group cannot be.

    Examples:
      vxdisk offline sdb
    """
    perform(change, "disk.offline", {"device": device})


@app.command("rm", cls=Command)
@writes
def remove(change: Change, device: DeviceName) -> None:
    """Remove a device from the list; nothing on it changes, and a scan may find it again.

    Examples:
      vxdisk rm sdb
    """
    perform(change, "disk.rm", {"device": device})


@app.command(cls=Command)
@writes
def clearimport(
    change: Change, devices: Annotated[list[str], Argument(metavar="DEVICE...")]
) -> None:
    """Let any host import the deported disk groups on devices that are kept for one.

    Examples:
      vxdisk clearimport sdb
      vxdisk clearimport sdb sdc --dry-run
    """
    perform(change, "disk.clearimport", {"devices": devices})


@app.command("set", cls=Command)
@writes
def set_(
    change: Change,
    device: DeviceName,
    attribute: Annotated[str, Argument(metavar="clone=on|off")],
) -> None:
    """Mark a device as the copy of another, or take the mark away.

    Examples:
      vxdisk set sdb clone=off
    """
    values = {"clone=on": True, "clone=off": False}
    if attribute not in values:
        raise UsageError(f"{attribute!r} cannot be set", fix="write clone=on or clone=off")
    perform(change, "disk.set", {"device": device, "clone": values[attribute]})


def _private_sectors(attributes: list[str]) -> int | None:
    size = None
    for word in attributes:
        key, mark, text = word.partition("=")
        if key != "privlen" or not mark:
            raise UsageError(f"{word!r} is no attribute of a device", fix="write privlen=32m")
        size = units.sectors(text)
    return size
