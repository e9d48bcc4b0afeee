"""What the disk groups were at some moments: `python -m eventstore.examples.state_at`.

Takes a log and moments: positions, or times with their zone.
"""

from __future__ import annotations

import sys

from eventstore import library


def main(path: str, *moments: str) -> None:
    """Print each group's free space and volumes at each moment, and what is not known of it."""
    with library.open(path) as log:
        for moment in moments:
            state = log.at(moment)
            print(f"{moment}: @{state.position} of {state.log}, {state.time:%H:%M:%S} UTC")
            for group in state.groups():
                print(f"  {group['name']}: {group['free_sectors']} sectors free")
                for record in state.records(group["name"]):
                    if record["type"] == "v":
                        print(f"    {record['name']} {record['kstate']}/{record['state']}")
            for doubt in state.doubts:
                print(f"  not known: {doubt}")


if __name__ == "__main__":
    main(*sys.argv[1:])
