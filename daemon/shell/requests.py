"""From what arrived on the control socket to what the daemon does: the edge where all is checked.

Behind this everything is typed. Who asks comes from the kernel, never from the message.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from daemon.core.ready import Submit
from daemon.core.waiting import command_of
from daemon.shell import clock
from daemon.shell.credentials import Peer
from daemon.wire.control import VERSION
from eventstore.codec import Actor, Cause, Context
from eventstore.errors import NotPermitted, Rejected
from eventstore.model.commands import AnyCommand, RestoreRecords

SET_ASIDE = "quarantine.set-aside"
"""The one change that is no command: it is about the log itself (B3)."""

ARCHIVE = "log.archive"
"""... and this one moves commits without changing anything that is read."""

Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
Line = Annotated[str, Meta(max_length=8192)]
MAX_TIMEOUT_MS = 24 * 3600 * 1000
LogName = Annotated[str, Meta(max_length=64)]
Position = Annotated[int, Meta(ge=0, le=1 << 62)]
Timeout = Annotated[int, Meta(ge=1, le=MAX_TIMEOUT_MS)]


class Command(Struct, frozen=True, tag_field="op", tag="command"):
    """A change is asked for."""

    v: Literal[1]
    verb: Line
    args: dict[str, Any]
    id: Identifier
    cmdline: Line
    program: Annotated[str, Meta(max_length=64)]
    expect: int | None = None
    dry_run: bool = False
    message: Line | None = None
    traceparent: Annotated[str, Meta(max_length=128)] | None = None
    timeout_ms: Timeout = 30_000
    ship: bool = True


class Query(Struct, frozen=True, tag_field="op", tag="query"):
    """Something is asked about the state, or the history."""

    v: Literal[1]
    question: Annotated[str, Meta(max_length=64)]
    args: dict[str, Any]
    at: dict[str, Any] | None = None
    timeout_ms: Timeout = 30_000
    current: bool = False
    progress: bool = False
    all_nodes: bool = False


class Place(Struct, frozen=True):
    """Where a follower is in one log: `position` is the last that it took, None is the end."""

    log: LogName
    position: Position | None = None
    lineage: Annotated[str, Meta(max_length=32)] = ""
    hash: Annotated[str, Meta(max_length=64)] = ""


class Watch(Struct, frozen=True, tag_field="op", tag="watch"):
    """Every commit after a position is asked for, as it comes; None: from here on.

    `places` are asked for instead, where there are some.
    """

    v: Literal[1]
    after: Position | None = None
    which: LogName | None = None
    places: Annotated[tuple[Place, ...], Meta(max_length=2)] = ()
    both: bool = False
    heartbeat_ms: Annotated[int, Meta(ge=100, le=MAX_TIMEOUT_MS)] | None = None


class Ping(Struct, frozen=True, tag_field="op", tag="ping"):
    """Whether the daemon serves is asked."""

    v: Literal[1]


Request = Command | Query | Watch | Ping

# A class converts at once, while for a union msgspec works out what it is at every call.
_REQUESTS: dict[object, type[Request]] = {
    kind.__struct_config__.tag: kind for kind in get_args(Request)
}


def parse(message: object) -> Request:
    """Return the request that a message is.

    Raises:
        Rejected: it is none; what is wrong with it is said.
    """
    if isinstance(message, dict) and message.get("v") not in (None, VERSION):
        raise Rejected(
            "V-5-1-7881",
            f"request format {message['v']!r} is not known",
            cause=f"this daemon knows format {VERSION}",
            fix="use the utilities that came with the daemon",
            rule="B5",
        )
    kind: Any = Request
    if isinstance(message, dict) and isinstance(operation := message.get("op"), str):
        kind = _REQUESTS.get(operation, Request)
    try:
        request: Request = msgspec.convert(message, kind)
    except (msgspec.ValidationError, TypeError) as error:
        raise Rejected(
            "V-5-1-7882", "the request is not put as it should be", cause=str(error), rule="G2"
        ) from error
    return request


def check_may_change(peer: Peer) -> None:
    """Refuse a change to whoever may only read.

    Raises:
        NotPermitted: the peer may not change anything (G1).
    """
    if not peer.may_change:
        raise NotPermitted(
            "V-5-1-7883",
            f"{peer.user} may not change the configuration",
            cause="only root and the daemon's own user may (G1)",
            fix="ask as root",
            rule="G1",
        )


def submission(request: Command, peer: Peer, token: int) -> Submit:
    """Return the core's input for a change.

    Raises:
        NotPermitted: the peer may not change anything (G1).
        Rejected: there is no such verb, or its arguments are not what it takes.
    """
    check_may_change(peer)
    try:
        command = command_of(request.verb, request.args)
    except msgspec.ValidationError as error:
        raise Rejected(
            "V-5-1-7882",
            f"{request.verb} is not put as it should be",
            cause=str(error),
            rule="G2",
        ) from error
    context = Context(
        actor=Actor(peer.uid, peer.user, peer.pid, request.program),
        command=request.cmdline,
        message=request.message or "",
        cause=_cause_of(command),
        traceparent=request.traceparent or "",
        clock_us=clock.wall_us(),
    )
    return Submit(
        token,
        request.id,
        request.verb,
        command,
        context,
        expect=request.expect,
        dry_run=request.dry_run,
        ship=request.ship,
    )


def _cause_of(command: AnyCommand) -> Cause | None:
    """Return what a change follows from: that which it undoes, or from where its records are."""
    if not isinstance(command, RestoreRecords) or not command.undoes:
        return None
    return Cause("commit", " ".join(command.undoes))
