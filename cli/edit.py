"""`vx edit`, `vxedit`: words and names of records, and ending records one by one."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from cli.changes import perform
from cli.dg import need_group
from cli.failure import UsageError
from cli.options import Change, Command, Group, destroys, new_app, writes

app = new_app("""Records: set words at them, rename them, end them.

Examples:
  vxedit -g datadg set comment='nightly copy' vol01
  vxedit -g datadg rename vol01 payroll
  vxedit -g datadg -rf rm vol01 --yes
""")

Names = Annotated[list[str], Argument(metavar="NAME...")]


@app.command("set", cls=Command)
@writes
def set_(
    change: Change,
    words: Annotated[list[str], Argument(metavar="ATTRIBUTE=VALUE... NAME...")],
    group: Group = None,
) -> None:
    """Set words at records.

    There are comment, tutil0-2 and putil0-2; of a volume also user, group and mode; of a disk
    also reserve, spare and nohotuse, which are on or off.

    Examples:
      vxedit -g datadg set comment='nightly copy' vol01 vol02
      vxedit -g datadg set spare=on datadg03
      vxedit -g datadg set user=oracle group=dba mode=660 vol01
    """
    values: dict[str, str] = {}
    names: list[str] = []
    for word in words:
        key, mark, value = word.partition("=")
        if mark and not names:
            values[key] = value
        else:
            names.append(word)
    if not values or not names:
        raise UsageError(
            "It is not said what is to be set where",
            fix="`vxedit -g DG set ATTRIBUTE=VALUE... NAME...`",
        )
    perform(change, "edit.set", {"group": need_group(group), "names": names, "values": values})


@app.command("cc", cls=Command)
@writes
def comment(
    change: Change,
    text: Annotated[str, Argument(metavar="COMMENT")],
    names: Names,
    group: Group = None,
) -> None:
    """Set the comment of records.

    Examples:
      vxedit -g datadg cc 'nightly copy' vol01
    """
    args: dict[str, object] = {"group": need_group(group), "names": names}
    perform(change, "edit.set", args | {"values": {"comment": text}})


@app.command(cls=Command)
@writes
def rename(
    change: Change,
    name: Annotated[str, Argument(metavar="OLD")],
    new_name: Annotated[str, Argument(metavar="NEW")],
    group: Group = None,
) -> None:
    """Give a volume, plex, subdisk or disk another name.

    Examples:
      vxedit -g datadg rename vol01 payroll
    """
    args: dict[str, object] = {"group": need_group(group), "name": name, "new_name": new_name}
    perform(change, "edit.rename", args)


@app.command("rm", cls=Command)
@destroys
def remove(
    change: Change,
    names: Names,
    group: Group = None,
    recursive: Annotated[bool, Option("-r", help="and all that is below them")] = False,
    force: Annotated[bool, Option("-f", help="even volumes that run")] = False,
) -> None:
    """End volumes and plexes; what has records below it needs -r.

    Examples:
      vxedit -g datadg -rf rm vol01 --yes
      vxedit -g datadg -r rm vol01-02 --dry-run
    """
    named = need_group(group)
    change.confirm(f"Remove {', '.join(names)} of disk group {named}?")
    args: dict[str, object] = {"group": named, "names": names}
    perform(change, "edit.rm", args | {"recursive": recursive, "force": force})
