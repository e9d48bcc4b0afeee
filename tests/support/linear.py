"""Is a history linearizable? A search for one sequential order that respects real time (I12).

Each object holds a text; it is a register, unless the caller says what else its operations do. A
history is what its users saw: when an operation was invoked, when it returned (None: never, its
outcome is not known), and what it did. An operation whose outcome is not known may have taken
effect at any time after its invocation, or not at all.

The search is that of Wing and Gong, with Lowe's memo: from the operations that may come next, one
is tried after the other; a set of operations done, with the value that they leave, is not tried
twice. Objects are independent of each other, so each is searched alone. The search is exponential
in the number of operations that overlap, so it has a budget, and says when it ran out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

BUDGET = 200_000
"""Steps for one object: a history of thousands of operations with few at a time takes as many."""

FOREVER = float("inf")


class Operation(NamedTuple):
    """What one user did to one object.

    ``read``: `value` was seen. ``write``: `value` was set. ``swap``: `value` was set in the place
    of `before`, and only there. ``failed``: it is known to have had no effect, and is left out.
    Other kinds are those of the caller's own objects.
    """

    kind: str
    object: str
    value: str
    invoked: float
    returned: float | None
    before: str = ""
    who: str = ""


class Verdict(NamedTuple):
    """What a search came to; `stuck` are the operations none of which could come next."""

    outcome: Literal["linearizable", "not linearizable", "undecided"]
    object: str = ""
    stuck: tuple[Operation, ...] = ()
    steps: int = 0

    @property
    def is_bad(self) -> bool:
        """Whether there is no order."""
        return self.outcome == "not linearizable"


Apply = Callable[[Operation, str], str | None]
"""Gives the value after an operation on a value, None if it cannot have happened there."""


def register(operation: Operation, value: str) -> str | None:
    """Return the value of a register after an operation, None if it cannot have happened here."""
    if operation.kind == "read":
        return value if value == operation.value else None
    if operation.kind == "swap" and value != operation.before:
        return None
    return operation.value


def check(
    history: Iterable[Operation],
    initial: dict[str, str],
    budget: int = BUDGET,
    apply: Apply = register,
) -> Verdict:
    """Search each object's operations for an order; the first bad object is named.

    `initial` has each object's value before the history.
    """
    objects: dict[str, list[Operation]] = {}
    for operation in history:
        unseen = operation.kind == "read" and operation.returned is None
        if operation.kind != "failed" and not unseen:
            objects.setdefault(operation.object, []).append(operation)
    steps, undecided = 0, Verdict("linearizable")
    for name in sorted(objects):
        verdict = _search(name, objects[name], initial.get(name, ""), budget, apply)
        steps += verdict.steps
        if verdict.is_bad:
            return verdict
        if verdict.outcome == "undecided":
            undecided = verdict
    return undecided._replace(steps=steps)


def _search(
    name: str, operations: list[Operation], initial: str, budget: int, apply: Apply
) -> Verdict:
    """Search one object's operations, depth first, without recursion."""
    todo = sorted(operations, key=lambda o: o.invoked)
    known = (1 << len(todo)) - 1
    for number, operation in enumerate(todo):
        if operation.returned is None:
            known &= ~(1 << number)
    stack = [(0, 0, initial)]
    seen = {(0, initial)}
    steps, furthest = 0, -1
    stuck: tuple[Operation, ...] = ()
    while stack:
        first, done, value = stack.pop()
        if done & known == known:
            return Verdict("linearizable", steps=steps)
        steps += 1
        if steps > budget:
            return Verdict("undecided", name, steps=steps)
        while done >> first & 1:
            first += 1
        candidates = _next(todo, first, done)
        progress = (done & known).bit_count()
        if progress > furthest:
            furthest, stuck = progress, tuple(todo[number] for number in candidates)
        for number in reversed(candidates):
            after = apply(todo[number], value)
            state = (done | 1 << number, after)
            if after is not None and state not in seen:
                seen.add(state)  # type: ignore[arg-type]
                stack.append((first, done | 1 << number, after))
    return Verdict("not linearizable", name, stuck, steps)


def _next(todo: list[Operation], first: int, done: int) -> list[int]:
    """Return the operations that may come next: none that is left returned before they began."""
    found: list[int] = []
    deadline = FOREVER
    for number in range(first, len(todo)):
        operation = todo[number]
        if operation.invoked > deadline:
            break
        if not done >> number & 1:
            found.append(number)
            deadline = min(deadline, FOREVER if operation.returned is None else operation.returned)
    return found
