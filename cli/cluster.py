"""`vx cluster`, `vxclustadm`: the cluster's nodes, and this node's part, in the original's words.

What is so the daemon says; what is to happen is asked of the cluster monitor, whose socket is in
the home's config.toml.
"""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Option

from cli import ask, exit_codes, output
from cli.changes import perform
from cli.failure import UsageError
from cli.options import Change, Command, asks, destroys, new_app, writes
from cli.render import cluster as shown
from cli.render.lab import node_text
from cli.source import Source
from daemon.errors import RequestFailed
from daemon.wire import control

app = new_app("""The cluster's nodes: numbers and states, and what is to become of this one.

Examples:
  vxclustadm nidmap
  vxclustadm -v nodestate
  vxclustadm setmaster node2
  vxclustadm stopnode
  vx cluster add node4
""")

LEAVE_WAIT_S = 10.0
NodeName = Annotated[str, Argument(metavar="NODE", help="the node")]


@app.command(cls=Command)
@asks
def nidmap(source: Source) -> None:
    """Show the configured nodes with their numbers, and which have joined.

    Examples:
      vxclustadm nidmap
    """
    answer = ask.read(source, "cluster", {})
    cluster: Any = answer["data"]
    master = cluster["master"]
    nodes = [
        {
            **{key: node[key] for key in ("name", "nid", "role")},
            "cm_nid": node["nid"],
            "state": shown.node_word(node, master),
        }
        for node in cluster["nodes"]
    ]
    answer["data"] = {"state": cluster["state"], "master": master, "nodes": nodes}
    view = output.View(shown.nidmap_text, shown.nidmap_rows)
    output.emit(source, "cluster.nidmap", answer, view)


@app.command(cls=Command)
@asks
def nodestate(
    source: Source,
    verbose: Annotated[bool, Option("-v", help="and numbers of nodes, and bit maps")] = False,
) -> None:
    """Say whether this node is a member, and why not if it is out.

    Examples:
      vxclustadm nodestate
      vxclustadm -v nodestate
    """
    answer = ask.read(source, "cluster", {})
    cluster: Any = answer["data"]
    reason = _reason(source, cluster["here"]) if cluster["state"] == shown.OUT else None
    answer["data"] = shown.nodestate(cluster, reason)
    view = output.View(lambda data, _header: shown.nodestate_text(data, verbose))
    output.emit(source, "cluster.nodestate", answer, view)


@app.command(cls=Command)
@asks
def startnode(
    source: Source,
    m: Annotated[str | None, Option("-m", hidden=True)] = None,
    t: Annotated[str | None, Option("-t", hidden=True)] = None,
    c: Annotated[str | None, Option("-C", hidden=True)] = None,
    j: Annotated[str | None, Option("-j", hidden=True)] = None,
) -> None:
    """Let this node join the cluster; `nodestate` says when it has.

    Examples:
      vxclustadm startnode
      vxclustadm -m vcs -t gab startnode
    """
    del m, t, c, j  # which cluster manager and which transport: here there is one of each
    _ask_monitor(source, "startnode", "joining", {"op": "join"})


@app.command(cls=Command)
@asks
def stopnode(source: Source) -> None:
    """Let this node leave the cluster, once none of its shared volumes is in use (B8).

    Examples:
      vxclustadm stopnode
      vxclustadm stopnode --timeout 60
    """
    wait_s = LEAVE_WAIT_S if source.timeout_s is None else source.timeout_s
    _ask_monitor(source, "stopnode", "left", {"op": "leave", "wait_s": wait_s}, wait_s + 10)


@app.command(cls=Command)
@asks
def abortnode(source: Source) -> None:
    """Let this node drop out of the cluster at once, as a crash does; its daemon is killed.

    Examples:
      vxclustadm abortnode
    """
    _ask_monitor(source, "abortnode", "crashed", {"op": "abort"})


