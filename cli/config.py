"""`vx config`: the settings of a home, and where each comes from; needs no daemon."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from cli import output
from cli.options import Command, asks, new_app
from cli.render.columns import table
from cli.source import Source
from daemon.wire import control

app = new_app("""Settings: what a daemon that starts on this home would have.

Examples:
  vx config show
  vx config show --origin
""")


@app.callback()
def config() -> None:
    """Keep `show` a verb: a group of one command would otherwise be that command."""


@app.command(cls=Command)
@asks
def show(
    source: Source,
    origin: Annotated[bool, Option("--origin", help="and where each comes from")] = False,
) -> None:
    """Show every setting; with --origin also the file, the variable, or that it is the default.

    Examples:
      vx config show --origin
      VX_LOG_LEVEL=debug vx config show --origin -o tsv
    """
    found = settings(source)
    columns = ("setting", "value", "origin") if origin else ("setting", "value")

    def rows(data: Any) -> output.Rows:
        return [
            [c.upper() for c in columns],
            *([output.cell(r[c]) for c in columns] for r in data),
        ]

    view = output.View(lambda data, header: table(rows(data), header=header), rows)
    output.emit(source, "config.show", {"data": found}, view)


def settings(source: Source) -> list[dict[str, object]]:
    """Return every setting with its value and its origin.

    Raises:
        RequestFailed: there is no home, or a setting is not valid.

    """
    from daemon.config import home_path, origins
    from eventstore.errors import StoreError

    try:
        found = origins(home_path(source.home))
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    return [{"setting": name, "value": value, "origin": where} for name, value, where in found]
