"""Tell of every loss once, however often it is restarted: `python -m eventstore.examples.alarm`.

Takes a log, a file in which it keeps how far it is, and for how many seconds to run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from eventstore import library

LOST = ("DISABLED", "DETACHED")


def main(path: str, kept: str, seconds: str = "3600") -> None:
    """Print what went out of use by itself, and what may have been missed."""
    place = Path(kept)
    after = None
    if place.exists():
        after = [library.parse_cursor(line) for line in place.read_text().splitlines()]
    with library.follow(path, after, log="both", timeout=float(seconds), heartbeat=60) as told:
        for one in told:
            if isinstance(one, library.Commit):
                report(one)
            elif not one.is_live:
                print(f"{one.time}: no daemon: nothing is known")
            place.write_text("".join(f"{cursor}\n" for cursor in told.cursors))


def report(commit: library.Commit) -> None:
    """Print what one commit says that an operator has to know."""
    if commit.gap is not None:
        print(f"missed: {commit.gap.since} to {commit.gap.until} ({commit.gap.reason})")
    for event in commit.events:
        if event.get("kstate") in LOST and commit.command is None:
            print(f"@{commit.position} {event['object']} is {event['kstate']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
