"""`vx lab fault|io|restart`: how a lab's monitor tells, holds, and starts what died."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer import Argument, Option

from cli import ask, exit_codes, output
from cli.failure import UsageError
from cli.lab_cluster import Lab
from cli.lab_options import Directory, Form, Json, Node, emit, source
from cli.options import Command
from cli.render import lab as shown
from cli.source import Source
from daemon.errors import RequestFailed

LOADS = {"busy": "busy", "stuck": "stuck", "end": None}
SWITCHES = ("on", "off")


def add_to(app: typer.Typer) -> None:
    """Give a group these commands."""
    for function in (fault, io, restart):
        app.command(cls=Command)(function)


def fault(
    directory: Directory,
    *,
    late: Annotated[int, Option(metavar="MS", help="tell views so much later")] = 0,
    doubled: Annotated[bool, Option("--doubled", help="tell each view twice")] = False,
    reordered: Annotated[
        bool, Option("--reordered", help="tell the view before each one after it")
    ] = False,
    detect: Annotated[
        int, Option(metavar="MS", help="find out so much later what happened to a node")
    ] = 0,
    node: Annotated[
        list[str] | None, Option(metavar="NODE", help="on this node only; may be repeated")
    ] = None,
    off: Annotated[bool, Option("--off", help="no faults any more")] = False,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let the monitor misbehave, within what the protocol allows; what is not named is off.

    Examples:
      vx lab fault /tmp/lab --late 500 --doubled --node node2
      vx lab fault /tmp/lab --detect 2000
      vx lab fault /tmp/lab --off
    """
    chosen, lab = source(form, json), Lab(directory)
    lab.check()
    wanted: dict[str, Any] = {
        "late_ms": late,
        "doubled": doubled,
        "reordered": reordered,
        "detect_ms": detect,
    }
    if off == any(wanted.values()):
        raise UsageError("name a fault, or --off", fix="vx lab fault --help")
    for name in node or ():
        lab.check(name)
    told = lab.monitor.ask({"op": "fault", **wanted, "only": node or []})
    emit(chosen, "fault", told, shown.faults_text, output.field_rows)


def io(
    directory: Directory,
    node: Node,
    load: Annotated[str, Argument(metavar="busy|stuck|end", help="what I/O does to a hold")],
    volume: Annotated[
        str | None, Argument(metavar="DG/VOLUME", help="on this volume (default: on any)")
    ] = None,
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let I/O be in flight on a node: a change of the volume waits for it, or fails.

    Examples:
      vx lab io /tmp/lab node2 busy datadg/vol01
      vx lab io /tmp/lab node2 stuck
      vx lab io /tmp/lab node2 end datadg/vol01
    """
    chosen, lab = source(form, json), Lab(directory)
    lab.check(node)
    if load not in LOADS:
        raise UsageError(f"{load!r} is nothing that I/O does", fix=f"use {', '.join(LOADS)}")
    key = None if volume is None else _record(lab, node, volume)
    told = lab.monitor.ask({"op": "io", "node": node, "load": LOADS[load], "volume": key})
    said = f"I/O {'ended' if load == 'end' else load}" + (f" on {volume}" if volume else "")
    data = {"node": node, "done": said, **told}
    emit(chosen, "io", data, shown.node_text, output.field_rows)


def _record(lab: Lab, node: str, volume: str) -> list[object]:
    """Return the record ID of a volume, as the daemon names it to its kernel."""
    found: Any = ask.read(Source("vx", home=str(lab.home(node))), "get", {"object": volume})[
        "data"
    ]
    if found["type"] != "v":
        raise RequestFailed("V-5-1-9084", f"{volume} is no volume", exit_code=exit_codes.NOT_FOUND)
    group, _mark, number = found["rid"].rpartition("#")
    return [group, int(number)]


def restart(
    directory: Directory,
    switch: Annotated[str, Argument(metavar="on|off")],
    form: Form = "table",
    json: Json = False,
) -> None:
    """Let daemons that are found dead be started again (E6), or not.

    Examples:
      vx lab restart /tmp/lab on
    """
    chosen, lab = source(form, json), Lab(directory)
    if switch not in SWITCHES:
        raise UsageError(f"{switch!r} is neither on nor off")
    told = lab.restart(on=switch == "on")
    view = "daemons that are found dead are {}started again\n"
    emit(
        chosen,
        "restart",
        told,
        lambda data, _header: view.format("" if data["restart"] else "not "),
        output.field_rows,
    )
