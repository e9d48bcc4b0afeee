"""Who was there: what a node answered while a position was its head, to compare the log with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from daemon.core.ready import Input, Ready
from eventstore.asking.questions import answer, answer_now
from eventstore.codec import Context
from eventstore.model.events import AnyEvent
from eventstore.model.objects import Change, rid_text
from eventstore.model.state import State
from eventstore.present.differences import net
from eventstore.present.standing import Log, Standing
from eventstore.present.views import fields
from eventstore.source import Source
from eventstore.storage.reader import LogReader
from tests.support.core import Core, an_empty_shared_log
from tests.support.model import appears, init_disk, make_group, size_for

QUESTIONS = ("state", "print", "dg.list", "disk.list", "dg.free")
Answers = dict[str, bytes]
_encode = msgspec.msgpack.Encoder().encode


class Witness(Core):
    """A core whose answers are kept, at every position that was its head, as bytes."""

    def __init__(self) -> None:
        self.answers: dict[int, Answers] = {}
        super().__init__()

    def steps(self, said: Input) -> Ready:
        ready = super().steps(said)
        if self.position not in self.answers:
            self.answers[self.position] = self.said("node")
        return ready

    def said(self, default: Log) -> Answers:
        """What is answered now, of the log that is meant where none is named."""
        states: dict[Log, State] = {"shared": self.node.shared.state, "node": self.state}
        here = Standing(default, states.__getitem__)
        return {name: _encode(answer_now(here, name, {}).data) for name in QUESTIONS}


def a_witness() -> Witness:
    """A core with two disks in a group."""
    core = Witness()
    core.begins()
    for name in ("sd1", "sd2"):
        core.sees(appears(name, size=size_for(160)))
        core.asks(init_disk(name))
    core.asks(make_group("dg", "d1=sd1", "d2=sd2"))
    return core


def a_witness_of(commits: Sequence[tuple[AnyEvent, ...]]) -> Witness:
    """A core whose shared log is made of these commits, the first of which founds the cluster."""
    core = Witness()
    log = core.node.shared = an_empty_shared_log()
    core.entries = [entry for entry in core.entries if entry.log == "node"]
    core.answers = {}
    for number, events in enumerate(commits, 1):
        core.waits()
        context = Context(command=f"command {number}", clock_us=core.wall_us)
        entry = log.record(f"tx-{number}", "node1", context, events, term=1, shared_position=None)
        core.entries.append(entry)
        core.answers[number] = core.said("shared")
    return core


def answers_at(source: Source, reader: LogReader, position: int) -> Answers:
    """What a log answers about a position, as bytes."""
    when = {"kind": "position", "value": position, "log": reader.name}
    return {name: _encode(answer(source, name, {}, when)["data"]) for name in QUESTIONS}


def shown(state: State) -> dict[str, dict[str, object]]:
    """A state as people can see it: every record's fields, what is None left out."""
    return {
        rid_text((record.space, record.rid)): {
            name: value for name, value in fields(record).items() if value is not None
        }
        for record in state.records()
    }


def led_on(
    before: Mapping[str, dict[str, object]], rows: list[dict[str, Any]]
) -> dict[str, dict[str, object]]:
    """What a difference, as it is printed, makes of a state, as it is shown."""
    after = {rid: dict(row) for rid, row in before.items()}
    for row in rows:
        if row["op"] == "-":
            gone = after.pop(row["rid"])
            old = {name: old for name, (old, _new) in row["fields"].items() if old is not None}
            assert old == {name: gone[name] for name in gone if name not in ("type", "rid")}
            continue
        record = after.setdefault(row["rid"], {"type": row["type"], "rid": row["rid"]})
        for name, (old, new) in row["fields"].items():
            assert record.pop(name, None) == old
            if new is not None:
                record[name] = new
    return after


def moved_on(before: dict[Any, Any], changes: list[Change]) -> dict[Any, Any]:
    """What changes make of a state's records, by key."""
    after = dict(before)
    for key, (old, new) in net(changes).items():
        assert after.pop(key, None) == old
        if new is not None:
            after[key] = new
    return after


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Count the commits that are read from logs; what is given back tells how many by now."""
    read = 0
    with monkeypatch.context() as patched:
        for name in ("commits", "payloads"):
            method = getattr(LogReader, name)

            def count(*given: Any, method: Any = method) -> Iterator[Any]:
                nonlocal read
                for one in method(*given):
                    read += 1
                    yield one

            patched.setattr(LogReader, name, count)
        yield lambda: read
