"""`vx retention`: the rule by which every node archives its logs, kept in the shared log."""

from __future__ import annotations

import re
from typing import Annotated, Any

from typer import Option

from cli import ask, output
from cli.changes import perform
from cli.failure import UsageError
from cli.options import Change, Command, new_app, reads, writes
from cli.source import Source

app = new_app("""The rule by which every node archives the older part of its logs.

Examples:
  vx retention show
  vx retention set --archive-after 90d --keep 100000
""")

_AGE = re.compile(r"([1-9][0-9]{0,9})([wdhms])")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


@app.command(cls=Command)
@reads
def show(source: Source) -> None:
    """Say what is archived, after how long, and since which commit that is the rule.

    Examples:
      vx retention show
      vx retention show --at yesterday
    """
    answer = ask.read(source, "retention", {})
    output.emit(source, "retention.show", answer, output.View(_shown))


@app.command("set", cls=Command)
@writes
def set_(
    change: Change,
    archive_after: Annotated[
        str | None, Option(metavar="AGE", help="archive what is older: 90d, 12w, 36h")
    ] = None,
    keep: Annotated[
        int | None, Option(metavar="N", min=1, help="the last N commits of each log stay")
    ] = None,
    off: Annotated[bool, Option("--off", help="archive nothing by rule any more")] = False,
) -> None:
    """Set the rule for all nodes of the cluster: it is a commit of the shared log.

    Each daemon archives by itself, one segment after another, once a whole one is due. Nothing is
    ever deleted by it.

    Examples:
      vx retention set --archive-after 90d
      vx retention set --keep 100000 -m "the disks of node2 are small"
      vx retention set --off
    """
    if off == (archive_after is not None or keep is not None):
        raise UsageError(
            "It is not said what the rule is", fix="say --archive-after AGE, --keep N, or --off"
        )
    age_s = 0 if archive_after is None else _seconds(archive_after)
    perform(change, "retention.set", {"archive_after_s": age_s, "keep": keep or 0})


def _seconds(text: str) -> int:
    found = _AGE.fullmatch(text)
    if found is None:
        raise UsageError(f"--archive-after {text!r} is no age", fix="write 90d, 12w, 36h")
    return int(found[1]) * _SECONDS[found[2]]


def _age(seconds: int) -> str:
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _shown(data: Any, _header: bool) -> str:
    if not data["on"]:
        return "nothing is archived by rule\n"
    age = data["archive_after_s"]
    what = "every commit" if age is None else f"what is older than {_age(age)}"
    but = f", but for the last {data['keep']} commits of each log" if data["keep"] else ""
    return f"{what} is archived{but}; the rule since shared @{data['since']}\n"
