"""The utilities' history held against I12: cheaply by position, and by a search for an order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tests.simulation.clients import Operation
from tests.simulation.founding import GROUPS
from tests.support import linear

BUDGET = 50_000
FIRST_NAME = "d0"
"""What the disk of each group is called at the founding."""


def out_of_order(history: Sequence[Operation]) -> str:
    """Return what saw less than was known before it began, empty if nothing did.

    Positions are an order already: it has only to respect real time. This trusts the positions.
    """
    known = sorted((o.ended, o.position) for o in history if o.ended is not None and o.position)
    ends = [ended for ended, _position in known]
    newest: list[int] = []
    for _ended, position in known:
        newest.append(max(position, newest[-1] if newest else 0))
    for operation in history:
        before = bisect_left(ends, operation.began)
        if operation.ended is not None and before and operation.position < newest[before - 1]:
            return (
                f"what began at {operation.began} saw @{operation.position}, "
                f"@{newest[before - 1]} was known"
            )
    return ""


def searched(history: Sequence[Operation], budget: int = BUDGET) -> linear.Verdict:
    """Search for an order; each group's disk is a register whose names are swapped."""
    operations = [
        linear.Operation(
            "read" if o.kind == "read" else "swap", o.group, o.value, o.began, o.ended, o.before
        )
        for o in history
    ]
    return linear.check(operations, dict.fromkeys(GROUPS, FIRST_NAME), budget)
