"""Who changed an object, and to what it was before: `python -m eventstore.examples.who_changed`.

Takes a log and an object. The argument is a home, its log.db, or a copy of either.
"""

from __future__ import annotations

import sys

from eventstore import library


def main(path: str, name: str) -> None:
    """Print an object's history, one line a commit, then whose each of its fields is."""
    with library.open(path) as log:
        for commit in log.commits(object=name):
            who = commit.actor or f"{commit.node} itself"
            print(f"@{commit.position} {who}: {commit.summary}")
            if commit.position > 1:
                for change in log.diff(commit.position - 1, commit.position, name):
                    for field, (old, new) in change.fields.items():
                        print(f"    {field}: {old} -> {new}")
        for origin in log.blame(name):
            print(f"{origin.field} = {origin.value} (@{origin.position}, {origin.actor})")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except library.StoreError as error:
        sys.exit(f"{error.id} {error.message}: {error.cause or error.fix}")
