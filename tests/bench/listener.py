"""Who hears of commits, in a process of its own; it prints when, on the machine's steady clock.

    python -m tests.bench.listener bare URL
    python -m tests.bench.listener follower URL

It says "ready", then a time in seconds for each notification, or for each commit.
"""

from __future__ import annotations

import sys
from time import monotonic

import psycopg

from eventstore.library import follow

CHANNEL = "bench"


def main() -> None:
    """Run the command line."""
    kind, url = sys.argv[1:]
    {"bare": _bare, "follower": _follower}[kind](url)


def _bare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        print("ready", flush=True)
        for _ in connection.notifies():
            print(monotonic(), flush=True)


def _follower(url: str) -> None:
    with follow(url, log="node", heartbeat=0.05) as commits:
        ready = False
        for said in commits:
            if hasattr(said, "position"):
                print(monotonic(), flush=True)
            elif not ready:
                print("ready", flush=True)
                ready = True


if __name__ == "__main__":
    main()
