"""What became of a configuration that was taken over."""

from __future__ import annotations

from typing import Any

from cli.output import Rows, View, cell
from cli.render import history, vxprint
from cli.render.records import position
from eventstore.forms.vxprint import Group
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import take_over
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.present.listing import print_view

_ONE = {"plexes": "plex"}
_COUNTS = ("disks", "volumes", "plexes", "subdisks", "others")


def _text(data: dict[str, Any], header: bool) -> str:
    tried = data["outcome"] == "dry-run"
    return "".join(
        [history.changed(data, header)] * tried + [_summary(row, tried) for row in data["groups"]]
    )


def _summary(row: dict[str, Any], tried: bool) -> str:
    """Return what came of a group: its counts, to be compared with its system."""
    did = "would be taken over" if tried else f"committed {position(row['position'])}"
    counts = ", ".join(_counted(row[kind], kind) for kind in _COUNTS)
    return f"{cell(row['group'])}: {did}: {counts}\n"


def _counted(count: int, kinds: str) -> str:
    return f"1 {_ONE.get(kinds, kinds[:-1])}" if count == 1 else f"{count} {kinds}"


def _rows(data: dict[str, Any]) -> Rows:
    names = ("group", "position", *_COUNTS)
    return [[name.upper() for name in names]] + [
        [cell(row[name]) for name in names] for row in data["groups"]
    ]


TAKEN_OVER = View(_text, _rows, lambda data: list(data["groups"]))


def differences(text: str, groups: list[Group]) -> list[str]:
    """Return what of the rows in a file will not be printed as it stands there.

    The original's own order and columns are what is printed: a file that was edited, or whose
    blanks were lost, is not given back as such.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    return [note for group in groups for note in _of_group(group, lines)]


def _of_group(group: Group, lines: list[str]) -> list[str]:
    read = [lines[row.line - 1] for row in group.rows]
    printed = printed_rows(group)
    if read == printed:
        return []
    if sorted(read) == sorted(printed):
        return [f"note: {group.name}: its rows will be printed in the original's order"]
    known = set(printed)
    other = [row.line for row in group.rows if lines[row.line - 1] not in known]
    count = f"line {other[0]}" + (f" and {len(other) - 1} more" if len(other) > 1 else "")
    return [f"note: {group.name}: {count} will be printed in the original's columns"]


def printed_rows(group: Group) -> list[str]:
    """Return the rows of a group as they will be printed once it is taken over.

    Raises:
        Rejected: it cannot be taken over.

    """
    state = State()
    apply(state, [*take_over(state, cmd.TakeOverDiskGroup(group.rows))])
    shown = print_view(state, group.name)["groups"]
    layout = vxprint.Layout(typed=True, hierarchy=True)
    printed = vxprint.text(shown, layout, header=False, titled=False)
    return [line for line in printed.split("\n") if line]
