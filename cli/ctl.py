"""`vx ctl`, `vxdctl`: how the daemon is, in the original's words."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from cli import ask, output
from cli.options import Command, asks, new_app
from cli.source import Source
from daemon.errors import Unreachable

app = new_app("""The configuration daemon: its mode, and what it was told of itself.

Examples:
  vxdctl mode
  vxdctl -c mode
  vxdctl list
""")

_ROLES = {"master": "MASTER", "slave": "SLAVE"}


@app.command(cls=Command)
@asks
def mode(
    source: Source,
    cluster: Annotated[bool, Option("-c", help="and the node's role in the cluster")] = False,
) -> None:
    """Say whether the daemon serves; `not-running` is an answer too.

    Examples:
      vxdctl mode
      vxdctl -c mode
    """
    answer: ask.Answer = {}
    try:
        answer = ask.read(source, "status", {})
        answer["data"] = _mode(answer["data"])
    except Unreachable:
        answer["data"] = {"mode": "not-running", "role": None, "master": None}
    output.emit(source, "ctl.mode", answer, output.View(lambda d, _h: _mode_text(d, cluster)))


@app.command("list", cls=Command)
@asks
def list_(source: Source) -> None:
    """Show what the daemon was told of itself when its home was made.

    Examples:
      vxdctl list
    """
    answer = ask.read(source, "status", {})
    answer["data"] = _identity(answer["data"])
    output.emit(source, "ctl.list", answer, output.View(_identity_text))


def _mode(status: Any) -> dict[str, object]:
    masters = [node["node"] for node in status["nodes"] if node["role"] == "master"]
    return {
        "mode": "enabled" if status["state"] == "serving" else "disabled",
        "role": _ROLES.get(status["role"]),
        "master": masters[0] if masters else None,
    }


def _mode_text(data: Any, cluster: bool) -> str:
    said = f"mode: {data['mode']}"
    if not cluster or data["mode"] != "enabled":
        return f"{said}\n"
    if data["master"] is None:
        return f"{said}: cluster inactive\n"
    role = data["role"] or "role not set"
    return f"{said}: cluster active - {role}\nmaster: {output.cell(data['master'])}\n"


def _identity(status: Any) -> dict[str, object]:
    return {
        "hostid": status["node"],
        "cluster": status["cluster"],
        "home": status["daemon"]["home"],
        "version": status["daemon"]["version"],
        "term": status["term"],
    }


def _identity_text(data: Any, _header: bool) -> str:
    return "".join(f"{key}: {output.cell(value)}\n" for key, value in data.items())
