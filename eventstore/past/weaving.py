"""One answer from several nodes: what each says of the shared log and of its own, woven together.

Pure: it says whom to ask what, is given the answers, and asks no one itself, so that a daemon with
its peers and a utility with several files go the same way. A part that is missing is named in
the notes. Of two commits the one that the other follows from comes first (a node's commit says how
far the shared log was applied there); where neither does, the earlier one by its own clock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

from eventstore.errors import NotFound

Answer = dict[str, Any]
When = dict[str, Any]

SHARED = "shared"
PIECE = 2000
"""Commits that one node is asked for at a time: about a megabyte."""
_POINTS = ("position", "relative", "tx", "tag")
"""Kinds of moments that are of one log, and have to be looked up for the others."""


class Asked(NamedTuple):
    """A question for one node."""

    node: str
    question: str
    args: Answer
    at: When | None


Conversation = Generator[list[Asked], list[Answer], Answer]
"""Gives questions, takes their answers in the same order, and returns the answer to all."""


class _Whole(NamedTuple):
    """What is asked of all nodes, and who they are; the first is asked for what is shared."""

    question: str
    args: Answer
    at: When | None
    nodes: Sequence[str]

    @property
    def here(self) -> str:
        return self.nodes[0]


def everywhere(question: str, args: Answer, at: When | None, nodes: Sequence[str]) -> Conversation:
    """Begin the conversation that answers a question from all of some nodes.

    Raises:
        NotFound: the question is not one about all nodes.
    """
    if question not in _WAYS:
        raise NotFound("V-5-1-9229", f"{question!r} is no question about all nodes")
    return _WAYS[question](_Whole(question, args, at, nodes))


# What happened.


def _log(whole: _Whole) -> Conversation:
    since, until = whole.args.get("since"), whole.args.get("until") or whole.at
    found = yield [_where(whole, when) for when in (since, until) if _is_point(when)]
    for answer in found:
        if not answer["ok"]:
            return answer
    places = iter(found)
    low = next(places)["data"] if _is_point(since) else None
    high = next(places)["data"] if _is_point(until) else None
    logs = [(whole.here, SHARED), *((node, f"node/{node}") for node in whole.nodes)]
    bounds = {log: (_bound(since, low, log), _bound(until, high, log)) for _node, log in logs}
    answers = yield from _paged(whole, logs, bounds)
    parts = list(zip((node for node, _log in logs), answers, strict=True))
    if not _any_ok(parts):
        return answers[0]
    told = [answer for _node, answer in parts if answer["ok"]]
    rows = woven([_marked(answer) for answer in told])
    count = whole.args.get("n")
    rows = rows[-count:] if count else rows
    notes = [
        *_missing(parts),
        "woven by cause, then by time; a commit's time is by the clock of its NODE",
    ]
    return _answer(told, rows[::-1] if whole.args.get("reverse") else rows, notes)


def _paged(
    whole: _Whole,
    logs: Sequence[tuple[str, str]],
    bounds: dict[str, tuple[When | None, When | None]],
) -> Generator[list[Asked], list[Answer], list[Answer]]:
    """Return what each log has, the newest as far as they are wanted, asked for in pieces."""
    wanted = whole.args.get("n") or 2**62
    found: dict[str, Answer] = {}
    until = {log: bounds[log][1] for _node, log in logs}
    open_ = list(logs)
    while open_:
        asked = [
            Asked(
                node,
                "log",
                {
                    **whole.args,
                    "since": bounds[log][0],
                    "until": until[log],
                    "which": log,
                    "n": min(PIECE, wanted - len(_rows(found.get(log)))),
                    "reverse": False,
                },
                None,
            )
            for node, log in open_
        ]
        again = []
        for (node, log), one, answer in zip(open_, asked, (yield asked), strict=True):
            rows = _rows(answer)
            known = found.get(log)
            if known is None or not answer["ok"]:
                found[log] = answer
            else:
                known["data"] = [*rows, *known["data"]]
            if len(rows) == one.args["n"] and len(_rows(found[log])) < wanted and rows:
                first = rows[0]["position"] - 1
                if first:
                    until[log] = {"kind": "position", "value": first, "log": log}
                    again.append((node, log))
        open_ = again
    return [found[log] for _node, log in logs]


def _rows(answer: Answer | None) -> list[Answer]:
    return answer["data"] if answer is not None and answer["ok"] else []


def _marked(answer: Answer) -> list[Answer]:
    return [{**row, "log": answer["log"], "clock": row["node"]} for row in answer["data"]]


def woven(logs: Sequence[list[Answer]]) -> list[Answer]:
    """Return the rows of several logs in one order: each log's own is kept.

    A row of a node's log comes behind the shared commits that were applied there before.
    """
    left = [list(reversed(rows)) for rows in logs if rows]
    found: list[Answer] = []
    while left:
        shared = [rows[-1]["position"] for rows in left if rows[-1]["log"] == SHARED]
        ready = [rows for rows in left if _is_ready(rows[-1], shared)]
        chosen = min(ready, key=lambda rows: (rows[-1]["time"], rows[-1]["log"] != SHARED))
        found.append(chosen.pop())
        left = [rows for rows in left if rows]
    return found


def _is_ready(row: Answer, shared: list[int]) -> bool:
    """Tell whether all is told that a row follows from; `shared` is what comes next there."""
    if row["log"] == SHARED or not shared:
        return True
    return (row.get("shared_position") or 0) < shared[0]


# One commit.


def _show(whole: _Whole) -> Conversation:
    place = yield from _placed(whole)
    if not place["ok"]:
        return place
    log, position = place["data"]["log"], place["data"]["moments"][0]["position"]
    when = {"kind": "position", "value": position, "log": log}
    nodes = whole.nodes if log == SHARED else [log.removeprefix("node/")]
    answers = yield [Asked(node, "show", {}, when) for node in nodes]
    parts = list(zip(nodes, answers, strict=True))
    if not _any_ok(parts):
        return answers[0]
    told = [(node, answer) for node, answer in parts if answer["ok"]]
    first = told[0][1]
    kept = ("applied", "hash", "digest", "term")
    rows = [{"node": node, **{key: a["data"][key] for key in kept}} for node, a in told]
    differing = [row["node"] for row in rows if row["hash"] != rows[0]["hash"]]
    notes = [*_missing(parts), "when each node had it is by that node's own clock"]
    notes += [f"{node} has another commit at {log}@{position}" for node in differing]
    return {**first, "data": {**first["data"], "nodes": rows}, "notes": [*first["notes"], *notes]}


def _trace(whole: _Whole) -> Conversation:
    place = yield from _placed(whole)
    when, nodes = whole.at, list(whole.nodes)
    if place["ok"]:
        log, position = place["data"]["log"], place["data"]["moments"][0]["position"]
        when = {"kind": "position", "value": position, "log": log}
        nodes = nodes if log == SHARED else [log.removeprefix("node/")]
    elif when is None or when["kind"] != "tx":
        return place
    answers = yield [Asked(node, "trace", {}, when) for node in nodes]
    parts = list(zip(nodes, answers, strict=True))
    told = [answer for _node, answer in parts if answer["ok"]]
    if not told:
        return answers[0]
    # The node that was asked for the change has what was refused there before.
    first = next((a for n, a in parts if a["ok"] and n == _origin(a)), told[0])
    steps = _joined(first, [answer for answer in told if answer is not first])
    notes = [*_missing(parts), "each step's time is by the clock that is named beside it"]
    return {**first, "data": {**first["data"], "steps": steps}, "notes": [*first["notes"], *notes]}


def _origin(answer: Answer) -> str | None:
    asked = (s["node"] for s in answer["data"]["steps"] if s["step"] == "asked")
    return next(asked, None)


def _joined(first: Answer, others: list[Answer]) -> list[Answer]:
    """Return a trace's steps with what only other nodes tell: refusals, and when they had it."""
    steps = list(first["data"]["steps"])
    known = {_identity(step) for step in steps}
    more = []
    for other in others:
        for step in other["data"]["steps"]:
            if step["step"] in ("rejected", "applied") and _identity(step) not in known:
                known.add(_identity(step))
                more.append(step)
    refused = [step for step in more if step["step"] == "rejected"]
    at = next((i for i, s in enumerate(steps) if s["step"] == "decided"), len(steps))
    steps[at:at] = sorted(refused, key=_time)
    had = sorted((s for s in (*steps, *more) if s["step"] == "applied"), key=_time)
    rest = [step for step in steps if step["step"] != "applied"]
    at = next((i for i, s in enumerate(rest) if s["step"] == "followed"), len(rest))
    return [*rest[:at], *had, *rest[at:]]


