"""`vx ctl`, `vxdctl`: how the daemon is, in the original's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from typer import Option

from cli import ask, output
from cli.changes import perform
from cli.options import Change, Command, asks, new_app, writes
from cli.source import Source
from daemon.errors import Unreachable
from daemon.version import DISK_GROUP_MAX, DISK_GROUP_MIN, PROTOCOL_MAX, PROTOCOL_MIN

app = new_app("""The configuration daemon: whether it takes changes, what it was told of itself.

Examples:
  vxdctl mode
  vxdctl -c mode
  vxdctl enable
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
        status: Any = answer["data"]
        joining = status["role"] == "joining"
        answer["data"] = _mode(status, _master(source) if joining else None)
    except Unreachable:
        nothing = dict.fromkeys(("role", "master", "state", "reconfig"))
        answer["data"] = {"mode": "not-running", **nothing}
    output.emit(source, "ctl.mode", answer, output.View(lambda d, _h: _mode_text(d, cluster)))


@app.command(cls=Command)
@writes
def enable(change: Change) -> None:
    """Let the daemon take changes, and look at all devices.

    Examples:
      vxdctl enable
    """
    perform(change, "ctl.enable", {})


@app.command(cls=Command)
@writes
def disable(change: Change) -> None:
    """Let the daemon refuse changes until it is enabled; questions are answered all the while.

    Examples:
      vxdctl disable
      vxdctl disable -m "maintenance until noon"
    """
    perform(change, "ctl.disable", {})


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


@app.command(cls=Command)
@asks
def protocolversion(source: Source) -> None:
    """Say which protocol the cluster speaks.

    Examples:
      vxdctl protocolversion
    """
    answer = ask.read(source, "status", {})
    answer["data"] = {"protocol": _protocol(answer["data"])}
    text = "Cluster running at protocol {protocol}\n"
    output.emit(source, "ctl.protocolversion", answer, output.View(_formatted(text)))


@app.command(cls=Command)
@asks
def protocolrange(source: Source) -> None:
    """Say which protocols this program speaks; needs no daemon.

    Examples:
      vxdctl protocolrange
    """
    data = {"minprotoversion": PROTOCOL_MIN, "maxprotoversion": PROTOCOL_MAX}
    text = "minprotoversion: {minprotoversion}, maxprotoversion: {maxprotoversion}\n"
    output.emit(source, "ctl.protocolrange", {"data": data}, output.View(_formatted(text)))


@app.command(cls=Command)
@asks
def support(source: Source) -> None:
    """Say which versions of daemon, disk groups and protocol are supported.

    Examples:
      vxdctl support
    """
    answer = ask.read(source, "status", {})
    status: Any = answer["data"]
    answer["data"] = {
        "vxconfigd_vrsn": status["daemon"]["version"],
        "dg_minimum": DISK_GROUP_MIN,
        "dg_maximum": DISK_GROUP_MAX,
        "protocol_minimum": PROTOCOL_MIN,
        "protocol_maximum": PROTOCOL_MAX,
        "protocol_current": _protocol(status),
    }
    view = output.View(lambda data, _header: "Support information:\n" + _keys(data))
    output.emit(source, "ctl.support", answer, view)


def _master(source: Source) -> object:
    """Return the master that the kernel named: until it is elected no status says who it is."""
    cluster: Any = ask.read(source, "cluster", {})["data"]
    return cluster["master"]


def _mode(status: Any, named: object) -> dict[str, object]:
    masters = [node["node"] for node in status["nodes"] if node["role"] == "master"]
    master = named or (masters[0] if masters else None)
    joining = status["role"] == "joining" and master is not None
    is_master_to_be = joining and master == status["node"]
    return {
        "mode": (status.get("mode") or "enabled") if status["state"] == "serving" else "disabled",
        "role": "SLAVE" if joining and not is_master_to_be else _ROLES.get(status["role"]),
        "master": master,
        "state": "joining" if joining else None,
        "reconfig": "master update" if is_master_to_be else None,
    }


def _mode_text(data: Any, cluster: bool) -> str:
    said = f"mode: {data['mode']}"
    if not cluster or data["mode"] != "enabled":
        return f"{said}\n"
    if data["master"] is None:
        return f"{said}: cluster inactive\n"
    role = data["role"] or "role not set"
    said = f"{said}: cluster active - {role}\nmaster: {output.cell(data['master'])}\n"
    return said + _keys({key: data[key] for key in ("state", "reconfig") if data[key] is not None})


def _identity(status: Any) -> dict[str, object]:
    positions = [log["position"] for log in status["logs"] if log["log"] != "shared"]
    return {
        "hostid": status["node"],
        "cluster": status["cluster"],
        "protocol": _protocol(status),
        "position": positions[0] if positions else 0,
        "home": status["daemon"]["home"],
    }


def _identity_text(data: Any, _header: bool) -> str:
    """Return it as the original does; its counter of changes is our position."""
    return "Volboot file\n" + _keys(
        {
            "version": "3/1",
            "seqno": f"0.{data['position']}",
            "cluster protocol version": data["protocol"],
            "hostid": data["hostid"],
        }
    )


def _protocol(status: Any) -> object:
    return status["daemon"].get("protocol")


def _formatted(text: str) -> Callable[..., str]:
    return lambda data, _header: text.format(**data)


def _keys(data: dict[str, object]) -> str:
    return "".join(f"{key}: {output.cell(value)}\n" for key, value in data.items())
