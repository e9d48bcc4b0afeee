"""Commits as CloudEvents on stdout, one a line."""

from __future__ import annotations

import json
import sys
from typing import Any

from cli.ask import Answer
from eventstore import cloudevents


def write(answer: Answer) -> None:
    """Print the commits of an answer, as they are listed."""
    rows: Any = answer["data"]
    cluster: Any = answer["cluster"]
    for row in rows:
        sys.stdout.write(line(cluster, str(answer["log"]), row))


def line(cluster: str | None, log: str, row: dict[str, Any]) -> str:
    """Return the line of one commit."""
    return json.dumps(cloudevents.commit(cluster, log, row), ensure_ascii=False) + "\n"