def _identity(step: Answer) -> tuple[Any, ...]:
    return step["step"], step["log"], step["position"], step["node"]


def _time(step: Answer) -> str:
    return step["time"] or ""


def _placed(whole: _Whole) -> Generator[list[Asked], list[Answer], Answer]:
    """Find the commit that is meant; a name or a request may be in any node's log."""
    when = whole.at
    named = None if when is None else when.get("log")
    if when is not None and named is None and when["kind"] in ("tx", "tag"):
        found = yield [Asked(node, "moments", {"whens": [when]}, None) for node in whole.nodes]
        return next((answer for answer in found if answer["ok"]), found[0])
    (answer,) = yield [_where(whole, when)]
    return answer


# One object, and what each node knew.


def _blame(whole: _Whole) -> Conversation:
    answers = yield [Asked(node, "blame", whole.args, whole.at) for node in whole.nodes]
    parts = list(zip(whole.nodes, answers, strict=True))
    told = [answer for answer in answers if answer["ok"]]
    if not told:
        return answers[0]
    newest: dict[str, Answer] = {}
    for answer in told:
        known = newest.get(answer["log"])
        if known is None or answer["position"] > known["position"]:
            newest[answer["log"]] = answer
    rows = [{**row, "log": log} for log, a in newest.items() for row in a["data"]]
    notes = [*_missing(parts), "times are by the clock of each commit's node"]
    return _answer(list(newest.values()), rows, notes)


