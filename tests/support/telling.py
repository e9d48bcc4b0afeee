"""What a node does, in the words of the scenarios: one line for each thing that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.core import messages as msg
from daemon.core.messages import Record
from daemon.core.node import Node
from daemon.core.ready import (
    HardState,
    Hold,
    JoinComplete,
    LeaveAllowed,
    PutOut,
    Ready,
    ReadyForSlaves,
)
from daemon.core.sharedlog import SharedLog
from eventstore.codec import Commit, decode_events, decode_header
from eventstore.model import events as ev


def commit(item: Commit) -> str:
    """What a commit is: a request's identifier, or what the daemons record."""
    tx = decode_header(item.header).tx
    if "@" not in tx:
        return tx
    return ", ".join(_event(event) for event in decode_events(item.payload))


def _event(event: ev.AnyEvent) -> str:
    match event:
        case ev.MasterElected():
            return f"{event.master} elected for {event.term}"
        case ev.NodeJoined():
            return f"{event.node} joined"
        case ev.NodeLeft():
            return f"{event.node} left{' cleanly' if event.clean else ''}"
        case ev.RequestsFailed():
            return f"{' '.join(event.requests)} failed ({event.rule}, {event.node})"
        case ev.RequestRejected():
            return f"{event.request} rejected ({event.rule})"
        case _:
            pass
    return ev.stored_name(type(event))[0]


def span(commits: tuple[Commit, ...]) -> str:
    """Positions, and what is at each."""
    if not commits:
        return "nothing"
    first, last = commits[0].position, commits[-1].position
    where = f"@{first}" if first == last else f"@{first}..{last}"
    return f"{where} {', '.join(commit(item) for item in commits)}"


def record(item: Record) -> str:
    """A proposal: its term and number, where, and what."""
    again = " again" if item.again else ""
    return f"{item.term}.{item.number}{again} {span(item.commits)}"


def message(said: msg.AnyMessage) -> str:
    """A message: its kind, its term, and what it is about."""
    about = _ABOUT.get(type(said))
    tag = said.__struct_config__.tag
    return f"{tag} {said.term}{'' if about is None else about(said)}"


def _promised(said: msg.Promised) -> str:
    doubt = f", in doubt about {record(said.doubt)}" if said.doubt else ""
    return f" @{said.position}{doubt}{'' if said.intact else ', damaged'}"


def _proposed(said: msg.Check | msg.Propose) -> str:
    holds = " holding" if getattr(said, "holds", ()) else ""
    return f".{record(said.record).partition('.')[2]}{holds}"


def _read_at(said: msg.ReadAt) -> str:
    where = "nothing" if said.position is None else f"@{said.position}"
    return f" #{said.sequence} {where}"


_ABOUT: dict[type, Callable[[Any], str]] = {
    msg.Promised: _promised,
    msg.Deposed: lambda said: f" promised to {said.to}",
    msg.Fetch: lambda said: f" after @{said.after}",
    msg.Fetched: lambda said: f" {span(said.commits)}",
    msg.Piece: lambda said: f" {span(said.commits)}",
    msg.Bulk: lambda said: f" after @{said.after} up to @{said.through}",
    msg.More: lambda said: f" after @{said.position}",
    msg.Frame: lambda said: f" @{said.position} #{said.number}" if said.position else " none",
    msg.Framed: lambda said: f" @{said.position} #{said.number}",
    msg.CaughtUp: lambda said: f" @{said.position}",
    msg.Distrust: lambda said: f": {said.reason}",
    msg.Diverged: lambda said: f" @{said.position}",
    msg.Compare: lambda said: f" @{said.position}",
    msg.Compared: lambda said: f" @{said.position} {'the same' if said.same else 'another'}",
    msg.Quarantine: lambda said: f" from @{said.position}",
    msg.Differs: lambda said: f" @{said.position}, about {' '.join(said.objects)}",
    msg.Check: _proposed,
    msg.Agreed: lambda said: f".{said.number}",
    msg.Propose: _proposed,
    msg.Prepared: lambda said: f".{said.number}",
    msg.Refused: lambda said: f".{said.number} @{said.position}: {_error(said.error)}",
    msg.CommitNow: lambda said: f".{said.number} @{said.position}",
    msg.Applied: lambda said: f" @{said.position}",
    msg.CheckJoin: lambda said: f" @{said.position}",
    msg.JoinChecked: lambda said: f": {'yes' if said.error is None else _error(said.error)}",
    msg.Ship: lambda said: f" #{said.sequence} {said.request}",
    msg.Answered: lambda said: f" #{said.sequence} {answer(said.answer)}",
    msg.AskRead: lambda said: f" #{said.sequence}",
    msg.ReadAt: _read_at,
    msg.Stand: lambda said: f" #{said.read}",
    msg.Standing: lambda said: f" #{said.read}",
}
"""What a message says behind its kind and its term."""