@app.command(cls=Command)
@asks
def setmaster(
    source: Source, node: Annotated[str, Argument(metavar="NODE", help="the new master")]
) -> None:
    """Let another node be master.

    Examples:
      vxclustadm setmaster node2
    """
    _ask_monitor(source, "setmaster", "master", {"op": "setmaster", "node": node})


@app.command(cls=Command)
@asks
def reinit(
    source: Source,
    m: Annotated[str | None, Option("-m", hidden=True)] = None,
) -> None:
    """Compare the cluster monitor's nodes with those of the shared log.

    Examples:
      vxclustadm reinit
    """
    del m
    answer = ask.read(source, "cluster", {})
    cluster: Any = answer["data"]
    ours = [node["name"] for node in cluster["nodes"]]
    theirs = _monitor_of(source).ask({"op": "status"})["nodes"]
    if ours != theirs:
        raise RequestFailed(
            "V-5-1-9085",
            "the cluster monitor has other nodes than the cluster",
            cause=f"the monitor has {', '.join(theirs)}; the shared log {', '.join(ours)}",
            fix="name the right monitor in config.toml, or 'vx cluster add' or 'remove' the node",
            rule="B11",
            exit_code=exit_codes.REJECTED,
        )
    answer["data"] = {"nodes": ours}
    text = f"{len(ours)} node(s), as before: {', '.join(ours)}\n"
    output.emit(source, "cluster.reinit", answer, output.View(lambda _d, _h: text))


@app.command(cls=Command)
@writes
def add(change: Change, node: NodeName) -> None:
    """Let a node be one of the cluster's; it joins once it is started.

    Examples:
      vx cluster add node4
      vx cluster add node4 --dry-run
    """
    perform(change, "cluster.add", {"node": node})


@app.command(cls=Command)
@destroys
def remove(change: Change, node: NodeName) -> None:
    """Let a node that has left be none of the cluster's any more: it does not count then.

    Examples:
      vx cluster remove node3 --yes
    """
    change.confirm(f"Remove node {node} from the cluster for good?")
    perform(change, "cluster.remove", {"node": node})


def _ask_monitor(
    source: Source, verb: str, done: str, request: dict[str, Any], patience_s: float = 20.0
) -> None:
    """Ask the cluster monitor for something about this node, or the one that is named."""
    monitor = _monitor_of(source)
    node = request.get("node") or _settings(source).node.name
    told = monitor.ask({**request, "node": node}, patience_s)
    answer: ask.Answer = {"data": {"node": node, "done": done, **told}}
    output.emit(source, f"cluster.{verb}", answer, output.View(node_text))


def _reason(source: Source, node: str) -> str | None:
    """Return why a node is out; None if the monitor does not say."""
    try:
        status = _monitor_of(source).ask({"op": "status"})
    except RequestFailed:
        return None
    return str(status["members"]["nodes"][node]["reason"])


def _monitor_of(source: Source) -> Any:
    from cli.lab_monitor import MonitorSocket
    from daemon.config import home_path

    kernel = _settings(source).kernel
    if kernel.type != "monitor":
        raise RequestFailed(
            "V-5-1-9086",
            "this node's kernel has no cluster monitor",
            cause=f'config.toml says [kernel] type = "{kernel.type}"',
            fix="a node on its own is its cluster: it neither joins nor leaves",
            exit_code=exit_codes.REJECTED,
        )
    return MonitorSocket(home_path(source.home) / kernel.monitor)


def _settings(source: Source) -> Any:
    """Return the settings of the home that is meant.

    Raises:
        UsageError: a socket alone does not tell which home it is of.
        RequestFailed: there is no home, or a setting is not valid.

    """
    from daemon.config import home_path, load
    from eventstore.errors import StoreError

    if source.socket is not None and source.home is None:
        raise UsageError("the cluster monitor is found by a home", fix="name it: --home DIR")
    try:
        return load(home_path(source.home))
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
