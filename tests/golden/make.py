"""Write the golden log of a release: ``python -m tests.golden.make tests/golden/VERSION``.

The log holds every event that the release writes, made by its own core and store, with fixed
times, lineages and IDs. What it wrote once is never edited: a release adds a directory.
"""

import json
import sys
from pathlib import Path

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
        "states": {str(at): found["state"] for at, found in sorted(core.documents.items()) if at},
    }


def main(directory: Path) -> None:
    core = every_event()
    directory.mkdir(parents=True)
    with open_log(str(stored(core, directory / "log.db"))) as source:
        expected = recorded(core, source.readers)
    (directory / "expected.json").write_text(json.dumps(expected, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