def _knew(whole: _Whole) -> Conversation:
    answers = yield [Asked(node, "knew", {"node": node}, whole.at) for node in whole.nodes]
    parts = list(zip(whole.nodes, answers, strict=True))
    told = [answer for answer in answers if answer["ok"]]
    if not told:
        return answers[0]
    rows = [answer["data"] for answer in told]
    notes = [*_missing(parts), "what each node knew is by that node's own clock"]
    first = told[0]
    more = dict.fromkeys(note for answer in told for note in answer["notes"])
    return {**first, "data": {**rows[0], "nodes": rows}, "notes": [*more, *notes]}


# What they share.


def _is_point(when: When | None) -> bool:
    return when is not None and when["kind"] in _POINTS


def _where(whole: _Whole, when: When | None) -> Asked:
    """Return the question where a moment is, for the node that can tell."""
    named = None if when is None else when.get("log")
    node = named.removeprefix("node/") if named and named.startswith("node/") else whole.here
    whens = [when or {"kind": "head"}]
    return Asked(node, "moments", {"whens": whens}, None)


def _bound(when: When | None, place: Answer | None, log: str) -> When | None:
    """Return a bound for one log: its own position, or the time of the other log's commit."""
    if place is None:
        return when if when is None or when.get("log") is None else {**when, "log": None}
    moment = place["moments"][0]
    if place["log"] == log:
        return {"kind": "position", "value": moment["position"], "log": log}
    return {"kind": "time", "value": moment["time_us"]}


def _any_ok(parts: Sequence[tuple[str, Answer]]) -> bool:
    return any(answer["ok"] for _node, answer in parts)


_NOT_THERE = ("V-5-1-7842", "V-5-1-7843", "V-5-1-7844")
"""No such object, transaction, or moment: what one node does not have, another may."""


def _missing(parts: Sequence[tuple[str, Answer]]) -> list[str]:
    """Return what must be said of the nodes that could not answer, each once."""
    told: dict[str, None] = {}
    for node, answer in parts:
        if not answer["ok"] and answer["error"]["id"] not in _NOT_THERE:
            error = answer["error"]
            cause = f" ({error['cause']})" if error.get("cause") else ""
            told[f"without {node}: {error['message']}{cause}"] = None
    return list(told)


def _answer(told: Sequence[Answer], data: Any, notes: list[str]) -> Answer:
    """Return an answer from several logs; its place is that of the first."""
    first = told[0]
    more = dict.fromkeys(note for answer in told for note in answer["notes"])
    positions = {answer["log"]: answer["position"] for answer in told}
    single = first["log"] if len(positions) == 1 else None
    woven_ = {"log": single, "positions": positions, "data": data, "notes": [*more, *notes]}
    return {**first, **woven_}


_WAYS: dict[str, Callable[[_Whole], Conversation]] = {
    "log": _log,
    "show": _show,
    "trace": _trace,
    "blame": _blame,
    "knew": _knew,
}
EVERYWHERE = frozenset(_WAYS)
FOR_PEERS = EVERYWHERE | {"moments"}
"""What one node may be asked on behalf of another's utilities."""


def finished(conversation: Conversation, ask: Callable[[Asked], Answer]) -> Answer:
    """Hold a conversation with nodes that are asked one after another."""
    try:
        batch = next(conversation)
        while True:
            batch = conversation.send([ask(asked) for asked in batch])
    except StopIteration as end:
        answer: Answer = end.value
        return answer
