"""How an error is shown: in words with cause and fix, or as JSON with --json."""

from __future__ import annotations

import sys

from cli import exit_codes
from daemon.errors import RequestFailed

SCHEMA = "vx.error/v1"


class UsageError(RequestFailed):
    """The command line makes no sense; nobody was asked anything."""

    exit_code = exit_codes.USAGE

    def __init__(self, message: str, *, cause: str | None = None, fix: str | None = None) -> None:
        super().__init__("V-5-1-9010", message, cause=cause, fix=fix)


def wants_json(args: list[str]) -> bool:
    """Whether a command line asks for JSON: known before it is parsed, for errors in parsing."""
    for i, arg in enumerate(args):
        if arg == "--":
            return False
        if arg in ("--json", "-ojson", "-ondjson", "--output=json", "--output=ndjson"):
            return True
        if arg in ("-o", "--output") and args[i + 1 : i + 2] in (["json"], ["ndjson"]):
            return True
    return False


def text(error: RequestFailed, program: str) -> str:
    """Return the lines for a person: what is so, why, and the way out."""
    rule = f" (rule {error.rule})" if error.rule else ""
    lines = [f"VxVM {program} ERROR {error.id} {error.message}{rule}"]
    lines += [
        f"  {label}: {value}"
        for label, value in (("node", error.node), ("cause", error.cause), ("fix", error.fix))
        if value
    ]
    return "\n".join(lines)


def as_json(error: RequestFailed) -> str:
    """Return the same as one JSON document."""
    import json

    return json.dumps(
        {
            "schema": SCHEMA,
            "id": error.id,
            "rule": error.rule,
            "message": error.message,
            "node": error.node,
            "cause": error.cause,
            "fix": error.fix,
            "exit": error.exit_code,
        },
        ensure_ascii=False,
    )


def show(error: RequestFailed, program: str, args: list[str]) -> int:
    """Print an error on stderr, and return the exit code that goes with it."""
    sys.stdout.flush()
    print(as_json(error) if wants_json(args) else text(error, program), file=sys.stderr)
    return error.exit_code
