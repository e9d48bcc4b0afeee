"""Requests that wait for their outcome, and who waits for it (A6, D13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import Struct

from daemon.core.livelog import LiveLog
from daemon.core.ready import Answer, Found
from eventstore.codec import Context
from eventstore.errors import ExpectFailed, Overloaded, StoreError, Unavailable
from eventstore.model.commands import AnyCommand
from eventstore.model.decide.sharing import DiskFact

# A class converts at once, while for a union msgspec works out what it is at every call: 50 times
# as long, and milliseconds at the first one, which is in the midst of a take-over.
_COMMANDS: dict[object, type[AnyCommand]] = {
    kind.__struct_config__.tag: kind for kind in get_args(AnyCommand)
}


def command_of(verb: str, args: Mapping[str, Any]) -> AnyCommand:
    """Return the command that a verb and its arguments are.

    Raises:
        msgspec.ValidationError: they are none.
    """
    kind: Any = _COMMANDS.get(verb, AnyCommand)
    command: AnyCommand = msgspec.convert({**args, "verb": verb}, kind)
    return command


def is_of_client(tx: str) -> bool:
    """Whether a transaction ID is a client's: the daemons' own have an '@' in them (D13)."""
    return "@" not in tx


class Waiter(NamedTuple):
    """Who is to be answered: a utility here (`token`), or a peer that shipped the request."""

    token: int = 0
    node: str = ""
    incarnation: int = 0
    sequence: int = 0


class Request(Struct, eq=False):
    """A change of the shared configuration on its way, and everyone who waits for it."""

    request: str
    verb: str
    command: AnyCommand
    context: Context
    origin: str
    expect: int | None
    dry_run: bool
    ship: bool
    found: Found | None
    as_of: int
    waiters: list[Waiter]
    disks: tuple[DiskFact, ...] = ()
    """The devices that the command names, as the asking node knows them."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """Return the utilities of this node that wait."""
        return tuple(waiter.token for waiter in self.waiters if waiter.token)


class Outcome(Struct, frozen=True):
    """What the utilities of this node that asked for something are to hear."""

    request: Request
    tokens: tuple[int, ...]
    found: Found | None = None
    error: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    about: str | None = None


def error_answer(error: StoreError, node: str) -> dict[str, Any]:
    """Return an error in the form in which it travels; it names the node (D11)."""
    error.node = error.node or node
    return {"ok": False, "error": error.to_map(), "about": error.about}


def daemons_down(nodes: tuple[str, ...]) -> Unavailable:
    """Return the refusal of a change while a daemon is down (D1)."""
    names = ", ".join(nodes)
    return Unavailable(
        "V-5-1-7911",
        f"the shared configuration cannot be changed: vxconfigd is not running on {names}",
        cause="a change takes place on every node of the cluster or on none",
        fix=f"start vxconfigd on {names}, or take the node out of the cluster",
        rule="D1",
        node=nodes[0],
    )


def not_active(why: str) -> Unavailable:
    """Return the refusal of a change in a view that is not active (C1)."""
    return Unavailable(
        "V-5-1-7912",
        "the shared configuration cannot be changed now",
        cause=why,
        fix="see 'vx status'; bring back the nodes that are missing",
        rule="C1",
    )


def quarantined(position: int) -> Unavailable:
    """Return the refusal of a node whose log is another one than the cluster's (B3)."""
    return Unavailable(
        "V-5-1-9109",
        f"the shared log of this node is another one than the cluster's, from @{position} on",
        cause="a restored backup, a disk of another cluster, or a forced start",
        fix="look at it; 'vx quarantine set-aside' keeps what differs aside, then the node joins",
        rule="B3",
    )


def not_shipped() -> Unavailable:
    """Return the refusal of a slave that was told not to ship (A6)."""
    return Unavailable(
        "V-5-1-7913",
        "this node is not the master",
        cause="--no-ship was given",
        fix="ask on the master, or without --no-ship",
        rule="A6",
    )


def master_changed() -> Overloaded:
    """Return the rejection of a request that was on its way when the term ended (A6)."""
    return Overloaded(
        "V-5-1-7914",
        "the master changed before the request was proposed; nothing was changed",
        cause="a request runs at most once, and in no other term",
        fix="ask again, with the same --id if you like",
        rule="A6",
    )


def not_current(node: str) -> Unavailable:
    """Return the refusal of a current read that could not be confirmed (G6)."""
    return Unavailable(
        "V-5-1-7923",
        "what is current cannot be known now",
        cause="not every member of the cluster confirmed the master's term",
        fix="ask again, or read without --current what this node knows",
        rule="G6",
        node=node,
    )


def answer_of(log: str, cluster: str, live: LiveLog, data: Any) -> Answer:
    """Return an answer that rests on a log as it is now."""
    return {
        "ok": True,
        "cluster": cluster,
        "log": log,
        "position": live.head.position,
        "at_us": live.head.time_us,
        "resolved": None,
        "notes": [],
        "data": data,
    }


def changed_since(expected: int, last_change: int) -> ExpectFailed:
    """Return the refusal of a request whose author has not seen the last change."""
    return ExpectFailed(
        "V-5-1-7850",
        f"the state changed after @{expected}",
        cause=f"the last change is @{last_change}",
        fix=f"see what changed: 'vx diff @{expected} head'; then ask again",
    )
