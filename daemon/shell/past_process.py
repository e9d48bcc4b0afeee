"""The process that answers questions beside the daemon: frames in, frames out, read-only."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from typing import Any

from daemon.shell import child
from daemon.shell.relay import packed, packed_progress
from daemon.wire.frames import FrameReader
from eventstore.asking.questions import answer
from eventstore.errors import Damaged, StoreError
from eventstore.source import Source, open_log

_READ_BYTES = 1 << 16
PROGRESS_S = 0.2
NICE = 5
"""Where there is not enough for both, a change goes before a question."""


class Answerer:
    """Holds the log open once it could be opened; until then every question says why not."""

    def __init__(self, home: str, stack: ExitStack) -> None:
        self._home = home
        self._stack = stack
        self._source: Source | None = None

    def answer(self, request: Any) -> bytes:
        """Return the answer to one request, an error included, as it is written."""
        try:
            if self._source is None:
                self._source = self._stack.enter_context(open_log(self._home))
            self._source.default = request.get("default", self._source.default)
            self._source.enabled = request.get("enabled", True)
            self._source.tell(_Teller().tell if request.get("progress") else None)
            found = answer(self._source, request["question"], request["args"], request["at"])
        except StoreError as error:
            failed = {"ok": False, "error": error.to_map()}
            return packed(failed, passed_over=False, damaged=isinstance(error, Damaged))
        found["notes"] = [*found["notes"], *request.get("notes", ())]
        return packed({"ok": True, **found}, passed_over=self._passed_over(), damaged=False)

    def _passed_over(self) -> bool:
        """Tell whether a keyframe or the index did not hold; the daemon has them mended."""
        assert self._source is not None
        readers = self._source.readers.values()
        found = any(reader.keyframes.passed_over or reader.index_failed for reader in readers)
        for reader in readers:
            reader.keyframes.passed_over.clear()
            reader.index_failed = False
        return found


class _Teller:
    """Says from time to time how far an answer is."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + PROGRESS_S

    def tell(self, done: int, total: int) -> None:
        """Say it, unless it was said just now."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + PROGRESS_S
            child.say(packed_progress(done, total))


def main(home: str) -> None:
    """Answer until the daemon closes our input."""
    child.begin(NICE)
    frames = FrameReader(max_items=None)
    with ExitStack() as stack:
        answerer = Answerer(home, stack)
        while data := os.read(0, _READ_BYTES):
            for request in frames.feed(data):
                child.say(answerer.answer(request))


if __name__ == "__main__":
    main(sys.argv[1])
