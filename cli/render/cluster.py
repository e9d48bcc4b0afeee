"""The cluster's nodes as `vxclustadm` shows them. Pure."""

from __future__ import annotations

from typing import Any

from cli import output

_COLUMNS = "{:<32} {:<10} {:<10} {}"
OUT = "out of cluster"


def nidmap_text(data: dict[str, Any], header: bool) -> str:
    """Return numbers and states of the configured nodes."""
    if data["state"] == OUT:
        return "Out of cluster: No mapping information available\n"
    rows = nidmap_rows(data)
    lines = [_COLUMNS.format(*row) for row in (rows if header else rows[1:])]
    return "".join(f"{line}\n" for line in lines)


def nidmap_rows(data: dict[str, Any]) -> output.Rows:
    """Return the same as rows; the cluster monitor numbers the nodes as the daemons do."""
    nodes = data["nodes"]
    rows = [[node["name"], str(node["nid"]), str(node["cm_nid"]), node["state"]] for node in nodes]
    return [["Name", "CVM Nid", "CM Nid", "State"], *rows]


def node_word(node: dict[str, Any], master: object) -> str:
    """Return what a node is, in the original's words."""
    if not node["member"]:
        return "Out of Cluster"
    if not node["joined"]:
        return "Joining"
    return "Joined: Master" if node["name"] == master else "Joined: Slave"


def nodestate_text(data: dict[str, Any], verbose: bool) -> str:
    """Return what this node is in the cluster; `verbose` adds numbers and bit maps."""
    said = f"state: {data['state']}\n"
    if data["state"] == OUT:
        return f"{said}reason: {data['reason'] or 'not known'}\n"
    if verbose:
        fields = {
            "nodeId": data["node_id"],
            "masterId": output.cell(data["master_id"]),
            "neighborId": output.cell(data["neighbor_id"]),
            "members": hex(data["members"]),
            "joiners": hex(data["joiners"]),
            "leavers": hex(data["leavers"]),
            "reconfig_seqnum": hex(data["reconfig_seqnum"]),
            "vxfen": "off",
        }
        said += "".join(f"        {name}={value}\n" for name, value in fields.items())
    if data["reconfig"]:
        said += f"reconfig: {data['reconfig']}\n"
    return said


def nodestate(cluster: dict[str, Any], reason: str | None) -> dict[str, Any]:
    """Return what `nodestate` says, out of the membership as the daemon has it."""
    nodes = cluster["nodes"]
    inside = [node for node in nodes if node["member"]]
    ids = {node["name"]: node["nid"] for node in nodes}
    mine = ids.get(cluster["here"])
    out = cluster["state"] == OUT
    return {
        "state": cluster["state"],
        "reason": reason if out else None,
        "reconfig": cluster["reconfig"],
        "node_id": mine,
        "master_id": None if out else ids.get(cluster["master"]),
        "neighbor_id": None if out else _neighbour([n["nid"] for n in inside], mine),
        "members": _bits(node["nid"] for node in inside if node["joined"]),
        "joiners": _bits(node["nid"] for node in inside if not node["joined"]),
        "leavers": _bits(n["nid"] for n in nodes if n["joined"] and not n["member"]),
        "reconfig_seqnum": cluster["number"] or 0,
    }


def _neighbour(inside: list[int], mine: int | None) -> int | None:
    """Return the next node in the ring of those that are in."""
    if mine is None or not inside:
        return None
    return min((nid for nid in inside if nid > mine), default=min(inside))


def _bits(numbers: Any) -> int:
    return sum(1 << number for number in numbers)
