"""`vx doctor`: look at everything that a node stands on; exit 6 if something is wrong."""

from __future__ import annotations

from typing import Any

from typer import Exit

from cli import exit_codes, output, progress
from cli.checkup import checkup
from cli.options import Command, asks, new_app
from cli.render.columns import table
from cli.source import Source

app = new_app()

_KEYS = ("check", "verdict", "text", "fix")


@app.command(cls=Command)
@asks
def doctor(source: Source) -> None:
    """Look for what is wrong, and say how to mend it; exit 6 if anything is.

    Looks at settings, socket, permissions, disk space, SQLite, the clock, the end of the log, the
    state, and what was not observed. It changes nothing, and needs no daemon.

    Examples:
      vx doctor
      vx doctor --home /var/lib/vxconfigd --json
    """
    with progress.shown("looking"):
        found = [finding._asdict() for finding in checkup(source)]
    output.emit(source, "doctor", {"data": found}, output.View(_text, _rows))
    if any(row["verdict"] == "wrong" for row in found):
        raise Exit(exit_codes.ANSWERED_NO)


def _rows(data: Any) -> output.Rows:
    return [
        [key.upper() for key in _KEYS],
        *([output.cell(row[key]) for key in _KEYS] for row in data),
    ]


def _text(data: Any, header: bool) -> str:
    """Return a table, the wrong first, and below it each way out."""
    ranked = sorted(data, key=lambda row: ("wrong", "note", "ok").index(row["verdict"]))
    shown = [row[:-1] for row in _rows(ranked)]
    fixes = [f"  fix ({row['check']}): {row['fix']}\n" for row in ranked if row["fix"]]
    return table(shown, header=header) + "".join(fixes)
