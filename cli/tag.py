"""`vx tag`: names for commits, which stand wherever a moment can be named."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument

from cli import ask, output, when
from cli.app import in_order
from cli.failure import UsageError
from cli.options import Change, Command, Verbs, new_app, reads, writes
from cli.render import history
from cli.render.columns import table
from cli.source import Source

_SET, _LIST = "set", "list"


class TagVerbs(Verbs):
    """`vx tag NAME` sets, `vx tag` lists: a first word that is no verb is a name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = in_order(args)
        first = next(iter(args), "-")
        if first.startswith("-") and first not in ctx.help_option_names:
            args = [_LIST, *args]
        elif not first.startswith("-") and first not in self.commands:
            args = [_SET, *args]
        found: list[str] = super().parse_args(ctx, args)
        return found


app = new_app("""Names for commits: `vx tag NAME [WHEN]` gives one; then NAME is a moment.

Examples:
  vx tag before-upgrade
  vx tag incident-7 '2h ago' -m 'what the pager told'
  vx tag list
  vx tag delete incident-7
  vx diff before-upgrade now
""")
app.info.cls = TagVerbs

Name = Annotated[str, Argument(metavar="NAME", help="a letter, then letters, digits, . _ -")]
TagName = Annotated[str, Argument(metavar="TAG", help="a tag that there is")]


@app.command("set", cls=Command)
@writes
def set_(
    change: Change,
    name: Name,
    moment: Annotated[str | None, Argument(metavar="[WHEN]", help="else the newest")] = None,
) -> None:
    """Give a commit a name: the newest one, or that of a moment.

    A tag is an event in the log that it points into, and stays where it is.

    Examples:
      vx tag before-upgrade
      vx tag incident-7 '2h ago'
      vx tag quarter-end node/node1@1204
    """
    if not when.reads_as_tag(name):
        raise UsageError(
            f"{name!r} cannot name a commit",
            cause="it is no word of letters, digits, . _ and -, or reads like another moment",
            fix="choose a name such as before-upgrade",
        )
    args: dict[str, object] = {"name": name}
    if moment is not None:
        asked: dict[str, object] = {"whens": [ask.moment(moment)]}
        found: Any = ask.read(change.source, "moments", asked)["data"]
        args |= {"position": found["moments"][0]["position"], "log": found["log"]}
    answer = change.send("tag.set", args)
    output.emit(change.source, "tag.set", answer, history.CHANGED)


@app.command("list", cls=Command)
@reads
def list_(source: Source) -> None:
    """List the tags of both logs: what each names, who set it, and why.

    Examples:
      vx tag
      vx tag list --at yesterday
      vx tag list --json
    """
    answer = ask.read(source, "tags", {})
    output.emit(source, "tag.list", answer, output.View(_listed, _rows))


@app.command("delete", cls=Command)
@writes
def delete(change: Change, name: TagName) -> None:
    """Take a name away; the commit that had it, and that it had it, stay in the log.

    Examples:
      vx tag delete incident-7
    """
    answer = change.send("tag.delete", {"name": name})
    output.emit(change.source, "tag.delete", answer, history.CHANGED)


def _listed(data: Any, header: bool) -> str:
    return table(_rows(data), header=header) if data else ""


def _rows(data: Any) -> output.Rows:
    return [["TAG", "COMMIT", "TIME", "SET", "ACTOR", "MESSAGE"]] + [
        [
            output.cell(row["tag"]),
            f"{output.cell(row['log'])}@{row['position']}",
            output.cell(row["time"]),
            f"@{row['set_at']}",
            output.cell(row["actor"]),
            output.cell(row["message"]),
        ]
        for row in data
    ]
