"""What an archive has of many clusters, as text."""

from __future__ import annotations

from typing import Any

from cli.output import Rows, View, cell
from cli.render import history
from cli.render.columns import table
from cli.render.records import position

Row = dict[str, Any]


def shipped_text(data: list[Row], _header: bool) -> str:
    """Return what became of each log that was shipped."""
    return "".join(
        f"{cell(row['log'])}: {row['shipped']} commits shipped, archived up to "
        f"{position(row['position'])} of {position(row['last'])}\n"
        for row in data
    )


def status_rows(data: list[Row]) -> Rows:
    """Return one row for each log and node that ships it."""
    names = ["CLUSTER", "LOG", "FIRST", "HEAD", "TIME", "NODE", "LAG", "BEHIND", "SEEN", "PROBLEM"]
    return [names] + [
        [
            cell(row["cluster"]),
            cell(row["log"]),
            position(row["first"]),
            position(row["position"]),
            cell(row["time"]),
            cell(row["node"]),
            cell(row["lag"]),
            "-" if row["lag_s"] is None else f"{row['lag_s']} s",
            cell(row["seen"]),
            cell(row["problem"]),
        ]
        for row in data
    ]


def found_rows(data: list[Row]) -> Rows:
    """Return one row for each object that was found, and each name that it had."""
    names = ["CLUSTER", "LOG", "TY", "OBJECT", "ID", "FIRST", "SINCE", "LAST", "CHANGED", "STATE"]
    return [names] + [
        [
            cell(row["cluster"]),
            cell(row["log"]),
            cell(row["type"]),
            cell(row["object"]),
            cell(row["rid"]),
            position(row["first"]["position"]),
            cell(row["first"]["time"]),
            position(row["last"]["position"]),
            cell(row["last"]["time"]),
            "there" if row["is_there"] else "gone",
        ]
        for row in data
    ]


def log_rows(data: list[Row]) -> Rows:
    """Return the rows of a log, the cluster first."""
    names, *rows = history.log_rows(data)
    return [["CLUSTER", *names]] + [
        [cell(row["cluster"]), *cells] for row, cells in zip(data, rows, strict=True)
    ]


def _table(rows: Any) -> Any:
    return lambda data, header: table(rows(data), header=header)


def detached_text(data: Row, _header: bool) -> str:
    """Return which months are detached, and where each log then begins."""
    will = "would be" if data["outcome"] == "dry-run" else "is"
    months = ", ".join(data["months"])
    lines = [f"{cell(data['cluster'])}: what is before {data['before']} {will} detached: {months}"]
    lines += [
        f"  {cell(row['log'])}: {row['commits']} commits; it begins {position(row['first'])}"
        for row in data["logs"]
    ]
    lines += [f"  table {name}" for name in data["tables"]]
    return "\n".join(lines) + "\n"


SHIPPED = View(shipped_text)
STATUS = View(_table(status_rows), status_rows)
FOUND = View(_table(found_rows), found_rows)
LOG = View(_table(log_rows), log_rows)
DETACHED = View(detached_text)
