"""`vx redact`: the context of a commit taken out of a log, on every node that has it.

What was changed stays, and so does the hash of the context: chain and replay are what they were.
Who asked for it, and why, is a commit of its own.
"""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Option

from cli import ask
from cli.changes import perform
from cli.options import Change, Command, destroys, new_app
from daemon.errors import RequestFailed

app = new_app()


@app.command(cls=Command)
@destroys
def redact(
    change: Change,
    when: Annotated[str, Argument(metavar="WHEN", help="the commit: @1204, tx:ID")],
    reason: Annotated[str, Option(metavar="TEXT", help="why, kept for good")] = "",
) -> None:
    """Take out of the log who asked for a commit, and with which words; what it changed stays.

    On all nodes, for a commit of the shared log; in archived segments too, which are written anew
    within seconds. Backups, copies that were set aside, and recordings in `recording/` keep what
    they have.

    Examples:
      vx redact @1204 --reason 'a password on the command line' --yes
      vx redact shared:@31 --dry-run
    """
    change.source.at = when
    answer = ask.read(change.source, "show", {})
    change.source.at = None
    data: Any = answer["data"]
    _check(data, when)
    log = "shared" if answer["log"] == "shared" else "node"
    change.confirm(f"Take the context of {answer['log']} @{data['position']} away for good?")
    args = {"log": log, "position": data["position"], "hash": data["hash"], "reason": reason}
    perform(change, "log.redact", args)


def _check(data: dict[str, Any], when: str) -> None:
    """Refuse what would do nothing.

    Raises:
        RequestFailed: the context is gone already, or is one that stays.

    """
    if data["context"]["redacted"]:
        by = data["context"]["redacted_by"]
        raise RequestFailed(
            "V-5-1-9286",
            f"the context of {when} is redacted already",
            cause=None if by is None else f"by @{by['position']}: {by['reason'] or 'no reason'}",
            exit_code=1,
        )
    if any(event["name"] == "context-redacted" for event in data["events"]):
        raise RequestFailed(
            "V-5-1-9287",
            f"the context of {when} stays",
            cause="it says who redacted another one",
            exit_code=1,
        )
