"""What is said about peers: each thing once, and never so much that it fills a disk (I14)."""

from __future__ import annotations

from collections.abc import Callable

BURST = 20
"""Lines that may come at once; who causes more is told of in one line."""
BEATS_PER_LINE = 10
KNOWN_MAX = 1024


class Notices:
    """Says each thing of each subject once, until the subject is forgotten."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._known: dict[str, set[str]] = {}
        self._count = 0
        self._left = BURST
        self._beats = 0

    def once(self, subject: str, text: str) -> None:
        """Say something about a peer, unless it was said."""
        known = self._known.setdefault(subject, set())
        if text in known:
            return
        if self._count >= KNOWN_MAX:
            self._known, self._count = {}, 0
            known = self._known.setdefault(subject, set())
        known.add(text)
        self._count += 1
        if self._left > 0:
            self._left -= 1
            more = "" if self._left else "; more of this is not told for a while"
            self._note(f"{subject}: {text}{more}")

    def forget(self, subject: str) -> None:
        """Let everything about a peer be worth saying again: it is well now."""
        self._count -= len(self._known.pop(subject, ()))

    def breathe(self) -> None:
        """Allow another line now and then; called at each heartbeat."""
        self._beats = (self._beats + 1) % BEATS_PER_LINE
        if self._beats == 0:
            self._left = min(BURST, self._left + 1)
