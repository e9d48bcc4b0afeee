"""The search: every state of a scope, and from each a way to a good end.

Breadth first, so that the path to a violation is among the shortest. States are compared whole;
only what is inside a core or on a disk is known by a hash, of 128 bits.
"""

from __future__ import annotations

import time
from array import array
from collections import deque
from typing import NamedTuple

from tests.exploration.disks import Violation
from tests.exploration.space import Space
from tests.exploration.state import Scope, State

BEGINNING = 0


class Report(NamedTuple):
    """What a search came to."""

    scope: str
    states: int
    transitions: int
    depth: int
    worked_out: int
    ends: int
    """States in which all is over, and well."""
    beyond: int
    """States that were not followed, because of the scope's bound of terms."""
    seconds: float
    violation: str = ""
    path: tuple[str, ...] = ()
    is_exhausted: bool = True


class Search:
    """One search of one scope."""

    def __init__(self, scope: Scope, limit: int = 10_000_000) -> None:
        self.space = Space(scope)
        self.limit = limit
        self.known: dict[State, int] = {}
        self.parents = array("i")
        self.depths = array("H")
        self.sources, self.targets = array("i"), array("i")
        self.good: list[int] = []
        self.beyond: list[int] = []
        self.frontier: deque[tuple[int, State]] = deque()

    def run(self) -> Report:
        """Exhaust the scope, or find a violation."""
        began = time.perf_counter()
        violation, at, last = "", BEGINNING, ""
        try:
            self._enter(self.space.beginning(), -1)
            while self.frontier and len(self.known) < self.limit:
                at, state = self.frontier.popleft()
                for _what, after in self.space.successors(state):
                    self._enter(after, at)
            if not self.frontier:
                at, last = self._find_dead_end(), "... and never comes together again"
                violation = "" if at < 0 else "I16: no way leads to a good end"
        except Violation as broken:
            violation, last = str(broken), self.space.doing
        path = (*self.path_to(at), last) if violation else ()
        return Report(
            self.space.scope.name,
            len(self.known),
            len(self.sources),
            max(self.depths, default=0),
            self.space.steps.worked_out,
            len(self.good),
            len(self.beyond),
            time.perf_counter() - began,
            violation,
            path,
            not self.frontier,
        )

    def _enter(self, state: State, parent: int) -> None:
        number = self.known.get(state)
        if number is None:
            number = self.known[state] = len(self.known)
            self.parents.append(parent)
            self.depths.append(0 if parent < 0 else self.depths[parent] + 1)
            if self.space.is_beyond(state):
                self.beyond.append(number)
            else:
                self.frontier.append((number, state))
            if self.space.is_whole(state):
                self.good.append(number)
        if parent >= 0:
            self.sources.append(parent)
            self.targets.append(number)

    def _find_dead_end(self) -> int:
        """The first state from which no way leads to a good end, -1 if there is none (I16)."""
        count = len(self.known)
        first = array("i", bytes(4 * (count + 1)))
        for target in self.targets:
            first[target + 1] += 1
        for number in range(count):
            first[number + 1] += first[number]
        place, into = array("i", first), array("i", bytes(4 * len(self.targets)))
        for source, target in zip(self.sources, self.targets, strict=True):
            into[place[target]] = source
            place[target] += 1
        reached = bytearray(count)
        waiting = [*self.good, *self.beyond]
        for number in waiting:
            reached[number] = 1
        while waiting:
            number = waiting.pop()
            for source in into[first[number] : first[number + 1]]:
                if not reached[source]:
                    reached[source] = 1
                    waiting.append(source)
        return reached.find(0)

    def path_to(self, number: int) -> tuple[str, ...]:
        """What happened on the way to a state, found by going it once more."""
        numbers = []
        while number > BEGINNING:
            numbers.append(number)
            number = self.parents[number]
        states, words = list(self.known), []
        state = states[BEGINNING] if states else None
        for wanted in reversed(numbers):
            assert state is not None
            words.append(next(w for w, s in self.space.successors(state) if s == states[wanted]))
            state = states[wanted]
        return tuple(words)
