"""Questions of whoever does not take a log's word for it: does it hold, where does it end.

`verify` looks a log over, whole or in pieces, also against heads from outside; `head` says where
the logs end, unsigned, since a log has no key; `hashes` gives what two copies of a log are
compared by.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from eventstore.asking.answering import Answer, envelope_of_broken
from eventstore.asking.asked import HashArgs, HeadArgs, VerifyArgs
from eventstore.codec import ZERO_HASH
from eventstore.errors import NotFound
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Cluster, Node
from eventstore.past.moments import Moment, log_of
from eventstore.proofs import heads
from eventstore.proofs.heads import Outside
from eventstore.proofs.verify import Verdict, verify
from eventstore.source import Source
from eventstore.storage.schema import LOGS
from eventstore.text import iso

Row = dict[str, Any]


def verify_answer(source: Source, args: VerifyArgs, at: Moment | None) -> Answer:
    """Check both logs, or the one that is named; the first that does not hold is the answer."""
    named = log_of(at) or args.which
    chosen = LOGS if named is None else (named,)
    found = [_verdict_row(_verified(source, log, args)) for log in chosen]
    if named is None or args.which == "node":
        found += _of_no_log(source, args.heads)
    bad = [row for row in found if not row["ok"]]
    shown = bad[0] if bad else next(r for r in found if named or r["log"] != "shared")
    reader = next((r for r in source.readers.values() if r.name == shown["log"]), None)
    data = {**shown, "logs": found}
    return {**envelope_of_broken(source, reader, data), "position": shown["commits"]}


def _verified(source: Source, log: str, args: VerifyArgs) -> Verdict:
    return verify(
        source.readers[log],
        with_replay=args.replay,
        heads=args.heads,
        after=args.after,
        most=args.most,
        replayer=source.replayers[log],
    )


def _verdict_row(verdict: Verdict) -> Row:
    row = {
        "ok": verdict.ok,
        "log": verdict.log,
        "commits": verdict.commits,
        "head_hash": verdict.head_hash,
        "first_bad": verdict.first_bad,
        "problem": verdict.problem,
        "checked": list(verdict.checked),
        "lineage": verdict.lineage,
        "first": verdict.first,
        "digest": verdict.digest,
        "time": iso(verdict.time_us) if verdict.time_us else None,
        "known_to": verdict.known_to,
        "compared": msgspec.to_builtins(verdict.compared),
    }
    if verdict.checkpoint is not None:
        row["checkpoint"] = msgspec.to_builtins(verdict.checkpoint)
    return row


def _of_no_log(source: Source, outside: tuple[Outside, ...]) -> list[Row]:
    """Return a row for each head whose log is not here, though another of its name is.

    Heads of logs of other nodes are passed over, unless there is no other.
    """
    lineages = {reader.lineage.hex() for reader in source.readers.values()}
    names = {reader.name for reader in source.readers.values()}
    strange = [head for head in outside if head.lineage not in lineages]
    if len(strange) < len(outside):
        strange = [head for head in strange if head.log in names]
    return [
        {
            "ok": False,
            "log": head.log or "?",
            "commits": 0,
            "head_hash": None,
            "first_bad": 1,
            "problem": f"no log here has the lineage {head.lineage} that {head.source} names",
            "checked": ["heads"],
        }
        for head in strange
    ]


def head_answer(source: Source, args: HeadArgs, _at: Moment | None) -> Answer:
    """Return where both logs end; nobody has signed that.

    Raises:
        NotFound: it is asked of another node.
    """
    own = source.readers["node"]
    node = own.name.removeprefix("node/")
    if args.node not in (None, node) or args.all:
        raise NotFound(
            "V-5-1-9134",
            f"this is the log of {node}",
            cause="a log tells nothing of where those of other nodes end",
            fix="ask a daemon, or name each log with --log",
        )
    cluster, now_us = cluster_id(source), time.time_ns() // 1000
    found = [
        heads.head_of(
            reader.commit(reader.last()), reader.lineage, reader.name,
            cluster=cluster, node=node, time_us=now_us,
        )
        for reader in source.readers.values()
        if reader.last()
    ]  # fmt: skip
    answer = envelope_of_broken(source, own, {"heads": msgspec.to_builtins(found)})
    return {**answer, "position": own.last()}


def cluster_id(source: Source) -> str:
    """Return the ID of the cluster that a log belongs to."""
    for log in LOGS:
        reader = source.readers[log]
        header = source.replayers[log].state_at(reader.last()).get((NODE_SPACE, HEADER_RID))
        if isinstance(header, (Cluster, Node)):
            return header.cluster_id
    return ""


def hashes_answer(source: Source, args: HashArgs, _at: Moment | None) -> Answer:
    """Return where a log begins and ends, and its hashes at some positions that it has."""
    reader = source.readers[args.log]
    last = reader.last()
    inside = [position for position in args.positions if reader.first <= position <= last]
    data = {
        "log": reader.name,
        "lineage": reader.lineage.hex(),
        "first": reader.first,
        "last": last,
        "head_hash": reader.commit(last).hash.hex() if last else ZERO_HASH.hex(),
        "hashes": [[position, reader.commit(position).hash.hex()] for position in inside],
    }
    return {**envelope_of_broken(source, reader, data), "position": last}
