"""Repeating a recorded run: the same inputs into a core on the same logs, decision by decision."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from daemon.core.messages import Bulk
from daemon.core.node import Node
from daemon.core.ready import Input, Ready, Received
from daemon.shell import deviation, recorder
from daemon.shell.recovery import as_shared, core, rebuilt
from daemon.version import VERSION
from eventstore.bulk import pack
from eventstore.codec import Head, decode_header
from eventstore.errors import Rejected
from eventstore.proofs.shadow import Difference, described
from eventstore.source import DATABASE
from eventstore.storage.offline import read_store
from eventstore.storage.reader import LogReader


class Repeated(Struct, frozen=True):
    """What came of it: how many steps gave the same, and the first that did not, if one did."""

    run: str
    steps: int
    differs: str | None
    difference: Difference | None = None


def repeat(home: Path) -> list[Repeated]:
    """Repeat every run of a home's recording that is there from its beginning.

    Raises:
        Rejected: there is none, or another version of the program recorded it.
        Damaged: the logs that the runs began with are.
    """
    found = recorder.runs(home)
    if not found:
        raise Rejected(
            "V-5-1-9132",
            f"{home} has no recording that can be repeated",
            cause="there is none, or its beginning was dropped from the ring",
            fix="[recorder] megabytes in config.toml says how much is kept",
        )
    with read_store(home / DATABASE) as logs:
        return [repeated_run(paths, logs["shared"], logs["node"]) for paths in found]


def repeated_run(paths: list[Path], shared: LogReader, own: LogReader) -> Repeated:
    """Repeat one run.

    Of a run that another version recorded the commits are compared, and not what else it said.

    Raises:
        Rejected: it is not understood.
        Damaged: the logs that it began with are.
    """
    name = paths[0].stem
    try:
        began, steps = recorder.read(paths)
        node = _begin(began, shared, own)
        count = 0
        for step in steps:
            said = _whole(step.input(), shared)
            ready, notes = _decided(node, step, said)
            if recorder.fingerprint(ready) != step.decided:
                found = deviation.between(said, ready, notes, {"shared": shared, "node": own})
                if began.version == VERSION or ready is None or found.position is not None:
                    what = f"step {count + 1}, {step.kind} at {step.wall_us} us, is now: "
                    text = what + found.text
                    return Repeated(name, count, text, msgspec.structs.replace(found, text=text))
            count += 1
    except (msgspec.ValidationError, msgspec.DecodeError, KeyError) as error:
        raise Rejected(
            "V-5-1-9133",
            f"the recording {name} is not understood",
            cause=str(error),
            fix="repeat it with the version that recorded it",
        ) from error
    return Repeated(name, count, None)


def _decided(node: Node, step: recorder.Step, said: Input) -> tuple[Ready | None, str]:
    """Return what a step decides, and what is said of it; None where it ends in an error."""
    try:
        ready = node.step(step.now_ms, step.wall_us, said)
    except Exception as error:  # noqa: BLE001 it would end the daemon; whatever it is
        return None, f"it ends in an error: {described(error)}"
    return ready, "; ".join(ready.notes) or "nothing said"


def _whole(said: Input, shared: LogReader) -> Input:
    """Return an input with the piece of the log that it was recorded without."""
    if not isinstance(said, Received) or not isinstance(said.message, Bulk) or said.message.body:
        return said
    commits = []
    for commit in shared.commits(said.message.after + 1, said.message.through):
        commits.append(commit)
        if commit.hash == said.message.hash:
            break
    return replace(said, message=replace(said.message, body=pack(commits)))


def _begin(began: recorder.Began, shared: LogReader, own: LogReader) -> Node:
    live = as_shared(shared, rebuilt(shared, _head_at(shared, began.shared)))
    return core(live, rebuilt(own, _head_at(own, began.own)), began.hard_state)


def _head_at(reader: LogReader, position: int) -> Head:
    commit = reader.commit(position)
    header = decode_header(commit.header)
    return Head(header.lineage, position, commit.hash, header.time_us)
