"""`vx report html`: what happened in an interval, as one page to hand on.

The page is gathered by the questions that any command asks, so that it says what they say: live
or of a log, and of a moment in the past what was true then.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from typing import Annotated, Any

from typer import Option

from cli import ask, exit_codes, output, pieces, progress
from cli.options import Command, new_app, reads_history
from cli.render import page, records, vxprint
from cli.source import Source
from daemon.errors import RequestFailed
from daemon.version import VERSION

app = new_app("""Reports: what happened, to hand on.

Examples:
  vx report html -O report.html
""")

ROWS_MAX = 2000
"""Of each kind in a page: more is counted, and left to `vx log`."""
_LAYOUT = vxprint.Layout(typed=True, hierarchy=True)
Row = dict[str, Any]


@app.callback()
def _report() -> None:
    """Keep `html` a word of its own."""


@app.command(cls=Command)
@reads_history
def html(
    source: Source,
    *,
    file: Annotated[str, Option("-O", metavar="FILE", help="the page; one that is there goes")],
    since: Annotated[str | None, Option(metavar="WHEN", help="from this moment on")] = None,
    until: Annotated[str | None, Option(metavar="WHEN", help="up to this moment")] = None,
    replay: Annotated[bool, Option("--replay", help="verify the state after each commit")] = False,
) -> None:
    """Write a page about an interval: state, changes by person, notifications, gaps, verdict.

    It is one file that needs no other, has no scripts, and can be printed.

    Examples:
      vx report html -O report.html
      vx report html --since yesterday --until today -O monday.html
      vx report html --log /var/backups/node1.db --replay -O node1.html
    """
    with progress.shown("gathering"):
        report = _gathered(source, since, until, replay)
        text = page.page(report)
    _write(file, text)
    data = {
        "file": file,
        "bytes": len(text.encode()),
        "ok": all(log["verdict"]["ok"] for log in report["logs"]),
        "logs": [_counts(log) for log in report["logs"]],
    }
    output.emit(source, "report.html", {"cluster": report["cluster"], "data": data}, _VIEW)


def _gathered(source: Source, since: str | None, until: str | None, replay: bool) -> Row:
    """Return all that the page has."""
    verdicts: Any = ask.gather(source, "verify", {"replay": replay})["data"]
    main = pieces.resolve(source, since, until)
    logs = []
    for verdict in verdicts["logs"]:
        name = verdict["log"]
        among = main if name == main.log else _elsewhere(source, main, name, since, until)
        logs.append(_happened(source, among, verdict))
    at = Source("vx", home=source.home, socket=source.socket, log=source.log, at=until)
    groups, notes = _state(at, "print", _groups)
    devices, _same = _state(at, "disk.list", _devices)
    return {
        "cluster": main.cluster,
        "since": since or "the beginning",
        "until": until or "now",
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": VERSION,
        "asked": source.log or source.socket_path,
        "notes": notes,
        "groups": groups,
        "devices": devices,
        "logs": sorted(logs, key=lambda log: str(log["log"]) != main.log),
        "repeat": _repeat(source, since, until),
    }


def _state(at: Source, question: str, text: Callable[[Any], str]) -> tuple[str, list[str]]:
    """Return part of the state as text, with its notes; where it cannot be told, why not."""
    try:
        answer = ask.gather(at, question, {})
    except RequestFailed as error:
        if error.exit_code not in (exit_codes.DAMAGED, exit_codes.NOT_FOUND):
            raise
        return f"it cannot be told: {error.message}", []
    notes = answer["notes"]
    return text(answer["data"]), notes if isinstance(notes, list) else []


def _groups(data: Any) -> str:
    return vxprint.text(data["groups"], _LAYOUT, header=True, titled=True)


def _devices(data: Any) -> str:
    return records.disk_list(data, header=True)


def _elsewhere(
    source: Source, main: pieces.Range, log: str, since: str | None, until: str | None
) -> pieces.Range:
    """Return the same interval in another log: by time, where a commit of the first was named."""
    empty = pieces.Range(main.cluster, log, 1, 0)
    moments = [_of_log(source, log, text) for text in (since, until)]
    try:
        return pieces.resolve(source, *moments) if any(moments) else _whole(source, main, log)
    except RequestFailed as error:
        if error.exit_code == exit_codes.NOT_FOUND:
            return empty
        raise


def _whole(source: Source, main: pieces.Range, log: str) -> pieces.Range:
    found = pieces.resolve(source, None, f"{log}@head")
    return found._replace(cluster=main.cluster)


def _of_log(source: Source, log: str, text: str | None) -> str | None:
    if text is None:
        return None
    if ask.moment(text)["kind"] in ("time", "head"):
        return f"{log}@{text.rpartition('@')[2]}"
    named = Source("vx", home=source.home, socket=source.socket, log=source.log, at=text)
    shown: Any = ask.gather(named, "show", {})["data"]
    return f"{log}@{shown['time']}"


def _happened(source: Source, among: pieces.Range, verdict: Row) -> Row:
    """Return what one log tells of an interval."""
    found: Row = {"log": among.log, "low": among.low, "high": among.high, "verdict": verdict}
    found |= {"people": {}, "changes": []}
    found |= {kind: _none() for kind in ("notifications", "unknown", "refused", "daemons")}
    if not verdict["ok"]:
        found["high"] = min(among.high, (verdict["first_bad"] or 1) - 1)
    for row in pieces.commits(source, among._replace(high=found["high"])):
        if row["gap"] is not None:
            _keep(found["unknown"], {**row["gap"], "position": row["position"]})
        kind, person = _kind(row)
        kept = found["people"].setdefault(person, _none()) if kind == "people" else found[kind]
        _keep(kept, row)
    if found["high"] >= among.low:
        ends = (max(verdict.get("first", 1), among.low - 1), found["high"])
        moments = [{"kind": "position", "value": at, "log": among.log} for at in ends]
        answer: Any = ask.gather(source, "diff", {"a": moments[0], "b": moments[1]})
        found["changes"] = answer["data"]["changes"]
    return found


def _none() -> Row:
    return {"count": 0, "rows": []}


def _keep(kept: Row, row: Row) -> None:
    kept["count"] += 1
    if len(kept["rows"]) < ROWS_MAX:
        kept["rows"].append(row)


def _kind(row: Row) -> tuple[str, str]:
    """Return in which part of the page a commit stands; a person's change, with who it is."""
    names = [event["name"] for event in row["events"]]
    if "request-rejected" in names or "requests-failed" in names:
        return "refused", ""
    if row["command"]:
        return "people", str(row["actor"] or "somebody")
    if any("notice" in event for event in row["events"]) or "devices-scanned" in names:
        return "notifications", ""
    return "daemons", ""


