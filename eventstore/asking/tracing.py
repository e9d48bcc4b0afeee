"""Where a commit came from, and what came of it: from a person or the kernel to every node.

Steps, in the order in which they happened: what was asked or announced, attempts that were
refused before, who decided it, what was held meanwhile, the commit, and who had it when. Each says
by whose clock its time is.
"""

from __future__ import annotations

from typing import Any

from eventstore.codec import Cause, Commit, Context, decode_context, decode_events, decode_header
from eventstore.errors import NotFound
from eventstore.model.cluster import header as cluster_header
from eventstore.model.decide.sharing import in_use
from eventstore.model.event import Notice
from eventstore.model.events import AnyEvent, RequestRejected, RequestsFailed, stored_name, touched
from eventstore.model.objects import OWN_HEADER, rid_text
from eventstore.model.state import State
from eventstore.past.moments import position_of_tx
from eventstore.past.summary import summary
from eventstore.present.views import Row, object_name
from eventstore.source import Source
from eventstore.storage.reader import LogReader
from eventstore.text import iso

CAUSES_MAX = 16
"""Causes of causes that are followed back."""
FOLLOWING_MAX = 1024
"""Commits behind a commit in which it is looked for what names it as its cause."""


def attempts(source: Source, request: str) -> list[tuple[LogReader, int]]:
    """Return the commits that say that a request was rejected, or failed."""
    found: list[tuple[LogReader, int]] = []
    for reader in source.readers.values():
        for key in (f"request/{request}", f"failed/{request}"):
            for position in reader.positions(key):
                events = decode_events(reader.commit(position).payload, position)
                if any(request in _requests_of(event) for event in events):
                    found.append((reader, position))
    return found


def trace(source: Source, reader: LogReader, position: int) -> Row:
    """Return a commit's steps, as the logs of one node tell them.

    Raises:
        NotFound: there is no commit at that position.
    """
    told = _Teller(source, reader, position)
    return {
        "log": reader.name,
        "position": position,
        "tx": told.header.tx,
        "time": iso(told.header.time_us),
        "summary": told.summary,
        "steps": told.steps(),
    }


class _Teller:
    """What is to be told about one commit."""

    def __init__(self, source: Source, reader: LogReader, position: int) -> None:
        self.source = source
        self.reader = reader
        self.commit = reader.commit(position)
        self.header = decode_header(self.commit.header)
        self.events = decode_events(self.commit.payload, position)
        self.here = source.readers["node"].name.removeprefix("node/")
        self.before = State()
        if position > reader.first:
            self.before = source.replayers[reader.log].state_at(position - 1)
        self.held = [object_name(self.before, key) for key in in_use(self.before, self.events)]
        keys = dict.fromkeys(key for event in self.events for key in touched(event))
        self.names = {key: object_name(self.before, key) for key in keys}
        self.names |= {key: reader.name for key in keys if key == OWN_HEADER}
        cluster = cluster_header(self.before)
        self.master = cluster.master if cluster is not None else ""
        after = source.replayers[reader.log].state_at(position)
        for key in keys:
            if self.names[key] == rid_text(key):
                self.names[key] = object_name(after, key)
        self.summary = summary(self.events, lambda key: self.names.get(key) or rid_text(key))

    def steps(self) -> list[Row]:
        """Return everything, in its order."""
        found = self._origin(decode_context(self.commit.context))
        found += self._refusals()
        own = refusals(self.reader, self.commit.position)
        found += own or [self._decision()]
        if self.held and self.reader.log == "shared":
            found.append(self._step("held", objects=self.held, text="I/O is held on every node"))
        found.append(
            self._step(
                "commit",
                time_us=self.header.time_us,
                clock=self.header.node,
                hash=self.commit.hash.hex(),
                digest=self.commit.digest.hex(),
                events=[stored_name(type(event))[0] for event in self.events],
                objects=list(dict.fromkeys(self.names.values())),
                text=self.summary,
            )
        )
        found.append(applied(self.reader, self.commit, self.here))
        return [*found, *self._following()]

    def _origin(self, context: Context) -> list[Row]:
        """Return what the commit follows from, and who asked for it with which words."""
        found = [] if context.cause is None else self._of_cause(context.cause, 1)
        found += _notices(self.reader, self.commit, self.header.node, self.events)
        actor = context.actor
        if self.commit.context is None:
            return [*found, self._step("asked", text="who asked, and how, was redacted")]
        if actor.uid < 0 and not context.command:
            return found
        return [
            *found,
            self._step(
                "asked",
                time_us=context.clock_us,
                clock=self.header.node,
                node=self.header.node,
                actor=actor.user or None,
                uid=actor.uid if actor.uid >= 0 else None,
                pid=actor.pid or None,
                program=actor.program or None,
                command=context.command or None,
                message=context.message or None,
                traceparent=context.traceparent or None,
                text=context.command or actor.program,
            ),
        ]

    def _of_cause(self, cause: Cause, depth: int) -> list[Row]:
        """Return the step that a cause is; of a commit that is one, what it follows from too."""
        if cause.kind == "notification":
            return []
        for reader in self.source.readers.values():
            position = _position_of(reader, cause, self.reader)
            if position is None:
                continue
            commit = reader.commit(position)
            header, context = decode_header(commit.header), decode_context(commit.context)
            earlier = context.cause
            before = self._of_cause(earlier, depth + 1) if earlier and depth < CAUSES_MAX else []
            step = _row("cause", reader.name, position, commit=commit)
            step |= {"time": iso(header.time_us), "clock": header.node, "node": header.node}
            return [*before, step | {"command": context.command or None, "text": _said(commit)}]
        return [self._step("cause", text=f"{cause.kind} {cause.ref}, which no log here has")]

    def _refusals(self) -> list[Row]:
        """Return the attempts with the same identifier that came to nothing."""
        return [
            row
            for reader, position in attempts(self.source, self.header.tx)
            for row in refusals(reader, position)
        ]

    def _decision(self) -> Row:
        """Return who decided it: the master of that term, or the node alone."""
        if self.reader.log == "node" or not self.commit.term:
            node = self.header.node
            return self._step("decided", node=node, text=f"{node} decided alone")
        node, term = self._master(), self.commit.term
        return self._step(
            "decided", node=node, term=term, text=f"{node}, master of term {term}, decided"
        )

    def _master(self) -> str:
        """Return the master of the commit's term; of its first one the commit itself tells."""
        for event in self.events:
            master = getattr(event, "master", None)
            if master is not None:
                return str(master)
        return self.master

    def _following(self) -> list[Row]:
        """Return the commits that name this one, or its request, as what they follow from."""
        found: list[Row] = []
        low = self.commit.position + 1
        for commit in self.reader.commits(low, low + FOLLOWING_MAX - 1):
            cause = decode_context(commit.context).cause
            if cause is not None and _names(cause, self.reader, self.commit, self.header.tx):
                header = decode_header(commit.header)
                step = _row("followed", self.reader.name, commit.position, commit=commit)
                step |= {"time": iso(header.time_us), "clock": header.node, "node": header.node}
                found.append(step | {"text": _said(commit)})
        return found

    def _step(self, what: str, *, time_us: int = 0, clock: str | None = None, **more: Any) -> Row:
        step = _row(what, self.reader.name, self.commit.position, commit=self.commit)
        if time_us:
            step |= {"time": iso(time_us), "clock": clock}
        return step | more


