"""`vx lab leave|abort|join|master|cut|heal`: what happens to the nodes of a lab's cluster."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer import Argument, Option

from cli import output
from cli.lab_cluster import Lab
from cli.lab_options import Directory, Form, Json, Node, emit, source
from cli.options import Command
from cli.render import lab as shown

LEAVE_WAIT_S = 10.0


def add_to(app: typer.Typer) -> None:
    """Give a group these commands."""
    for function in (leave, abort, join, master, cut, heal):
        app.command(cls=Command)(function)


def leave(
    directory: Directory,
    node: Node,
    wait: Annotated[
        float, Option(metavar="S", help="seconds to wait for volumes in use")
    ] = LEAVE_WAIT_S,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let a node leave cleanly, once none of its volumes is in use; its daemon runs on.

    Examples:
      vx lab leave /tmp/lab node3
      vx lab leave /tmp/lab node3 --wait 60
    """
    lab = _lab(directory, node)
    told = lab.monitor.ask({"op": "leave", "node": node, "wait_s": wait}, wait + 10)
    _node(form, json, "leave", {"node": node, "done": "left", **told})


def abort(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Let a node crash: its daemon is killed, and the others find out.

    Examples:
      vx lab abort /tmp/lab node2
    """
    told = _lab(directory, node).monitor.ask({"op": "abort", "node": node})
    _node(form, json, "abort", {"node": node, "done": "crashed", **told})


def join(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Let a node join that left, crashed or was put out, and wait until it has joined.

    Examples:
      vx lab join /tmp/lab node2
    """
    told = Lab(directory).join(node)
    done = "daemon started, joined" if told.pop("started") else "joined"
    _node(form, json, "join", {"node": node, "done": done, **told})


def master(directory: Directory, node: Node, form: Form = "table", json: Json = False) -> None:
    """Let the kernels choose another master.

    Examples:
      vx lab master /tmp/lab node2
    """
    told = _lab(directory, node).monitor.ask({"op": "setmaster", "node": node})
    _node(form, json, "master", {"node": node, "done": "master", **told})


def cut(
    directory: Directory,
    nodes: Annotated[list[str], Argument(metavar="NODE...", help="the nodes to cut off")],
    form: Form = "table",
    json: Json = False,
) -> None:
    """Cut nodes off from the others; among themselves they stay connected.

    Examples:
      vx lab cut /tmp/lab node3
      vx lab cut /tmp/lab node1 node2
    """
    lab = Lab(directory)
    for node in nodes:
        lab.check(node)
    _network(form, json, "cut", lab.monitor.ask({"op": "cut", "nodes": nodes}))


def heal(directory: Directory, form: Form = "table", json: Json = False) -> None:
    """Connect all nodes again.

    Examples:
      vx lab heal /tmp/lab
    """
    lab = Lab(directory)
    lab.check()
    _network(form, json, "heal", lab.monitor.ask({"op": "heal"}))


def _lab(directory: Any, node: str) -> Lab:
    lab = Lab(directory)
    lab.check(node)
    return lab


def _node(form: str, json: bool, verb: str, data: dict[str, Any]) -> None:
    emit(source(form, json), verb, data, shown.node_text, output.field_rows)


def _network(form: str, json: bool, verb: str, data: dict[str, Any]) -> None:
    emit(source(form, json), verb, data, shown.cut_text, shown.cut_rows)
