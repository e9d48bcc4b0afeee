"""`vx cluster`: the nodes that the cluster is configured with."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from cli.changes import perform
from cli.options import Change, Command, destroys, new_app, writes

app = new_app("""The nodes of the cluster: add one, remove one that is gone for good.

Examples:
  vx cluster add node4
  vx cluster remove node3 --yes
""")

NodeName = Annotated[str, Argument(metavar="NODE", help="the node")]


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
