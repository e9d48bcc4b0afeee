"""`vx trace`: a commit, from the person or the kernel that it goes back to, to every node."""

from __future__ import annotations

from typing import Any

from cli import ask, everywhere, output, progress
from cli.options import Command, WhenArgument, new_app
from cli.render.columns import table
from cli.source import Source

app = new_app()

_WHO = ("actor", "uid", "pid", "program")


@app.command(cls=Command)
@everywhere.reads_history
def trace(source: Source, when: WhenArgument) -> None:
    """Follow a commit or a request: who or what began it, who decided, what each node did.

    A request that was refused has no commit: tx:ID leads to its refusal.

    Examples:
      vx trace @1204
      vx trace tx:01JD8X3K5V
      vx trace shared@1204 --all-nodes
      vx trace node/node2@77 --log /mnt/node1 --log /mnt/node2
    """
    source.at = when
    with progress.shown("following the commit"):
        answer = ask.read(source, "trace", {})
    output.emit(source, "trace", answer, output.View(_text, _rows, _items))


def _text(data: Any, header: bool) -> str:
    first = f"{data['log']}@{data['position']} {data['tx']}: {output.cell(data['summary'])}\n"
    return first + table(_rows(data), header=header)


def _rows(data: Any) -> output.Rows:
    return [["STEP", "COMMIT", "NODE", "TIME", "CLOCK", "WHAT"]] + [
        [
            output.cell(step["step"]),
            f"{output.cell(step['log'])}@{step['position']}",
            output.cell(step["node"]),
            output.cell(step["time"]),
            output.cell(step["clock"]),
            _what(step),
        ]
        for step in data["steps"]
    ]


def _what(step: dict[str, Any]) -> str:
    """Return what a step was; of one that somebody asked for also who, and the reason given."""
    said = output.cell(step["text"])
    if step["step"] == "asked":
        who = " ".join(f"{k}={output.cell(step[k])}" for k in _WHO if step.get(k) is not None)
        why = f"  # {output.cell(step['message'])}" if step.get("message") else ""
        return f"{said} ({who}){why}" if who else said
    if step["step"] == "held":
        return f"{said}: {', '.join(map(output.cell, step['objects']))}"
    if step["step"] in ("rejected", "failed"):
        rule = f" (rule {step['rule']})" if step.get("rule") else ""
        return f"{step['id']} {said}{rule}"
    return said


def _items(data: Any) -> list[object]:
    return list(data["steps"])