def answer(given: dict[str, Any]) -> str:
    """An answer: its outcome, or its error with the node and the rule that it names."""
    if "found" in given:
        found = given["found"]
        return f"{found['outcome']} @{found['position']}"
    if not given["ok"]:
        return _error(given["error"])
    data = given.get("data") or {}
    outcome = data.get("outcome", "current")
    return f"{outcome} @{data['position']}"


def _error(error: dict[str, Any]) -> str:
    rule = f" ({error['rule']})" if error.get("rule") else ""
    where = f" on {error['node']}" if error.get("node") else ""
    return f"{error['message']}{rule}{where}"


def written(name: str, before: HardState, ready: Ready) -> list[str]:
    """What a step puts on the disk."""
    lines = []
    hard, lazily = ready.hard_state, " lazily" if ready.lazy else ""
    if hard is not None:
        promise = (hard.term, hard.promised_to, hard.promised_incarnation)
        if promise != (before.term, before.promised_to, before.promised_incarnation):
            lines.append(f"{name} writes: promise {hard.term} to {hard.promised_to}")
        if hard.doubt is not None and hard.doubt != before.doubt:
            lines.append(f"{name} writes: in doubt about {record(hard.doubt)}")
        if hard.intact != before.intact:
            lines.append(f"{name} writes: {'intact' if hard.intact else 'damaged'}")
        if hard.quarantined != before.quarantined:
            where = f" from @{hard.quarantined}" if hard.quarantined else " no more"
            lines.append(f"{name} writes: quarantined{where}")
    if ready.store:
        lines.append(f"{name} stores{lazily} {span(ready.store)}")
    if ready.frame is not None:
        lines.append(f"{name} stores slice {ready.frame.number} of a keyframe")
    shared = tuple(e.item for e in ready.append if e.log == "shared")
    lines += [
        f"{name} applies{lazily} {span((item,))}" for item in shared if isinstance(item, Commit)
    ]
    lines += _ended(
        name, before, ready, {item.hash for item in shared if isinstance(item, Commit)}
    )
    own = [e.item for e in ready.append if e.log == "node"]
    lines += [f"{name} records {commit(item)}" for item in own if isinstance(item, Commit)]
    return lines


def _ended(name: str, before: HardState, ready: Ready, applied: set[bytes]) -> list[str]:
    """A doubt that ends otherwise than by being applied."""
    doubt, hard = before.doubt, ready.hard_state
    if doubt is None or hard is None or hard.doubt is not None:
        return []
    if all(item.hash in applied for item in doubt.commits):
        return []
    return [f"{name} is in doubt no more about {record(doubt)}"]


def directive(given: Any, shared: SharedLog) -> str:
    """What the kernel is told."""
    match given:
        case Hold():
            volumes = [getattr(shared.state.get(key), "name", "?") for key in given.volumes]
            return f"hold I/O on {' '.join(volumes)}"
        case ReadyForSlaves():
            return f"ready for slaves, term {given.term} of {' '.join(given.members)}"
        case JoinComplete():
            return f"{given.node}'s join is complete"
        case PutOut():
            return f"put {given.node} out: {given.reason}"
        case LeaveAllowed():
            return "the node may leave"
        case _:
            pass
    return "release I/O"


def standing(core: Node) -> str:
    """Where a node stands: its log, promise and doubt, and what it is."""
    hard, office = core.hard_state, core.member.office
    words = [
        f"@{core.shared.head.position}",
        f"term {hard.term} of {hard.promised_to or 'nobody'}",
    ]
    if hard.doubt is not None:
        words.append(f"in doubt about {record(hard.doubt)}")
    if not hard.intact:
        words.append("damaged")
    words.append("enabled" if core.member.is_elected else "disabled")
    if office is not None:
        words.append(f"master, {office.phase.name.lower()}")
    return ", ".join(words)