def applied(reader: LogReader, commit: Commit, node: str) -> Row:
    """Return the step that says when a node had a commit, by its own clock."""
    step = _row("applied", reader.name, commit.position, commit=commit)
    return step | {
        "node": node,
        "time": iso(commit.applied_us),
        "clock": node,
        "hash": commit.hash.hex(),
        "digest": commit.digest.hex(),
        "text": f"{node} had it",
    }


def refusals(reader: LogReader, position: int) -> list[Row]:
    """Return the steps that a commit with refusals is."""
    commit = reader.commit(position)
    header, context = decode_header(commit.header), decode_context(commit.context)
    found = []
    for event in decode_events(commit.payload, position):
        if isinstance(event, (RequestRejected, RequestsFailed)):
            what = "rejected" if isinstance(event, RequestRejected) else "failed"
            step = _row(what, reader.name, position, commit=commit)
            step |= {"time": iso(header.time_us), "clock": header.node}
            node = event.node if isinstance(event, RequestsFailed) else header.node
            step |= {"node": node, "id": event.message_id, "rule": event.rule or None}
            step |= {"actor": context.actor.user or None, "command": context.command or None}
            found.append(step | {"text": event.message})
    return found


def need_attempt(source: Source, request: str) -> tuple[LogReader, int]:
    """Return the last commit that says how a request was refused.

    Raises:
        NotFound: no log here knows the request.
    """
    found = attempts(source, request)
    if not found:
        raise NotFound(
            "V-5-1-7843",
            f"no log here has transaction {request}",
            fix="'vx outcome ID' tells what became of a request",
        )
    return found[-1]


def _notices(reader: LogReader, commit: Commit, node: str, events: list[AnyEvent]) -> list[Row]:
    """Return what the kernel said, as far as the events keep it; each notification once."""
    found: dict[tuple[str, int], Row] = {}
    for event in events:
        notice = getattr(event, "notice", None)
        if not isinstance(notice, Notice) or not notice.boot_id:
            continue
        step = _row("notification", reader.name, commit.position, commit=commit)
        step |= {"node": node, "action": notice.action, "seqnum": notice.seqnum}
        step |= {"boot_id": notice.boot_id, "text": f"the kernel of {node}: {notice.action}"}
        if notice.at_us:
            step |= {"time": iso(notice.at_us), "clock": f"kernel of {node}"}
        found.setdefault((notice.boot_id, notice.seqnum), step)
    return list(found.values())


def _row(what: str, log: str, position: int, *, commit: Commit) -> Row:
    return {
        "step": what,
        "log": log,
        "position": position,
        "tx": decode_header(commit.header).tx,
        "node": None,
        "time": None,
        "clock": None,
        "text": "",
    }


def _said(commit: Commit) -> str:
    """Return in a few words what a commit was."""
    command = decode_context(commit.context).command
    kinds = [stored_name(type(e))[0] for e in decode_events(commit.payload, commit.position)]
    return command or ", ".join(dict.fromkeys(kinds))


def _position_of(reader: LogReader, cause: Cause, own: LogReader) -> int | None:
    """Return where the commit is that a cause names: its request, ``@N`` or ``LOG@N``."""
    log, mark, number = cause.ref.rpartition("@")
    if cause.kind == "commit" and mark and number.isdecimal() and (not log or log == reader.name):
        at = int(number)
        return at if (log or reader is own) and 1 <= at <= reader.last() else None
    return position_of_tx(reader, cause.ref)


def _names(cause: Cause, reader: LogReader, commit: Commit, tx: str) -> bool:
    marks = (tx, f"@{commit.position}", f"{reader.name}@{commit.position}")
    return cause.kind != "notification" and cause.ref in marks


def _requests_of(event: AnyEvent) -> tuple[str, ...]:
    if isinstance(event, RequestsFailed):
        return event.requests
    return (event.request,) if isinstance(event, RequestRejected) else ()
