"""A report as one page of HTML: nothing is fetched for it, nothing runs in it, and it prints well.

Whatever comes out of a log is text: it is escaped, and nothing of it can become markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from cli.output import printable

Row = dict[str, Any]

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light; }}
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff;
  max-width: 75rem; margin: 0 auto; padding: 1.5rem; }}
h1 {{ font-size: 1.6rem; margin: 0 0 .3rem; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #bbb; }}
h3 {{ font-size: 1rem; margin: 1.2rem 0 .3rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .2rem .7rem .2rem 0;
  border-bottom: 1px solid #e2e2e2; overflow-wrap: anywhere; }}
th {{ font-weight: 600; border-bottom-color: #888; }}
pre, code, .fixed {{ font: 13px/1.35 ui-monospace, monospace; }}
pre {{ background: #f6f6f6; padding: .6rem; overflow-x: auto; }}
.good {{ color: #14642a; font-weight: 600; }}
.bad {{ color: #a01414; font-weight: 600; }}
.none {{ color: #666; }}
@media print {{
  body {{ max-width: none; padding: 0; font-size: 10pt; }}
  pre {{ white-space: pre-wrap; background: none; border: 1px solid #bbb; font-size: 8pt; }}
  h2, h3 {{ break-after: avoid; }}
  tr {{ break-inside: avoid; }}
  thead {{ display: table-header-group; }}
}}
</style>
</head>
<body>
"""
_WHO = ("position", "time", "node", "command", "summary", "message")
_WHAT = ("position", "time", "node", "summary")


def page(report: Row) -> str:
    """Return the page of a report, as `cli.report` gathers it."""
    title = f"{report['cluster'] or 'a cluster'}: {report['since']} to {report['until']}"
    parts = [
        _HEAD.format(title=_text(title)),
        f"<h1>{_text(title)}</h1>\n",
        f"<p>written {_text(report['written'])} by vx {_text(report['version'])}, ",
        f"asked of {_text(report['asked'])}</p>\n",
        _verdicts(report["logs"]),
        *(f'<p class="bad">{_text(note)}</p>\n' for note in report["notes"]),
        _section("State at the end"),
        _fixed("Disk groups", report["groups"]),
        _fixed("Devices", report["devices"]),
        *map(_log, report["logs"]),
        _section("To repeat this"),
        f"<pre>{_text(report['repeat'], lines=True)}</pre>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _text(value: object, *, lines: bool = False) -> str:
    """Return text that is no markup, and in which nothing is hidden."""
    if value is None:
        return ""
    if lines:
        return "\n".join(escape(printable(line)) for line in str(value).split("\n"))
    return escape(printable(str(value)))


def _section(title: str) -> str:
    return f"<h2>{_text(title)}</h2>\n"


def _fixed(title: str, text: str) -> str:
    shown = f"<pre>{_text(text, lines=True)}</pre>" if text.strip() else _none("none")
    return f"<h3>{_text(title)}</h3>\n{shown}\n"


def _none(text: str) -> str:
    return f'<p class="none">{_text(text)}</p>'


def _verdicts(logs: list[Row]) -> str:
    """Return whether the logs are what was written: first, as all else rests on it."""
    rows = []
    for log in logs:
        verdict = log["verdict"]
        good = verdict["ok"]
        said = "holds" if good else f"does not hold from @{verdict['first_bad']} on"
        detail = ", ".join(verdict["checked"]) if good else verdict["problem"]
        rows.append(
            f"<tr><td>{_text(log['log'])}</td><td>@{log['low']} to @{log['high']}</td>"
            f'<td class="{"good" if good else "bad"}">{_text(said)}</td><td>{_text(detail)}</td>'
            f'<td class="fixed">{_text(verdict["head_hash"])}</td></tr>\n'
        )
    head = _titles(("log", "commits of the interval", "the whole log", "checked", "head hash"))
    return f"{_section('Verification')}<table>{head}<tbody>\n{''.join(rows)}</tbody></table>\n"


def _titles(names: Iterable[str]) -> str:
    return f"<thead><tr>{''.join(f'<th>{_text(name)}</th>' for name in names)}</tr></thead>"


def _log(log: Row) -> str:
    """Return what happened in one log."""
    parts = [_section(f"What happened: {log['log']}")]
    if log["high"] < log["low"]:
        return parts[0] + _none("nothing was committed in the interval") + "\n"
    parts.append(_differences(log["changes"]))
    for person, kept in log["people"].items():
        parts.append(_rows(f"Changes by {person}", kept, _WHO))
    if not log["people"]:
        parts.append(f"<h3>Changes</h3>\n{_none('nobody changed anything')}\n")
    parts += [
        _rows("Notifications of the kernel", log["notifications"], _WHAT),
        _rows("Unknown intervals", log["unknown"], ("position", "since", "until", "reason")),
        _rows("Refused requests", log["refused"], ("position", "time", "actor", *_WHO[3:])),
        _rows("Nodes and daemons", log["daemons"], _WHAT),
    ]
    return "".join(parts)


def _rows(title: str, kept: Row, names: tuple[str, ...]) -> str:
    """Return a table of commits; how many are left out is said."""
    count, rows = kept["count"], kept["rows"]
    head = f"<h3>{_text(title)} ({count})</h3>\n"
    if not rows:
        return head + _none("none") + "\n"
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(name, row.get(name))}</td>' for name in names)}</tr>\n"
        for row in rows
    )
    more = "" if count == len(rows) else _none(f"and {count - len(rows)} more: see `vx log`")
    return f"{head}<table>{_titles(names)}<tbody>\n{body}</tbody></table>\n{more}\n"


def _cell(name: str, value: object) -> str:
    if name == "position":
        return f"@{value}"
    if name == "command" and value:
        return f"<code>{_text(value)}</code>"
    return _text(value)


def _differences(rows: list[Row]) -> str:
    """Return what the interval made of the state, by object and field."""
    head = "<h3>What differs between its beginning and its end</h3>\n"
    if not rows:
        return head + _none("nothing") + "\n"
    titles = _titles(("", "type", "object", "field", "before", "after"))
    body = "".join(line for row in rows for line in _difference(row))
    return f"{head}<table>{titles}<tbody>\n{body}</tbody></table>\n"


def _difference(row: Row) -> Iterator[str]:
    """Yield the lines of one object: what came or went on one, else a line for each field."""
    about = "".join(f"<td>{_text(row[name])}</td>" for name in ("op", "type", "object"))
    lines = [(field, *both) for field, both in row["fields"].items()]
    if row["op"] != "~":
        said = [(name, old if row["op"] == "-" else new) for name, old, new in lines]
        text = ", ".join(f"{name}={value}" for name, value in said if value not in (None, ""))
        lines = [("", text, None) if row["op"] == "-" else ("", None, text)]
    for line in lines:
        yield f"<tr>{about}{''.join(f'<td>{_text(part)}</td>' for part in line)}</tr>\n"
