"""One screen about a node, worst first."""

from __future__ import annotations

from typing import Any

from cli.output import cell
from cli.render.columns import table
from cli.render.records import position

Row = dict[str, Any]

# What nobody has to look at twice comes last.
_WORST_FIRST = ("critical", "error", "warning", "notice", "info")
_SHOWN_INTERVALS = 5


def status(data: Row, header: bool) -> str:
    """Return problems, what is not known, work under way, logs, nodes, the daemon."""
    lines = [_headline(data), *_problems(data["problems"]), *_unknown(data["unknown_intervals"])]
    if data["inflight"] or data["in_doubt"]:
        lines.append(f"in flight: {data['inflight']}, in doubt: {data['in_doubt']}")
    lines += [
        f"undone at {cell(one['until'])} unless confirmed: {cell(one['id'])}"
        for one in data.get("unconfirmed", ())
        if not one["failed"]
    ]
    if data.get("archive"):
        lines.append(_archive(data["archive"]))
    daemon = data["daemon"]
    counts = [f"{key}: {data[key]}" for key in ("groups", "volumes", "devices") if key in data]
    tail = [
        *([", ".join(counts)] if counts else []),
        " ".join(
            f"{key}={cell(daemon.get(key))}" for key in ("pid", "version", "sqlite", "since")
        ),
        f"home {cell(daemon.get('home'))}",
        *([f"log {cell(daemon['log'])}"] if "://" in str(daemon.get("log")) else []),
    ]
    parts = ["\n".join(lines) + "\n", _logs(data["logs"], header), _nodes(data["nodes"], header)]
    return "\n".join([*(part for part in parts if part), "\n".join(tail) + "\n"])


def _archive(archive: Row) -> str:
    """Return how far each log is in the archive of many clusters."""
    logs = ", ".join(
        f"{cell(one['log'])} {position(one['position'])}"
        + (f" ({one['lag']} behind, {one['lag_s']} s)" if one["lag"] else "")
        for one in archive["logs"]
    )
    return f"archive {cell(archive['url'])}: {logs}"


def _headline(data: Row) -> str:
    return (
        f"{cell(data['node'])} in cluster {cell(data['cluster'])}: "
        f"{cell(data['state'])}, {cell(data['role'])}, term {cell(data['term'])}"
    )


def _problems(problems: list[Row]) -> list[str]:
    rank = {severity: i for i, severity in enumerate(_WORST_FIRST)}
    lines = []
    for one in sorted(problems, key=lambda p: rank.get(str(p["severity"]).lower(), 0)):
        lines.append(f"{cell(one['severity']).upper()}: {cell(one['text'])}")
        if one.get("fix"):
            lines.append(f"  fix: {cell(one['fix'])}")
    return lines


def _unknown(intervals: list[Row]) -> list[str]:
    lines = [
        f"unknown from {cell(one['since'])} to {cell(one['until'])}: {cell(one['reason'])} "
        f"({position(one.get('position'))})"
        for one in intervals[-_SHOWN_INTERVALS:]
    ]
    hidden = len(intervals) - len(lines)
    return [*([f"unknown intervals before these: {hidden}"] if hidden else []), *lines]


def _logs(logs: list[Row], header: bool) -> str:
    # The hash is left to JSON and `vx show`: with it a line is longer than a screen is wide.
    rows = [["LOG", "HEAD", "TIME", "DIGEST"]]
    rows += [
        [
            cell(one["log"]),
            position(one["position"]),
            *(cell(one.get(key)) for key in ("time", "digest")),
        ]
        for one in logs
    ]
    return table(rows, header=header)


def _nodes(nodes: list[Row], header: bool) -> str:
    rows = [["NODE", "ROLE", "HEAD", "LAG"]]
    rows += [
        [cell(one["node"]), cell(one["role"]), position(one["position"]), cell(one["lag"])]
        for one in nodes
    ]
    return table(rows, header=header)
