"""`vx import`: take over configurations of other systems."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Annotated, Any

import msgspec
from typer import Argument, Option

from cli import ask, exit_codes, output, progress
from cli.failure import UsageError
from cli.options import Change, Command, new_app, writes
from cli.render import takeover as render
from daemon.errors import ProtocolViolation, RequestFailed
from daemon.wire import frames
from eventstore.forms import description, vxprint, whole
from eventstore.forms.vxprint import Group
from eventstore.model import commands as cmd
from eventstore.model.decide.takeover import Fault

app = new_app("""Take over configurations of other systems.

Examples:
  vx import vxprint rootdg.txt --dry-run
  vx import vxprint all-groups.txt --dg datadg
""")

# A listing of a hundred thousand volumes has some thirty million characters.
FILE_MAX_BYTES = 64 << 20
# An identifier of a request has 64 characters; several groups are several requests.
_ID_STEM = 56
# Between the lines of a cause: they stand below each other.
_LINES = "\n         "

_KINDS = {
    cmd.DiskRow: "disks",
    cmd.VolumeRow: "volumes",
    cmd.PlexRow: "plexes",
    cmd.SubdiskRow: "subdisks",
    cmd.ForeignRow: "others",
}


@app.callback()
def main() -> None:
    """Keep `vxprint` a word of its own: other forms will be others."""


@app.command("vxprint", cls=Command)
@writes
def vxprint_(
    change: Change,
    file: Annotated[
        str, Argument(metavar="FILE", help="what vxprint -ht or -m printed; - is stdin")
    ],
    group: Annotated[
        str | None, Option("--dg", metavar="NAME", help="only this disk group of the file")
    ] = None,
    lenient: Annotated[
        bool, Option("--lenient", help="leave out what is not understood, and what rests on it")
    ] = False,
) -> None:
    """Take over disk groups from what `vxprint -ht`, `-htr` or `-m` printed: one commit for each.

    A file that was cut exactly between two volumes looks like that of a smaller group, and
    nothing in it can tell. So the counts of what was read are printed: compare them with those
    of `vxprint -g DG -ht | cut -c1-2 | sort | uniq -c` on the other system, best with --dry-run.

    Examples:
      vx import vxprint rootdg.txt --dry-run
      vx import vxprint all-groups.txt --dg datadg
      ssh host vxprint -htr | vx import vxprint -
    """
    text = _read(file)
    described = description.is_one(text)
    listing = description.parse(text) if described else vxprint.parse(text)
    groups, left_out = _chosen(file, listing, group, lenient)
    for fault in left_out:
        print(f"left out: line {fault.line}: {fault.reason}", file=sys.stderr)
    for note in [*(() if described else render.differences(text, groups)), *_doubts(groups)]:
        print(note, file=sys.stderr)
    with progress.shown("taking over"):
        answer = _take_over(change, groups)
    data: dict[str, Any] = answer["data"]  # type: ignore[assignment]
    data["left_out"] = [{"line": fault.line, "reason": fault.reason} for fault in left_out]
    output.emit(change.source, "import.vxprint", answer, render.TAKEN_OVER)


def _doubts(groups: list[Group]) -> list[str]:
    """Return what suggests that rows are missing; only who has the other system can tell."""
    return [
        f"note: {group.name}: line {doubt.line}: {doubt.reason}"
        for group in groups
        for doubt in whole.doubts(group.rows)
    ]


def _read(file: str) -> str:
    """Return what the file holds; bytes that are no text are told by line later."""
    try:
        if file == "-":
            found = sys.stdin.buffer.read(FILE_MAX_BYTES + 1)
        else:
            with open(file, "rb") as opened:
                found = opened.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read", cause=str(error)) from error
    if len(found) > FILE_MAX_BYTES:
        raise UsageError(f"{file} is too long", cause=f"it has more than {FILE_MAX_BYTES} bytes")
    return found.decode(errors="replace")


def _chosen(
    file: str, listing: vxprint.Listing, name: str | None, lenient: bool
) -> tuple[list[Group], list[Fault]]:
    """Return the groups to take over, and what is left out.

    Raises:
        RequestFailed: something is wrong with the file, and it is not to be left out.

    """
    if listing.lacks:
        raise _failed(
            "V-5-1-7892",
            f"{file} cannot be taken over",
            cause=_LINES.join(listing.lacks),
            fix="run `vxprint -ht -g DG` there, or `vxprint -htr` for all groups, or "
            "`vxprint -m -g DG`, and import what it prints",
        )
    groups = [group for group in listing.groups if name in (None, group.name)]
    if name is not None and not groups:
        found = ", ".join(group.name for group in listing.groups) or "none"
        raise RequestFailed(
            "V-5-1-582",
            f"Disk group {name}: No such disk group in {file}",
            cause=f"there are: {found}",
            exit_code=exit_codes.NOT_FOUND,
        )
    faults = sorted([*listing.faults, *(fault for group in groups for fault in group.faults)])
    if faults and not lenient:
        raise _not_understood(file, faults)
    left_out = set(listing.faults)
    for i, group in enumerate(groups):
        groups[i] = vxprint.without_faults(group)
        left_out.update(groups[i].faults)
    groups = [group for group in groups if group.rows]
    if not groups:
        raise _nothing(file, sorted(left_out))
    return groups, sorted(left_out)


def _not_understood(file: str, faults: list[Fault]) -> RequestFailed:
    lines = {fault.line for fault in faults}
    count = "1 line is" if len(lines) == 1 else f"{len(lines)} lines are"
    return _failed(
        "V-5-1-7893",
        f"{file}: {count} not understood; nothing was imported",
        cause=_told(faults),
        fix="repair the file, or leave them out, and what rests on them, with --lenient",
    )


def _nothing(file: str, faults: list[Fault]) -> RequestFailed:
    return _failed(
        "V-5-1-7894",
        f"{file}: there is no disk group that can be taken over",
        cause=_told(faults) or "no line is the row of a disk group",
        fix="print it with `vxprint -ht -g DG`, and import that",
    )


def _told(faults: list[Fault]) -> str:
    return _LINES.join(f"line {fault.line}: {fault.reason}" for fault in faults)


def _failed(name: str, message: str, *, cause: str, fix: str) -> RequestFailed:
    return RequestFailed(name, message, cause=cause, fix=fix, exit_code=exit_codes.REJECTED)


def _take_over(change: Change, groups: list[Group]) -> dict[str, object]:
    """Have the groups taken over, one commit each; none if one would be refused.

    Raises:
        RequestFailed: one was refused, or an outcome is not known.

    """
    dry_run = change.dry_run
    arguments = [_arguments(group) for group in groups]
    stem, expect = change.id, change.expect
    answers = _send_all(change, arguments, dry_run=True)
    if not dry_run:
        # The trial has no identifier to be remembered by, and refuses what would be refused.
        change.id, change.expect = stem, expect
        answers = _send_all(change, arguments, dry_run=False)
    done = [_row(group, answer) for group, answer in zip(groups, answers, strict=True)]
    events = [event for row in done for event in row.pop("events")]
    diff = [entry for row in done for entry in row.pop("diff")]
    data = {"position": done[-1]["position"], "outcome": "dry-run" if dry_run else "done"}
    return {**answers[-1], "data": {**data, "groups": done, "events": events, "diff": diff}}


def _send_all(
    change: Change, arguments: list[dict[str, object]], *, dry_run: bool
) -> list[dict[str, object]]:
    stem, answers = change.id, list[dict[str, object]]()
    for number, args in enumerate(arguments, 1):
        change.dry_run = dry_run
        if len(arguments) > 1:
            change.id = f"{stem[:_ID_STEM]}.{number}"
        try:
            answers.append(change.send("dg.takeover", args))
        except RequestFailed:
            for answer in () if dry_run else answers:
                data: Any = answer["data"]
                print(f"committed @{data['position']}", file=sys.stderr)
            raise
        if ask.told is not None:
            ask.told(number, len(arguments))
        # What comes between this group and the next one is this group.
        change.expect = None
    return answers


def _row(group: Group, answer: dict[str, object]) -> dict[str, Any]:
    counts = Counter(_KINDS[type(row)] for row in group.rows if type(row) in _KINDS)
    data: Any = answer["data"]
    return {
        "group": group.name,
        "position": data["position"],
        **{kind: counts[kind] for kind in _KINDS.values()},
        "events": data.get("events") or [],
        "diff": data.get("diff") or [],
    }


def _arguments(group: Group) -> dict[str, object]:
    """Return what travels; a request has bounds, and a group beyond them is refused here.

    Raises:
        RequestFailed: the group is too large.

    """
    rows = msgspec.to_builtins(group.rows)
    try:
        frames.check_request({"rows": rows})
    except ProtocolViolation as error:
        raise _failed(
            "V-5-1-7895",
            f"Disk group {group.name} is too large to be taken over",
            cause=f"its {len(rows)} rows are one request, and {error.message}",
            fix="split the group on its own system, or leave out what is not needed",
        ) from error
    return {"rows": rows}
