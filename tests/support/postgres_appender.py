"""A process that appends from several threads until it is killed, and says what was acknowledged.

Each line of its output is the position and the hash of a commit. It is run by `Appender`.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock, Thread

from tests.support.postgres_load import opened
from tests.support.stores import note
from tests.support.waiting import wait_until

THREADS = 4


class Appender:
    """The process, and what it was told."""

    def __init__(self, url: str, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, url, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.acknowledged: set[tuple[int, str]] = set()
        self._listening = Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n"):  # and was not killed in the middle of it
                position, _space, hash_ = line.strip().partition(" ")
                self.acknowledged.add((int(position), hash_))

    def more(self, count: int = 20) -> None:
        """Wait until so many more were acknowledged."""
        goal = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= goal or not self._listening.is_alive())
        assert self._listening.is_alive(), f"it ended with {self.process.wait()}"

    def kill(self) -> None:
        """End it at once, and take what it had said."""
        self.process.kill()
        self._listening.join()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def main(url: str, name: str) -> None:
    """Append for ever."""
    lock = Lock()
    with opened(url) as store, ThreadPoolExecutor(THREADS) as pool:

        def work(thread: int) -> None:
            for i in count():
                (commit,) = store.append([note(f"{name}-{thread}-{i}")])
                with lock:
                    print(commit.position, commit.hash.hex(), flush=True)

        for done in [pool.submit(work, thread) for thread in range(THREADS)]:
            done.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
