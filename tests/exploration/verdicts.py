"""What was decided and answered so far, and what that forbids (I1, I3 to I7, I12)."""

from __future__ import annotations

from eventstore.codec import decode_events, decode_header
from eventstore.model.cluster_events import RequestsFailed
from tests.exploration.disks import Violation
from tests.exploration.state import Answer, Scope, State
from tests.exploration.steps import Step, Steps


class Verdicts:
    """The checks on one scope's states."""

    def __init__(self, scope: Scope, steps: Steps) -> None:
        self.scope = scope
        self.steps = steps
        self.names = steps.names
        asked = [request.name for request in scope.requests]
        self.asked_twice = {name for name in asked if asked.count(name) > 1}
        self._tx_of: dict[int, str] = {}
        self._fails: dict[int, tuple[str, ...]] = {}

    def noted(self, state: State, node: int, step: Step, *, answers: bool = True) -> State:
        """The state with what a step decided and answered; the node's disk is that after it.

        Raises:
            Violation: an invariant forbids it.
        """
        if not step.taken and not step.master_of and not (answers and step.answers):
            return state
        decided = state.decided
        for position, commit in step.taken:
            if position <= len(decided):
                if decided[position - 1] != commit:
                    raise Violation(f"I1: {self.names[node]} commits another content @{position}")
                continue
            self._check_decision(state, node, step, commit)
            self._check_request(state, decided, commit)
            decided = (*decided, commit)
        said = state.answers
        for answer in step.answers if answers else ():
            self._check_answer(state, decided, answer)
            said = tuple(sorted((*said, answer)))
        masters = self._masters(state, node, step)
        return state._replace(decided=decided, answers=said, masters=masters)

    def asked(self, state: State, name: str) -> State:
        """The state with a request that was asked now: what it may not go behind of (I12)."""
        done = max((at for _n, what, at in state.answers if what == "done"), default=0)
        return state._replace(floors=tuple(sorted((*state.floors, (name, done)))))

    def _masters(self, state: State, node: int, step: Step) -> tuple[tuple[int, int], ...]:
        masters = state.masters
        if not step.master_of or (step.master_of, node) in masters:
            return masters
        if any(term == step.master_of for term, _node in masters):
            raise Violation(f"I7: two masters in term {step.master_of}")
        return (*masters, (step.master_of, node))

    def _check_decision(self, state: State, node: int, step: Step, commit: int) -> None:
        """I5: what takes effect is on every disk that it was proposed to."""
        if state.left.blanks < self.scope.faults.blanks:
            return  # a disk that was replaced has nothing any more
        if step.proposal is None or commit not in step.proposal[1]:
            raise Violation(f"I5: {self.names[node]} commits what it did not propose")
        for name in step.proposal[0]:
            member = self.names.index(name)
            if commit not in self.steps.safe_on(state.disks[member]):
                raise Violation(f"I5: {self.names[node]} commits what {name} does not have")

    def _check_request(self, state: State, decided: tuple[int, ...], commit: int) -> None:
        """I4, I6: a request takes effect once, and not after it failed or was rejected."""
        tx = self._tx(commit)
        if "@" in tx:
            return
        if any(self._tx(known) == tx for known in decided):
            raise Violation(f"I6: {tx} takes effect twice")
        refused = any(name == tx and what != "done" for name, what, _at in state.answers)
        if (refused and tx not in self.asked_twice) or self._has_failed(decided, tx):
            raise Violation(f"I4: {tx} takes effect after it was refused")

    def _check_answer(self, state: State, decided: tuple[int, ...], answer: Answer) -> None:
        """I3, I4, I12: what is answered is decided, and a current read is."""
        name, outcome, position = answer
        known = position <= len(decided)
        if outcome == "done" and not (known and self._tx(decided[position - 1]) == name):
            raise Violation(f"I3: {name} is answered done @{position}, and is not there")
        if outcome == "failed" and not self._has_failed(decided, name):
            raise Violation(f"I4: {name} is answered failed before that is decided")
        if outcome == "current" and not (known and position >= dict(state.floors)[name]):
            raise Violation(f"I12: {name} reads @{position}, and more was done before it began")
        is_done = any(self._tx(commit) == name for commit in decided)
        if outcome == "rejected" and name not in self.asked_twice and is_done:
            raise Violation(f"I4: {name} is answered rejected, and is done")

    def _tx(self, commit: int) -> str:
        found = self._tx_of.get(commit)
        if found is None:
            found = self._tx_of[commit] = decode_header(self.steps.commits[commit].header).tx
        return found

    def _has_failed(self, decided: tuple[int, ...], request: str) -> bool:
        return any(request in self._failed_by(commit) for commit in decided)

    def _failed_by(self, commit: int) -> tuple[str, ...]:
        found = self._fails.get(commit)
        if found is None:
            events = decode_events(self.steps.commits[commit].payload)
            failures = [e.requests for e in events if isinstance(e, RequestsFailed)]
            found = self._fails[commit] = tuple(name for names in failures for name in names)
        return found
