"""`vx quarantine`: a shared log that is another one than the cluster's, and what is done about it.

Rule B3: such a log is never merged. What differs is set aside, which only an administrator does;
then the node joins again like one whose log was damaged.
"""

from __future__ import annotations

from typing import Any

from cli import ask, output
from cli.options import Change, Command, asks, destroys, new_app
from cli.source import Source

app = new_app("""A shared log that is another one than the cluster's: see it, set the tail aside.

Examples:
  vx quarantine list
  vx quarantine set-aside --yes
""")


@app.command("list", cls=Command)
@asks
def list_(source: Source) -> None:
    """Say from where on this node's log is another one, and what was set aside before.

    Examples:
      vx quarantine list
    """
    answer = ask.read(source, "quarantine.list", {})
    output.emit(source, "quarantine.list", answer, output.View(_listed))


@app.command("set-aside", cls=Command)
@destroys
def set_aside(change: Change) -> None:
    """Set aside what differs, so that the node can join again; nothing is deleted.

    A copy of the whole log as it was is kept in the home, under `aside`.

    Examples:
      vx quarantine set-aside
      vx quarantine set-aside --yes
    """
    change.confirm("Take what differs out of this node's shared log? A copy is kept.")
    answer = change.send("quarantine.set-aside", {})
    output.emit(change.source, "quarantine.set-aside", answer, output.View(_set_aside))


def _listed(data: Any, _header: bool) -> str:
    if data["quarantined"] is None:
        first = f"the shared log of {data['node']} is not quarantined\n"
    else:
        first = f"the shared log of {data['node']} is another one from @{data['quarantined']} on, "
        first += f"up to @{data['head']}\n"
    return first + "".join(
        f"set aside: {one['file']} ({one['bytes']} bytes)\n" for one in data["aside"]
    )


def _set_aside(data: Any, _header: bool) -> str:
    if data["outcome"] == "dry-run":
        return f"@{data['from']} to @{data['through']} would be set aside\n"
    return (
        f"@{data['from']} to @{data['through']} set aside; the log ends at @{data['position']}\n"
    )
