"""`vx lab`: a cluster on one machine, on the embedded monitor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from cli import output, units
from cli.failure import UsageError
from cli.lab_cluster import CLUSTER, Lab
from cli.options import Command, new_app
from cli.render.columns import table
from cli.source import Source

app = new_app("""A cluster on one machine, on the embedded monitor.

Examples:
  vx lab up /tmp/lab --disks 6
  vx lab disk pull /tmp/lab vxd0
  vx lab down /tmp/lab
""")
disk = new_app("""What the kernel says of a disk, on one node or on all.

Examples:
  vx lab disk add /tmp/lab vxd9 --size 2g
  vx lab disk pull /tmp/lab vxd0 --node node1
""")
app.add_typer(disk, name="disk")

Directory = Annotated[Path, Argument(metavar="DIR", help="the lab's directory")]
Node = Annotated[str, Argument(metavar="NODE", help="a node, such as node1")]
Device = Annotated[str, Argument(metavar="DEVICE", help="a disk, such as vxd0")]
OnNode = Annotated[
    str | None, Option("--node", metavar="NODE", help="on this node only (default: on all)")
]
Form = Annotated[
    str,
    Option("-o", "--output", metavar="FORM", help="table, plain, tsv, json or ndjson"),
]
Json = Annotated[bool, Option("--json", help="short for -o json")]

DEFAULT_SIZE = "1g"
DEFAULT_DISKS = 4
MAX_DISKS = 10_000


@app.command(cls=Command)
def up(
    directory: Directory,
    nodes: Annotated[int, Option(metavar="N", help="how many nodes; there can be one")] = 1,
    disks: Annotated[
        int | None, Option(metavar="N", help="how many disks: vxd0, vxd1, .. (default: 4)")
    ] = None,
    disk_size: Annotated[str, Option(metavar="SIZE", help="of each disk")] = DEFAULT_SIZE,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Make a lab if there is none, and start all of it.

    Examples:
      vx lab up /tmp/lab
      vx lab up /tmp/lab --disks 6 --disk-size 10g
    """
    source = _source(form, json)
    if nodes != 1:
        raise UsageError(f"--nodes {nodes}: a lab has one node", fix="--nodes 1")
    if disks is not None and not 0 <= disks <= MAX_DISKS:
        raise UsageError(f"--disks {disks}: between 0 and {MAX_DISKS}")
    lab = Lab(directory)
    notes = [f"to use it: export VX_HOME={lab.home('node1')}"]
    if lab.exists and disks is not None:
        notes.append(f"it keeps the disks it has; more: vx lab disk add {lab.directory} DEVICE")
    began = lab.up(["node1"], _wanted(disks), units.sectors(disk_size))
    done = {name: _did(name in began, "started") for name in ["monitor", *lab.nodes]}
    _emit(source, "up", {"directory": str(lab.directory), "processes": done, "notes": notes})


@app.command(cls=Command)
def status(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Show what runs, and the disks.

    Examples:
      vx lab status /tmp/lab
      vx lab status /tmp/lab --json
    """
    source = _source(form, json)
    _emit(source, "status", Lab(directory).status(), _status_text, _status_rows)


@app.command(cls=Command)
def kill(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Kill a node's daemon with SIGKILL; the node stays in the cluster.

    Examples:
      vx lab kill /tmp/lab node1
    """
    source = _source(form, json)
    pid = Lab(directory).kill(node)
    _emit(source, "kill", {"processes": {node: _did(pid, "killed", "was not running")}})


@app.command(cls=Command)
def start(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Start a node's daemon again, and the monitor if it does not run.

    Examples:
      vx lab start /tmp/lab node1
    """
    source = _source(form, json)
    pid = Lab(directory).start(node)
    _emit(source, "start", {"processes": {node: _did(pid, "started")}})


@app.command(cls=Command)
def down(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Stop daemons and monitor; the directory stays, for `vx lab up`.

    Examples:
      vx lab down /tmp/lab
    """
    source = _source(form, json)
    lab = Lab(directory)
    stopped = lab.down()
    names = [*lab.nodes, "monitor"]
    done = {name: _did(name in stopped, "stopped", "was not running") for name in names}
    _emit(source, "down", {"processes": done})


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
    source = _source(form, json)
    lab = Lab(directory)
    if size is None and device not in lab.monitor.status()["disks"]:
        size = DEFAULT_SIZE
    _disk(source, lab, "add", device, node, None if size is None else units.sectors(size))


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
    _disk(_source(form, json), Lab(directory), "pull", device, node)


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
    _disk(_source(form, json), Lab(directory), "fail", device, node)


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
    _disk(_source(form, json), Lab(directory), "heal", device, node)


def _disk(
    source: Source,
    lab: Lab,
    action: str,
    device: str,
    node: str | None,
    size_sectors: int | None = None,
) -> None:
    lab.check(node)
    told = lab.monitor.disk(action, device, node, size_sectors)
    data = {"device": device, "action": action, **told}
    _emit(source, f"disk.{action}", data, _disk_text, output.field_rows)


def _wanted(disks: int | None) -> int:
    return DEFAULT_DISKS if disks is None else disks


def _did(done: object, what: str, otherwise: str = "running already") -> str:
    return what if done else otherwise


def _source(form: str, json: bool) -> Source:
    return Source("vx", output="json" if json else form)


def _emit(
    source: Source,
    verb: str,
    data: dict[str, Any],
    text: Callable[[dict[str, Any], bool], str] | None = None,
    rows: Callable[[dict[str, Any]], output.Rows] | None = None,
) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    answer: dict[str, object] = {"cluster": CLUSTER, "at": now, "data": data}
    output.emit(source, f"lab.{verb}", answer, output.View(text or _done_text, rows or _done_rows))


def _done_text(data: dict[str, Any], _header: bool) -> str:
    lines = [f"{name}: {said}" for name, said in data["processes"].items()]
    return "".join(f"{line}\n" for line in lines + data.get("notes", []))


def _disk_text(data: dict[str, Any], _header: bool) -> str:
    return f"{data['device']}: {data['action']}, told {_names(data['nodes'])}\n"


def _done_rows(data: dict[str, Any]) -> output.Rows:
    return [["NAME", "DONE"], *([name, said] for name, said in data["processes"].items())]


def _status_text(data: dict[str, Any], header: bool) -> str:
    disks = [["DISK", "SECTORS", "ABSENT-ON", "FAILING-ON"]]
    for name, one in sorted(data["monitor"]["disks"].items()):
        conditions = (_names(one["absent_on"]), _names(one["failing_on"]))
        disks.append([name, str(one["size_sectors"]), *conditions])
    return table(_status_rows(data), header=header) + "\n" + table(disks, header=header)


def _status_rows(data: dict[str, Any]) -> output.Rows:
    monitor = data["monitor"]
    rows = [["NAME", "STATE", "PID", "ROLE", "POSITIONS"]]
    rows.append(["monitor", monitor["state"], output.cell(monitor["pid"]), "-", "-"])
    for node in data["nodes"]:
        at = _names([f"{log}@{position}" for log, position in node["positions"].items()])
        cells = [node["node"], node["state"], node["pid"], node["role"], at]
        rows.append([output.cell(part) for part in cells])
    return rows


def _names(names: Sequence[str]) -> str:
    return ",".join(names) or "-"
