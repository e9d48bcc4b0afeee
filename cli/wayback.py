"""The way back: `vx revert`, `restore`, `undo`, `redo`; and `vx confirm`: a change stays."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from typer import Argument, Option

from cli import ask, output
from cli.changes import perform
from cli.options import Change, Command, WhenArgument, destroys, new_app, writes
from cli.render import history

revert_app, restore_app, undo_app, redo_app, confirm_app = (new_app() for _ in range(5))

UNDO_MAX = 1000

Which = Annotated[
    str | None,
    Option("--log-of", metavar="LOG", help="shared or node/NAME; else the usual one"),
]


@revert_app.command(cls=Command)
@destroys
def revert(change: Change, when: WhenArgument) -> None:
    """Take back what one commit did, and nothing else, by a new commit.

    What later commits changed again cannot be taken back by itself: it is named.

    Examples:
      vx revert @1204 --dry-run
      vx revert tx:01JD8X3K5V --yes
      vx revert node/node1@88
    """
    _go(change, "revert", {}, when)


@restore_app.command(cls=Command)
@destroys
def restore(
    change: Change,
    *,
    when: Annotated[str, Option("--to", metavar="WHEN", help="a moment, as for --at")],
    object_name: Annotated[
        str | None, Argument(metavar="[OBJECT]", help="DG, DG/NAME, a device, or a record ID")
    ] = None,
) -> None:
    """Make everything, or one object with what is below it, what it was at a moment.

    What cannot be brought back, since a disk has gone for instance, is named, and nothing is
    changed. The contents of volumes are what is on their disks now.

    Examples:
      vx restore --to @1204 --dry-run
      vx restore --to yesterday datadg/vol01
      vx restore --to 10:15 datadg --yes
    """
    _go(change, "restore", {"object": object_name}, when)


@undo_app.command(cls=Command)
@destroys
def undo(
    change: Change,
    count: Annotated[int, Argument(metavar="[N]", min=1, max=UNDO_MAX, help="how many")] = 1,
    which: Which = None,
) -> None:
    """Take back the last change that stands, or the last N of them, by a new commit.

    What the kernel said, and what was undone already, does not count. `vx redo` does it again.

    Examples:
      vx undo
      vx undo 3 --dry-run
      vx undo --log-of node/node1 --yes
    """
    _go(change, "undo", {"n": count, "which": which})


@redo_app.command(cls=Command)
@destroys
def redo(change: Change, which: Which = None) -> None:
    """Take back the last undo, as long as nothing was changed after it.

    Examples:
      vx redo
      vx redo --yes
    """
    _go(change, "redo", {"which": which})


@confirm_app.command(cls=Command)
@writes
def confirm(
    change: Change,
    request: Annotated[str, Argument(metavar="ID", help="of a change made with --confirm-within")],
    take_back: Annotated[bool, Option("--undo", help="undo it now instead")] = False,
) -> None:
    """Let a change stay that would be undone if nobody confirmed it; `vx status` lists them.

    Examples:
      vxassist -g datadg growby vol01 10g --confirm-within 10m --id grow-1
      vx confirm grow-1
      vx confirm grow-1 --undo
    """
    answer = change.send("takeback" if take_back else "confirm", {"request": request})
    output.emit(change.source, "confirm", answer, history.CHANGED)


def _go(change: Change, how: str, args: dict[str, object], when: str | None = None) -> None:
    """Have the steps worked out, show what they come to, ask, and take them."""
    change.source.at = when
    data: Any = ask.read(change.source, "way-back", {"how": how, **args})["data"]
    change.source.at = None
    sent = {key: data[key] for key in ("log", "how", "undoes", "steps")}
    if not change.dry_run and not change.yes:
        _show(change, sent)
        change.confirm(_question(how, data["undoes"]))
    perform(change, "records.restore", sent, shown_as=how)


def _show(change: Change, sent: dict[str, object]) -> None:
    """Print the plan, as it would be carried out now, for who is asked."""
    change.dry_run = True
    planned: Any = change.send("records.restore", sent)["data"]
    change.dry_run = False
    print("\n".join(history.changes(planned.get("diff") or [])), file=sys.stderr)


def _question(how: str, undoes: list[str]) -> str:
    what = ", ".join(undoes[:3]) + (f" and {len(undoes) - 3} more" if undoes[3:] else "")
    if how == "restore":
        return f"Make it what it was {what}?"
    return f"{how.capitalize()} {what}?"
