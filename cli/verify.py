"""`vx verify`: is the log what was written? Against itself, and against what others keep of it."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Exit, Option

from cli import against, ask, checkpoints, exit_codes, offline, output, progress, witnesses
from cli.options import Command, new_app, reads
from cli.render import proofs
from cli.source import Source

app = new_app()


Replay = Annotated[bool, Option("--replay", help="and the state after each commit")]
Against = Annotated[
    str | None,
    Option(
        "--against",
        metavar="NODE|FILE",
        help="and that this node, log, copy or bundle tells the same",
    ),
]
HeadFiles = Annotated[
    list[str] | None,
    Option("--head", metavar="FILE", help="and that it is the log of these saved heads"),
]
Authority = Annotated[
    str | None,
    Option("--ca", metavar="FILE", help="ca.pem that certificates in heads are checked with"),
]
Report = Annotated[
    bool, Option("--report", help="and when, by whom, with what, and how to do it again")
]
Resume = Annotated[
    str | None,
    Option("--checkpoint", metavar="FILE", help="keep here how far it came, and go on from there"),
]


@app.command(cls=Command)
@reads
def verify(
    source: Source,
    *,
    replay: Replay = False,
    other: Against = None,
    head_files: HeadFiles = None,
    authority: Authority = None,
    report: Report = False,
    checkpoint: Resume = None,
) -> None:
    """Check that the log is what was written; exit 6 and the first bad position if not.

    A chain of hashes can be made anew by whoever may write the file. Heads that were saved
    elsewhere, and those that other nodes keep of this one, can not.

    Examples:
      vx verify
      vx verify --replay --checkpoint /var/tmp/verify.json
      vx verify --replay --head /mnt/elsewhere/heads.json --report --json > verdict.json
      vx verify --against node2
      vx verify --against /var/backups/node1.db
    """
    node = other if other is not None and against.is_node(other) else None
    with progress.shown("checking the log") as shown, offline.held():
        known = witnesses.of_files(source, head_files or (), authority)
        if node is not None:
            known += witnesses.of_node(source, node)
        args: dict[str, object] = {"replay": replay}
        if known:
            args["heads"] = [witnesses.outside(one) for one in known]
        if checkpoint is None:
            answer = ask.read(source, "verify", args)
        else:
            answer = checkpoints.in_pieces(source, args, checkpoint, shown.tell)
        data: Any = answer["data"]
        if known:
            data["heads"] = [witnesses.row(one) for one in known]
        if node is not None:
            data["against"] = against.compare_with_node(source, node)
        elif other is not None and data["ok"]:
            data["against"] = against.compare(source, other, data.get("logs") or [data])
    if report:
        data["report"] = witnesses.report(
            source, replay=replay, other=other, files=head_files or ()
        )
    view = output.View(proofs.report if report else proofs.verified)
    output.emit(source, "verify", answer, view)
    if not proofs.holds(data):
        raise Exit(exit_codes.ANSWERED_NO)
