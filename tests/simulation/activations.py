"""Which node has activated which group, worked out from the log alone, and held against F1 (I11).

The table is written down here once more, from the protocol: a checker that asked the program for
it would agree with whatever the program says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from eventstore.model.cluster_events import MasterElected, NodeLeft
from eventstore.model.events import AnyEvent
from eventstore.model.group_events import ActivationSet
from eventstore.model.state import State

TOGETHER = {
    "ew": ("sr",),
    "ro": ("ro", "sr"),
    "sr": ("ew", "ro", "sr", "sw"),
    "sw": ("sr", "sw"),
}
"""Held by one -> what another may have (F1)."""

MODES = ("off", *TOGETHER)


class Activations:
    """What the log says so far."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        """(group, node) -> mode."""
        self._boots: dict[str, str] = {}

    def committed(self, events: Iterable[AnyEvent]) -> str:
        """Take what was committed; return which modes do not go together, empty if all do."""
        for event in events:
            if isinstance(event, ActivationSet):
                self._set(event.dgid, event.node, event.mode)
            elif isinstance(event, NodeLeft):
                self._give_up({event.node})
            elif isinstance(event, MasterElected):
                boots = dict(zip(event.nodes, event.boot_ids, strict=True))
                self._give_up({n for n, boot in self._boots.items() if boots.get(n) != boot})
                self._boots = boots
        return next(self._conflicts(), "")

    def _set(self, group: str, node: str, mode: str) -> None:
        if mode == "off":
            self.held.pop((group, node), None)
        else:
            self.held[group, node] = mode

    def _give_up(self, nodes: set[str]) -> None:
        self.held = {key: mode for key, mode in self.held.items() if key[1] not in nodes}

    def _conflicts(self) -> Iterator[str]:
        for (one, other), (mode, asked) in zip(
            permutations(self.held, 2), permutations(self.held.values(), 2), strict=True
        ):
            if one[0] == other[0] and asked not in TOGETHER[mode]:
                yield f"{one[1]} has {one[0]} as {mode}, {other[1]} as {asked}"

    def differ_from(self, state: State) -> bool:
        """Whether a node's state says something else."""
        shown = {
            (group.space, held.node): held.mode
            for group in state.groups()
            for held in group.activations
        }
        return shown != self.held
