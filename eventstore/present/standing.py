"""The two states of one node at one moment, and which of them a question is about.

A disk group lives in exactly one log: shared ones in the shared log, private ones in their node's.
A question that names a group is answered from the log that has it; one about all of them from
both, and its answer says so. It reads no log: whoever asks brings the states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from eventstore.errors import NotFound
from eventstore.model.objects import NODE_SPACE, OWN_HEADER, Device, Node
from eventstore.model.order import natural
from eventstore.model.state import State
from eventstore.present import disklist, freespace, listing, views

Log = Literal["shared", "node"]
Get = Callable[[Log], State]


class Found(NamedTuple):
    """The data of an answer, and the log it is from; None: from both."""

    data: Any
    log: Log | None


class Standing:
    """Both states of a node; `get` gives that of a log, once it is needed.

    `enabled`: whether the node's shared disk groups are, at that moment (C1, E3).
    """

    def __init__(self, default: Log, get: Get, *, enabled: bool = True) -> None:
        self.default = default
        self.enabled = enabled
        self._get = get
        self._known: dict[Log, State] = {}

    def state(self, log: Log) -> State:
        """Return the state of a log."""
        if log not in self._known:
            self._known[log] = self._get(log)
        return self._known[log]

    @property
    def here(self) -> str:
        """Return the node's name; "" where its own log does not tell it."""
        try:
            header = self.state("node").get(OWN_HEADER)
        except NotFound:
            return ""
        return header.name if isinstance(header, Node) else ""

    @property
    def is_apart(self) -> bool:
        """Whether there is nothing shared: a node alone, with private disk groups only."""
        return self.default == "node" and not self.state("shared").group_names

    def log_of_group(self, name: str) -> Log:
        """Return the log that has a disk group; the default one if neither has it."""
        return self._first(lambda state: state.group(name) is not None)

    def log_of_object(self, name: str) -> Log:
        """Return the log that has an object; the default one if neither has it."""
        return self._first(lambda state: _has(state, name))

    def _first(self, has: Callable[[State], bool]) -> Log:
        logs: tuple[Log, Log] = ("node", "shared")
        for log in logs:
            try:
                if has(self.state(log)):
                    return log
            except NotFound:
                # A position that was named need not be in both logs.
                continue
        return self.default


def _has(state: State, name: str) -> bool:
    key = views.key_of_rid(name)
    if key is not None and key[0] != NODE_SPACE:
        # The object may be gone; its disk group tells the log as long as it is there.
        return key[0] in state.spaces
    try:
        views.find(state, name)
    except NotFound:
        return False
    return True


def weight(standing: Standing, question: str, args: dict[str, Any]) -> int:
    """Return how many records a question about the states may have to look at, at most."""
    if question == "get":
        return 1
    name = args.get("group")
    if isinstance(name, str):
        state = standing.state(standing.log_of_group(name))
        group = state.group(name)
        return 1 if group is None else len(state.spaces[group.space].records)
    if question == "disk.list" and isinstance(args.get("device"), str) and standing.is_apart:
        return standing.state("node").counts.get(Device, 0)
    logs: tuple[Log, Log] = ("node", "shared")
    return sum(sum(standing.state(log).counts.values()) for log in logs)


def of_default(standing: Standing, show: Callable[[State], Any]) -> Found:
    """Answer from the default log alone."""
    log = standing.default
    return Found(show(standing.state(log)), log)


def of_group(standing: Standing, group: str, show: Callable[[State], Any]) -> Found:
    """Answer from the log that has a disk group."""
    log = standing.log_of_group(group)
    return Found(show(standing.state(log)), log)


def get(standing: Standing, name: str) -> Found:
    """Return all fields of one object.

    Raises:
        NotFound: there is no such object.
    """
    log = standing.log_of_object(name)
    return Found(views.get_view(standing.state(log), name), log)


def groups(
    standing: Standing, group: str | None, show: Callable[[State], list[Any]], name: str
) -> Found:
    """Answer for one disk group, or for all, as rows; `name` is the field with a group's name."""
    if group is not None:
        return of_group(standing, group, show)
    if standing.is_apart:
        return Found(show(standing.state("node")), "node")
    rows = [*show(standing.state("node")), *show(standing.state("shared"))]
    return Found(sorted(rows, key=lambda row: row[name]), None)


def group_list(standing: Standing, group: str | None) -> Found:
    """Return one row a disk group; see `listing.groups_view`."""

    def show(state: State) -> list[Any]:
        return listing.groups_view(state, group, standing.here, enabled=standing.enabled)

    return groups(standing, group, show, "name")


def free(standing: Standing, group: str | None) -> Found:
    """Return one row for each free region; see `freespace.free_view`."""
    return groups(standing, group, lambda state: freespace.free_view(state, group), "dg")


def printed(standing: Standing, group: str | None, names: tuple[str, ...]) -> Found:
    """Return the records of a group, or of all; see `listing.print_view`.

    Raises:
        NotFound: there is no such group, or no object of one of the names.
    """
    if group is not None:
        return of_group(standing, group, lambda state: listing.print_view(state, group, names))
    if standing.is_apart:
        return Found(listing.print_view(standing.state("node"), None, names), "node")
    logs: tuple[Log, Log] = ("node", "shared")
    blocks = [
        block for log in logs for block in listing.print_view(standing.state(log), None)["groups"]
    ]
    blocks.sort(key=lambda block: block["dg"]["name"])
    return Found({"groups": listing.selected(blocks, names) if names else blocks}, None)


def disks(standing: Standing, device: str | None) -> Found:
    """Return one row a device of this node, and the disks of groups that have none here.

    Raises:
        NotFound: there is no such device, and no such disk.
    """
    if standing.is_apart:
        return Found(disklist.disks_view(standing.state("node"), device), "node")
    rows = disklist.with_shared(standing.state("node"), standing.state("shared"))
    if device is not None:
        rows = disklist.chosen(rows, device)
    return Found(sorted(rows, key=_place), None)


def _place(row: dict[str, Any]) -> tuple[bool, Any]:
    return row["device"] is None, natural(row["device"] or row["disk"] or "")
