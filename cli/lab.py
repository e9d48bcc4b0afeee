"""`vx lab`: a cluster on one machine, on the embedded monitor."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output, units
from cli.failure import UsageError
from cli.lab_cluster import Lab
from cli.render.columns import table
from cli.source import Source

_HELP: dict[str, Any] = {
    "no_args_is_help": True,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    name="lab",
    help="A cluster on one machine, on the embedded monitor.",
    add_completion=False,
    pretty_exceptions_enable=False,
    **_HELP,
)
disk = typer.Typer(help="What the kernel says of a disk, on one node or on all.", **_HELP)
app.add_typer(disk, name="disk")

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="the lab's directory")]
Node = Annotated[str, typer.Argument(metavar="NODE", help="a node, such as node1")]
Device = Annotated[str, typer.Argument(metavar="DEVICE", help="a disk, such as vxd0")]
OnNode = Annotated[str | None, typer.Option("--node", help="one node only (default: all)")]

DEFAULT_SIZE = "1g"
DEFAULT_DISKS = 4
MAX_DISKS = 10_000


@app.command()
def up(
    directory: Directory,
    nodes: Annotated[int, typer.Option(help="how many nodes: 1 for now")] = 1,
    disks: Annotated[
        int | None, typer.Option(help="how many shared disks: vxd0, vxd1, ... (default: 4)")
    ] = None,
    disk_size: Annotated[str, typer.Option(help="size of each disk")] = DEFAULT_SIZE,
) -> None:
    """Make a lab if there is none, and start all of it.

    vx lab up /tmp/lab --disks 6
    """
    if nodes != 1:
        raise UsageError(
            f"--nodes {nodes}: a lab has one node",
            cause="clusters of more nodes come later",
            fix="--nodes 1",
        )
    if disks is not None and not 0 <= disks <= MAX_DISKS:
        raise UsageError(f"--disks {disks}: between 0 and {MAX_DISKS}")
    lab = Lab(directory)
    has_disks = lab.exists and disks is not None
    wanted = DEFAULT_DISKS if disks is None else disks
    began = lab.up(["node1"], wanted, units.sectors(disk_size))
    if has_disks:
        _say(f"the lab was there: it keeps its disks (more: vx lab disk add {directory} DEVICE)")
    for name in ["monitor", *lab.nodes]:
        _say(f"{name}: {'started' if name in began else 'running already'}")
    for node in lab.nodes:
        _say(f"to use {node}: export VX_HOME={lab.home(node)}")


@app.command()
def status(
    directory: Directory,
    form: Annotated[str, typer.Option("-o", "--output", help="table, plain, tsv, json")] = "table",
    json: Annotated[bool, typer.Option("--json", help="short for -o json")] = False,
) -> None:
    """Show what runs, and the disks.

    vx lab status /tmp/lab --json
    """
    source = Source("vx", output="json" if json else form)
    data = Lab(directory).status()
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    answer: dict[str, object] = {"cluster": "lab", "log": None, "position": None, "at": now}
    output.emit(source, "lab.status", {**answer, "data": data}, output.View(_text, _rows))


@app.command()
def kill(directory: Directory, node: Node) -> None:
    """Kill a node's daemon with SIGKILL; the node stays in the cluster.

    vx lab kill /tmp/lab node1
    """
    pid = Lab(directory).kill(node)
    _say(f"{node}: killed (pid {pid})" if pid else f"{node}: is not running")


@app.command()
def start(directory: Directory, node: Node) -> None:
    """Start a node's daemon again, and the monitor if it does not run.

    vx lab start /tmp/lab node1
    """
    pid = Lab(directory).start(node)
    _say(f"{node}: started (pid {pid})" if pid else f"{node}: running already")


@app.command()
def down(directory: Directory) -> None:
    """Stop daemons and monitor; the directory stays, for `vx lab up`.

    vx lab down /tmp/lab
    """
    lab = Lab(directory)
    stopped = lab.down()
    for name in [*lab.nodes, "monitor"]:
        _say(f"{name}: {'stopped' if name in stopped else 'was not running'}")


@disk.command("add")
def disk_add(
    directory: Directory,
    device: Device,
    node: OnNode = None,
    size: Annotated[str | None, typer.Option("--size", help="size of a new disk")] = None,
) -> None:
    """Add a disk, or bring a pulled one back.

    vx lab disk add /tmp/lab vxd9 --size 2g
    """
    lab = Lab(directory)
    is_known = device in lab.monitor.status()["disks"]
    text = size if is_known else size or DEFAULT_SIZE
    _disk(lab, "add", device, node, None if text is None else units.sectors(text))


@disk.command("pull")
def disk_pull(directory: Directory, device: Device, node: OnNode = None) -> None:
    """Pull a disk out.

    vx lab disk pull /tmp/lab vxd0
    """
    _disk(Lab(directory), "pull", device, node)


@disk.command("fail")
def disk_fail(directory: Directory, device: Device, node: OnNode = None) -> None:
    """Let a disk fail, without it going away.

    vx lab disk fail /tmp/lab vxd0 --node node1
    """
    _disk(Lab(directory), "fail", device, node)


@disk.command("heal")
def disk_heal(directory: Directory, device: Device, node: OnNode = None) -> None:
    """Let a failing disk work again.

    vx lab disk heal /tmp/lab vxd0
    """
    _disk(Lab(directory), "heal", device, node)


def _disk(
    lab: Lab, action: str, device: str, node: str | None, size_sectors: int | None = None
) -> None:
    lab.check(node)
    told = lab.monitor.disk(action, device, node, size_sectors)
    _say(f"{device}: {action}, told {', '.join(told['nodes'])}")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _text(data: dict[str, Any], header: bool) -> str:
    disks = [["DISK", "SECTORS", "ABSENT ON", "FAILING ON"]]
    disks += [
        [
            name,
            str(one["size_sectors"]),
            " ".join(one["absent_on"]) or "-",
            " ".join(one["failing_on"]) or "-",
        ]
        for name, one in sorted(data["monitor"]["disks"].items())
    ]
    return table(_rows(data), header=header) + "\n" + table(disks, header=header)


def _rows(data: dict[str, Any]) -> output.Rows:
    head = [["NAME", "STATE", "PID", "ROLE", "POSITIONS"]]
    monitor = data["monitor"]
    head.append(["monitor", monitor["state"], output.cell(monitor["pid"]), "-", "-"])
    for node in data["nodes"]:
        at = " ".join(f"{log}@{position}" for log, position in node["positions"].items())
        cells = [node["node"], node["state"], node["pid"], node["role"], at]
        head.append([output.cell(part) for part in cells])
    return head
