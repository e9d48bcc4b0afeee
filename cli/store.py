"""`vx store`: where a log is kept, moved between files and databases, and brought up to date."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, Option

from cli import ask, output, progress
from cli.options import Command, new_app, reads_history
from cli.source import Source
from daemon.wire import control

app = new_app(
    """Move a log between a file and a PostgreSQL database, or make the tables of one there.

    Examples:
      vx store copy /var/lib/vxconfigd 'postgresql://vx@db1/vx?schema=node1'
      vx store migrate 'postgresql://owner@db1/vx?schema=node1' --grant vx
    """
)
_PLACE = "a home, its log.db, or postgresql://USER@HOST:PORT/DATABASE?schema=NAME"


@app.command("copy", cls=Command)
@reads_history
def copy(
    source: Source,
    *,
    origin: Annotated[str, Argument(metavar="FROM", help=_PLACE)],
    target: Annotated[str, Argument(metavar="TO", help=_PLACE)],
) -> None:
    """Copy both logs of a node, bit for bit, with its hard state; and look at all of it again.

    The node's daemon must not run: what it commits meanwhile would be missing. A copy that was
    not let to its end goes on where it was; a target that is no beginning of the source is left
    alone. Then set `[log] database` in config.toml, or leave it out, and move the log away that
    is in the home no longer.

    Examples:
      vx store copy /var/lib/vxconfigd 'postgresql://vx@db1/vx?schema=node1'
      vx store copy 'postgresql://vx@db1/vx?schema=node1' /var/lib/vxconfigd/log.db
    """
    from eventstore.errors import StoreError
    from eventstore.source import log_at
    from eventstore.storage import copying

    try:
        with progress.shown("copying and comparing"):
            places = log_at(origin), log_at(target)
            copying.check_still(*places)
            logs = copying.copy_store(*places, ask.told)
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    data = {
        "from": str(places[0]),
        "to": str(places[1]),
        "logs": [
            {
                "log": one.log,
                "position": one.position,
                "hash": one.hash.hex(),
                "copied_from": one.begin,
            }
            for one in logs
        ],
    }
    output.emit(source, "store.copy", {"data": data}, output.View(_copied))


@app.command("migrate", cls=Command)
@reads_history
def migrate(
    source: Source,
    *,
    place: Annotated[str, Argument(metavar="PLACE", help=_PLACE)],
    grant: Annotated[
        str | None, Option(metavar="ROLE", help="let this role of the server read and write it")
    ] = None,
) -> None:
    """Make the tables of a log, or bring them to this version; with --grant for another role.

    A daemon does so itself where it may. This is for a database in which it may not: the role
    that owns the schema runs it once for each version.

    Examples:
      vx store migrate 'postgresql://owner@db1/vx?schema=node1'
      vx store migrate 'postgresql://owner@db1/vx?schema=node1' --grant vx
    """
    from eventstore.errors import StoreError
    from eventstore.source import log_at
    from eventstore.storage import engines

    try:
        found = log_at(place)
        revision = engines.migrate(found, grant)
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    data = {"place": str(found), "revision": revision, "granted": grant}
    output.emit(source, "store.migrate", {"data": data}, output.View(_migrated))


def _copied(data: Any, _header: bool) -> str:
    lines = [
        f"{one['log']}: @{one['copied_from']} to @{one['position']} copied"
        if one["copied_from"] <= one["position"]
        else f"{one['log']}: all was there, up to @{one['position']}"
        for one in data["logs"]
    ]
    return "\n".join([*lines, f"{output.cell(data['to'])}: the same, bit for bit"]) + "\n"


def _migrated(data: Any, _header: bool) -> str:
    granted = f", granted to {data['granted']}" if data["granted"] else ""
    return f"{output.cell(data['place'])}: revision {data['revision']}{granted}\n"
