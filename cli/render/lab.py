"""What a lab's commands say: what was started and stopped, what runs, who is in the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli import output
from cli.render.columns import table


def done_text(data: dict[str, Any], _header: bool) -> str:
    """Return what became of each process, one a line, and the notes."""
    lines = [f"{name}: {said}" for name, said in data["processes"].items()]
    return "".join(f"{line}\n" for line in lines + data.get("notes", []))


def done_rows(data: dict[str, Any]) -> output.Rows:
    """Return what became of each process."""
    return [["NAME", "DONE"], *([name, said] for name, said in data["processes"].items())]


def disk_text(data: dict[str, Any], _header: bool) -> str:
    """Return what happened to a disk, and who was told."""
    return f"{data['device']}: {data['action']}, told {names(data['nodes'])}\n"


def node_text(data: dict[str, Any], _header: bool) -> str:
    """Return what happened to a node, and who sees another view since."""
    told = f", told {names(data['nodes'])}" if data["nodes"] else ""
    return f"{data['node']}: {data['done']}{told}\n"


def cut_text(data: dict[str, Any], _header: bool) -> str:
    """Return who does not reach whom."""
    if not data["cut"]:
        return "every node reaches every other\n"
    return "".join(f"{one} and {other} do not reach each other\n" for one, other in data["cut"])


def cut_rows(data: dict[str, Any]) -> output.Rows:
    """Return the pairs that do not reach each other."""
    return [["NODE", "CUT-FROM"], *data["cut"]]


def faults_text(data: dict[str, Any], _header: bool) -> str:
    """Return how the monitor misbehaves."""
    said = [
        *([f"views are {data['late_ms']} ms late"] if data["late_ms"] else []),
        *(["views are told twice"] if data["doubled"] else []),
        *(["views are told in another order"] if data["reordered"] else []),
        *(
            [f"what happens is found out {data['detect_ms']} ms later"]
            if data["detect_ms"]
            else []
        ),
    ]
    about = f" (on {names(data['only'])})" if said and data["only"] else ""
    return (", ".join(said) or "no faults") + about + "\n"


def status_text(data: dict[str, Any], header: bool) -> str:
    """Return processes, then what is wrong with the network, then disks."""
    monitor = data["monitor"]
    disks = [["DISK", "SECTORS", "ABSENT-ON", "FAILING-ON"]]
    for name, one in sorted(monitor["disks"].items()):
        conditions = (names(one["absent_on"]), names(one["failing_on"]))
        disks.append([name, str(one["size_sectors"]), *conditions])
    said = table(status_rows(data), header=header)
    if monitor["cut"]:
        said += "\n" + cut_text(monitor, header)
    if monitor["faults"] and faults_text(monitor["faults"], header) != "no faults\n":
        said += "\nfaults: " + faults_text(monitor["faults"], header)
    if monitor["restart"]:
        said += "\ndaemons that are found dead are started again\n"
    return said + "\n" + table(disks, header=header)


def status_rows(data: dict[str, Any]) -> output.Rows:
    """Return the monitor and every node: what runs, and who is in the cluster."""
    monitor = data["monitor"]
    rows = [["NAME", "STATE", "PID", "ROLE", "CLUSTER", "POSITIONS"]]
    rows.append(["monitor", monitor["state"], output.cell(monitor["pid"]), "-", "-", "-"])
    for node in data["nodes"]:
        at = names([f"{log}@{position}" for log, position in node["positions"].items()])
        part = _part(node, monitor["views"])
        cells = [node["node"], node["state"], node["pid"], node["role"], part, at]
        rows.append([output.cell(part) for part in cells])
    return rows


def _part(node: dict[str, Any], views: list[dict[str, Any]]) -> str | None:
    """Return a node's part in the cluster, as the monitor has it."""
    seen = node["cluster"]
    if seen is None:
        return None
    if not seen["member"]:
        return f"out: {seen['reason']}"
    if not any(view["quorate"] for view in views if node["node"] in view["nodes"]):
        return "not in quorum"
    return "joined" if seen["joined"] else "joining"


def names(some: Sequence[str]) -> str:
    """Return names with commas, or a dash."""
    return ",".join(some) or "-"