def _repeat(source: Source, since: str | None, until: str | None) -> str:
    """Return the commands that say the same."""
    where = ["--log", source.log] if source.log else ["--socket", source.socket_path]
    span = [word for name, text in (("--since", since), ("--until", until)) if text
            for word in (name, text)]  # fmt: skip
    at = ["--at", until] if until else []
    lines = (
        ["vx", "verify", "--replay", *where],
        ["vx", "log", *span, *where],
        ["vxprint", "-ht", *at, *where],
        ["vxdisk", "list", *at, *where],
    )
    return "\n".join(map(shlex.join, lines))


def _write(file: str, text: str) -> None:
    """Write the page; it is whole, or what was there is left.

    Raises:
        RequestFailed: the file system refuses.

    """
    part = f"{file}.part"
    try:
        with open(part, "w", encoding="utf-8") as written:
            written.write(text)
        os.replace(part, file)
    except OSError as error:
        raise RequestFailed(
            "V-5-1-9311",
            f"{file} could not be written",
            cause=error.strerror,
            fix="name a file in a directory that is there, and has room",
            exit_code=exit_codes.REJECTED,
        ) from error


def _counts(log: Row) -> Row:
    kinds = ("notifications", "unknown", "refused", "daemons")
    return {
        "log": log["log"],
        "from": log["low"],
        "to": log["high"],
        "ok": log["verdict"]["ok"],
        "changes": sum(kept["count"] for kept in log["people"].values()),
        **{kind: log[kind]["count"] for kind in kinds},
    }


def _written(data: Any, _header: bool) -> str:
    logs = ", ".join(
        f"{output.cell(log['log'])} @{log['from']} to @{log['to']}" for log in data["logs"]
    )
    held = "" if data["ok"] else "; a log does not hold: see the page"
    return f"{output.cell(data['file'])}: {logs}{held}\n"


_VIEW = output.View(_written)
