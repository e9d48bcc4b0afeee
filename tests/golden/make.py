"""Write the golden log of a release: ``python -m tests.golden.make tests/golden/VERSION``.

The log holds every event that the release writes, made by its own core and store, with fixed
times, lineages and IDs. What it wrote once is never edited: a release adds a directory.
"""

import json
import sys
from pathlib import Path
from typing import Any

from eventstore.source import open_log
from eventstore.storage.reader import LogReader
from tests.support.core import Core, stored
from tests.support.histories import every_event


def recorded(core: Core, readers: dict[str, LogReader]) -> dict[str, object]:
    """What must come out of the log for ever."""
    return {
        "digests": {
            log: [commit.digest.hex() for commit in reader.commits()]
            for log, reader in readers.items()
        },
        "hashes": {log: reader.head().hash.hex() for log, reader in readers.items()},
        "changes": changes({at: found["state"] for at, found in core.documents.items()}),
    }


def changes(states: dict[int, Any]) -> dict[str, Any]:
    """What each position makes of the records that it touches; null: it ends one."""
    found = {}
    for at, state in sorted(states.items()):
        before = states.get(at - 1, {})
        gone = dict.fromkeys(before.keys() - state.keys())
        found[str(at)] = gone | {rid: row for rid, row in state.items() if before.get(rid) != row}
    return found


def states_of(expected: Any) -> dict[str, Any]:
    """The state at each position, also of releases that recorded each as a whole."""
    if "states" in expected:
        whole: dict[str, Any] = expected["states"]
        return whole
    state: dict[str, Any] = {}
    found = {}
    for at, changed in sorted(expected["changes"].items(), key=lambda item: int(item[0])):
        state = {rid: row for rid, row in (state | changed).items() if row is not None}
        found[at] = state
    del found["0"]
    return found


def as_text(value: object) -> str:
    """JSON; bytes, as those in which a change waits to be confirmed, as hexadecimal digits."""
    return json.dumps(value, indent=0, sort_keys=True, default=bytes.hex)


def main(directory: Path) -> None:
    core = every_event()
    directory.mkdir(parents=True)
    with open_log(str(stored(core, directory / "log.db"))) as source:
        expected = recorded(core, source.readers)
    (directory / "expected.json").write_text(as_text(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
