"""`vx lab add|remove`: a node more in a lab's cluster, and one less (B11).

The cluster's log says which nodes count; the monitor, and the homes, follow it.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

import typer

from cli import ask, exit_codes, lab_homes, output
from cli.lab_cluster import Lab
from cli.lab_options import Directory, Form, Json, Node, emit, source
from cli.options import Command
from cli.render import lab as shown
from daemon.errors import RequestFailed
from daemon.wire import control

REMOVED = "removed"
"""Where the homes of removed nodes are kept."""


def add_to(app: typer.Typer) -> None:
    """Give a group these commands."""
    for function in (add, remove):
        app.command(cls=Command)(function)


def add(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Add a node to the cluster, start it, and wait until it has joined.

    What was begun, and did not come to its end, is gone on with.

    Examples:
      vx lab add /tmp/lab
    """
    lab = Lab(directory)
    lab.check()
    said = lab.monitor.ask({"op": "status"})
    node = _next_name(lab, said["nodes"])
    founders = _founders(lab)
    cluster_id = said["members"]["cluster_id"]
    with lab.locked():
        lab_homes.make_joining(lab.directory, node, founders, cluster_id, lab.monitor.socket)
        if not _is_configured(lab, node):
            _change(lab, "cluster.add", node)
        lab.monitor.ask({"op": "add", "node": node})
    told = lab.join(node)
    told.pop("started")
    data = {"node": node, "done": "added, daemon started, joined", **told}
    emit(source(form, json), "add", data, shown.node_text, output.field_rows)


def remove(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Let a node leave, and count it no more; its home is kept in DIR/removed.

    Examples:
      vx lab remove /tmp/lab node4
    """
    lab = Lab(directory)
    lab.check(node)
    seen = lab.monitor.node(node) or {}
    if seen.get("member"):
        lab.monitor.ask({"op": "leave", "node": node})
    # The others take note of it in a term of its own; only then is it none of the members.
    lab.wait_until_joined([name for name in lab.nodes if name != node])
    _change(lab, "cluster.remove", node)
    told = lab.monitor.ask({"op": "remove", "node": node})
    with lab.locked():
        lab.stop(node)
        kept = lab.directory / REMOVED
        kept.mkdir(exist_ok=True)
        shutil.move(lab.home(node), kept / f"{node}-{time.strftime('%Y%m%d-%H%M%S')}")
    data = {"node": node, "done": "removed", **told}
    emit(source(form, json), "remove", data, shown.node_text, output.field_rows)


def _next_name(lab: Lab, known: list[str]) -> str:
    """Return a name that no node has, nor had: what it left behind names it."""
    gone = (home.name.partition("-")[0] for home in (lab.directory / REMOVED).glob("node*"))
    return f"node{1 + max(int(name.removeprefix('node')) for name in (*known, *gone))}"


def _is_configured(lab: Lab, node: str) -> bool:
    """Whether the cluster's log has a node already: an earlier call came so far."""
    known = _asked(lab, control.query("status", {}))["nodes"]
    return node in [seen["node"] for seen in known]


def _founders(lab: Lab) -> list[str]:
    """Return the nodes with which the cluster began: every home begins as theirs (B0).

    Raises:
        RequestFailed: no daemon answers, or the cluster has no peers.

    """
    first = _asked(lab, control.query("show", {}, at=ask.moment("shared@1")))
    found = [str(name) for name in first["events"][0]["nodes"]]
    if len(found) == 1:
        raise RequestFailed(
            "V-5-1-9143",
            f"the lab in {lab.directory} was made for one node",
            cause="its daemon listens for no peers, and has no certificate",
            fix="make a lab of several nodes: 'vx lab up DIR --nodes N'",
        )
    return found


def _change(lab: Lab, verb: str, node: str) -> None:
    """Let the cluster change its configured nodes.

    Raises:
        RequestFailed: it refuses, or no daemon answers.

    """
    request = control.command(
        verb,
        {"node": node},
        request_id=ask.new_id(),
        cmdline=f"vx lab {verb.removeprefix('cluster.')} {lab.directory}",
        program="vx",
    )
    _asked(lab, request, but=node)


def _asked(lab: Lab, request: dict[str, object], but: str = "") -> dict[str, Any]:
    """Ask the first node that takes part."""
    able = [node for node in lab.nodes if node != but and lab.has_joined(node)]
    if not able:
        raise RequestFailed(
            "V-5-1-9144",
            f"no other daemon of the lab in {lab.directory} takes part in the cluster",
            cause="the cluster changes its nodes, and nobody is there to ask",
            fix=f"vx lab up {lab.directory}",
            exit_code=exit_codes.UNAVAILABLE,
        )
    with lab.client(able[0]) as client:
        data: Any = client.ask(request)["data"]
    return dict(data)
