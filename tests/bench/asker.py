"""A client in a process of its own that puts one question again and again, given as JSON.

It says `ready` after the first answer, goes on until its input is closed, and says how many
answers came.
"""

from __future__ import annotations

import json
import select
import sys
from pathlib import Path

from daemon.client import Client
from daemon.wire import control

TIMEOUT_MS = 600_000


def main(home: str, asked: str) -> None:
    """Ask, until there is nobody to ask for."""
    question, args = json.loads(asked)
    answers = 0
    with Client(str(Path(home) / "vxconfigd.sock"), None) as client:
        while not select.select([sys.stdin], [], [], 0)[0]:
            client.ask(control.query(question, args, timeout_ms=TIMEOUT_MS))
            answers += 1
            if answers == 1:
                print("ready", flush=True)
    print(answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
