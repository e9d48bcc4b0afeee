"""`vx lab`: a cluster on one machine, on the embedded monitor."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from cli import lab_faults, lab_growth, lab_nodes, output, units
from cli.failure import UsageError
from cli.lab_cluster import Lab
from cli.lab_options import Device, Directory, Form, Json, Node, OnNode, emit, source
from cli.options import Command, new_app
from cli.render import lab as shown
from cli.source import Source

app = new_app("""A cluster on one machine, on the embedded monitor.

Examples:
  vx lab up /tmp/lab --nodes 3 --disks 6
  vx lab status /tmp/lab
  vx lab kill /tmp/lab node2
  vx lab cut /tmp/lab node1
  vx lab down /tmp/lab
""")
disk = new_app("""What the kernel says of a disk, on one node or on all.

Examples:
  vx lab disk add /tmp/lab vxd9 --size 2g
  vx lab disk pull /tmp/lab vxd0 --node node1
""")
app.add_typer(disk, name="disk")

DEFAULT_SIZE = "1g"
DEFAULT_DISKS = 4
MAX_DISKS = 10_000
MAX_NODES = 64
"""The largest cluster of the original."""

lab_nodes.add_to(app)
lab_growth.add_to(app)
lab_faults.add_to(app)


@app.command(cls=Command)
def up(
    directory: Directory,
    nodes: Annotated[
        int | None, Option(metavar="N", help="how many nodes: node1, node2, .. (default: 1)")
    ] = None,
    disks: Annotated[
        int | None, Option(metavar="N", help="how many disks: vxd0, vxd1, .. (default: 4)")
    ] = None,
    disk_size: Annotated[str, Option(metavar="SIZE", help="of each disk")] = DEFAULT_SIZE,
    database: Annotated[
        str, Option(metavar="URL", help="keep the logs there, in a schema named after each node")
    ] = "",
    form: Form = "table",
    json: Json = False,
) -> None:
    """Make a lab if there is none, start all of it, and let every node join.

    Examples:
      vx lab up /tmp/lab
      vx lab up /tmp/lab --nodes 3 --disks 6 --disk-size 10g
      vx lab up /tmp/lab --nodes 3 --database postgresql://vx@db1/lab
    """
    chosen = source(form, json)
    if nodes is not None and not 1 <= nodes <= MAX_NODES:
        raise UsageError(f"--nodes {nodes}: between 1 and {MAX_NODES}")
    if disks is not None and not 0 <= disks <= MAX_DISKS:
        raise UsageError(f"--disks {disks}: between 0 and {MAX_DISKS}")
    lab = Lab(directory, database)
    notes = [f"to use it: export VX_HOME={lab.home('node1')}"]
    if lab.exists and disks is not None:
        notes.append(f"it keeps the disks it has; more: vx lab disk add {lab.directory} DEVICE")
    wanted = None if nodes is None and lab.exists else nodes or 1
    names = [f"node{number + 1}" for number in range(wanted or 0)]
    count = DEFAULT_DISKS if disks is None else disks
    began = lab.up(names, count, units.sectors(disk_size))
    done = {name: _did(name in began, "started") for name in ["monitor", *lab.nodes]}
    emit(chosen, "up", {"directory": str(lab.directory), "processes": done, "notes": notes})


@app.command(cls=Command)
def status(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Show what runs, and the disks.

    Examples:
      vx lab status /tmp/lab
      vx lab status /tmp/lab --json
    """
    chosen = source(form, json)
    emit(chosen, "status", Lab(directory).status(), shown.status_text, shown.status_rows)


@app.command(cls=Command)
def kill(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Kill a node's daemon with SIGKILL; the node stays in the cluster.

    Examples:
      vx lab kill /tmp/lab node1
    """
    chosen = source(form, json)
    pid = Lab(directory).kill(node)
    emit(chosen, "kill", {"processes": {node: _did(pid, "killed", "was not running")}})


@app.command(cls=Command)
def start(
    directory: Directory,
    node: Node,
    if_wanted: Annotated[bool, Option("--if-wanted", hidden=True)] = False,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Start a node's daemon again, and the monitor if it does not run.

    Examples:
      vx lab start /tmp/lab node1
    """
    chosen, lab = source(form, json), Lab(directory)
    pid = lab.revive(node) if if_wanted else lab.start(node)
    emit(chosen, "start", {"processes": {node: _did(pid, "started")}})


@app.command(cls=Command)
def down(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Stop daemons and monitor; the directory stays, for `vx lab up`.

    Examples:
      vx lab down /tmp/lab
    """
    chosen = source(form, json)
    lab = Lab(directory)
    stopped = lab.down()
    names = [*lab.nodes, "monitor"]
    done = {name: _did(name in stopped, "stopped", "was not running") for name in names}
    emit(chosen, "down", {"processes": done})


@disk.command("add", cls=Command)
def disk_add(
    directory: Directory,
    device: Device,
    node: OnNode = None,
    size: Annotated[
        str | None, Option(metavar="SIZE", help="of a disk that was never there (default: 1g)")
    ] = None,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Add a disk, or bring a pulled one back.

    Examples:
      vx lab disk add /tmp/lab vxd9 --size 2g
      vx lab disk add /tmp/lab vxd0
    """
    chosen = source(form, json)
    lab = Lab(directory)
    if size is None and device not in lab.monitor.status()["disks"]:
        size = DEFAULT_SIZE
    _disk(chosen, lab, "add", device, node, None if size is None else units.sectors(size))


@disk.command("pull", cls=Command)
def disk_pull(
    directory: Directory,
    device: Device,
    node: OnNode = None,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Pull a disk out.

    Examples:
      vx lab disk pull /tmp/lab vxd0
    """
    _disk(source(form, json), Lab(directory), "pull", device, node)


@disk.command("fail", cls=Command)
def disk_fail(
    directory: Directory,
    device: Device,
    node: OnNode = None,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let a disk fail, without it going away.

    Examples:
      vx lab disk fail /tmp/lab vxd0 --node node1
    """
    _disk(source(form, json), Lab(directory), "fail", device, node)


@disk.command("heal", cls=Command)
def disk_heal(
    directory: Directory,
    device: Device,
    node: OnNode = None,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let a failing disk work again.

    Examples:
      vx lab disk heal /tmp/lab vxd0
    """
    _disk(source(form, json), Lab(directory), "heal", device, node)


def _disk(
    chosen: Source,
    lab: Lab,
    action: str,
    device: str,
    node: str | None,
    size_sectors: int | None = None,
) -> None:
    lab.check(node)
    told = lab.monitor.disk(action, device, node, size_sectors)
    data = {"device": device, "action": action, **told}
    emit(chosen, f"disk.{action}", data, shown.disk_text, output.field_rows)


def _did(done: object, what: str, otherwise: str = "running already") -> str:
    return what if done else otherwise
