"""What a change and a listing cost among 100,000 volumes, against what they cost among 1,000.

Both daemons run at the same time, on logs that were filled without asking: a commit for each
group, of a hundred volumes on one disk. What is measured makes a volume and takes it away again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Protocol

import msgspec

from daemon.client import Client
from daemon.core.livelog import LiveLog
from daemon.core.node import Node
from daemon.core.ready import Begin, Submit
from daemon.shell.recovery import recover
from daemon.wire import control
from eventstore.codec import Actor, Context, Entry
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.disks import PRIVATE_LEN, PRIVATE_OFFSET
from eventstore.model.state import State
from eventstore.past.replay import replay
from eventstore.present.listing import print_view
from eventstore.storage.store import Store
from tests.bench.ground import LOG, WARM, Scale, check_warm
from tests.bench.measure import Goal, Row, Turns, percentile
from tests.support.lab import NODE, RunningLab, running_lab

FEW, MANY = 10, 1000
"""Groups."""
VOLUMES = 100
"""In each of them."""
CALLS = 48
"""In a round."""
_SHORT = 8
"""By how much turns are shorter, and more, where a flush is waited for: it takes ten times as long
for some seconds, and then does not, and both have to see the same disk."""
_LENGTH = 2048


class Daemon(Protocol):
    """Whatever takes changes and questions."""

    def change(self, verb: str, args: dict[str, object]) -> None:
        """Make or remove a volume."""

    def list_group(self, name: str) -> int:
        """Return how many records a listing of the group shows."""


def against_few(directory: Path, scale: Scale) -> list[Row]:
    """Compare a store of many groups with one of few, in the core and through the socket."""
    many, rounds = scale.count(MANY), scale.rounds * _SHORT
    with ExitStack() as stack:
        labs = {
            groups: stack.enter_context(furnished(directory / f"groups-{groups}", groups))
            for groups in (FEW, many)
        }
        rows = _in_the_core(labs, CALLS, scale.rounds)
        for lab in labs.values():
            lab.start()
        sockets = {groups: warm(lab, stack) for groups, lab in labs.items()}
        return rows + _compared(sockets, CALLS // _SHORT, rounds, "through the socket")


@contextmanager
def furnished(directory: Path, groups: int) -> Iterator[RunningLab]:
    """Make a lab whose log is full and whose daemon is down."""
    directory.mkdir()
    with running_lab(directory, disks=groups) as lab:
        lab.kill()
        with Store.open(lab.home / "log.db") as store:
            state = replay(store.logs[LOG], store.heads[LOG].position)
            log = LiveLog(LOG, state, store.heads[LOG], 0)
            store.append([_record(log, step) for step in _groups(log.state)])
        yield lab


def _record(log: LiveLog, step: tuple[ev.AnyEvent, ...]) -> Entry:
    context = Context(Actor(0, "root", 4711, "vxassist"), clock_us=log.head.time_us + 1000)
    tx = f"bulk-{log.head.position}"
    return log.record(tx, NODE, context, step, term=1, shared_position=1)


def _groups(state: State) -> Iterator[tuple[ev.AnyEvent, ...]]:
    """Yield what puts a group on each device, and volumes into it."""
    for number, device in enumerate(state.devices()):
        dgid, disk_id = f"{1_790_000_000 + number}.{number}.{NODE}", f"{number}.disk"
        length = device.size - PRIVATE_OFFSET - PRIVATE_LEN
        place = (device.rid, device.name, disk_id, PRIVATE_LEN, length)
        yield (
            ev.DiskInitialized(device.rid, disk_id, PRIVATE_LEN, length),
            ev.DiskGroupCreated(dgid, f"dg{number:04d}", 1000 * number),
            ev.DiskAdded(dgid, 1, "disk01", *place),
            *chain.from_iterable(_volume(dgid, 2 + 3 * i, i) for i in range(VOLUMES)),
        )


def _volume(dgid: str, rid: int, number: int) -> tuple[ev.AnyEvent, ...]:
    name, offset = f"vol{number:03d}", number * _LENGTH
    subdisk = f"disk01-{number + 1:02d}"
    return (
        ev.VolumeCreated(dgid, rid, name, _LENGTH),
        ev.PlexCreated(dgid, rid + 1, f"{name}-01", rid, _LENGTH),
        ev.SubdiskCreated(dgid, rid + 2, subdisk, rid + 1, 1, offset, _LENGTH),
    )


class _Core:
    """The core of a daemon, alone; what it would store is let go."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._now_us = node.own.head.time_us
        self._numbers = count()
        node.step(0, self._now_us, Begin("boot", "0", "0"))

    def change(self, verb: str, args: dict[str, object]) -> None:
        number = next(self._numbers)
        self._now_us += 1000
        context = Context(Actor(0, "root", 4711, "vxassist"), clock_us=self._now_us)
        command = msgspec.convert({"verb": verb, **args}, cmd.AnyCommand)
        said = Submit(number, f"core-{number}", verb, command, context)
        ready = self._node.step(number + 1, self._now_us, said)
        assert ready.replies[0][1]["ok"], ready.replies

    def list_group(self, name: str) -> int:
        return len(print_view(self._node.own.state, name)["groups"][0]["records"])


class _Socket:
    """A daemon that runs, asked by one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers = count()

    def change(self, verb: str, args: dict[str, object]) -> None:
        request_id = f"many-{os.getpid()}-{next(self._numbers)}"
        words = "vxassist -g dg0000 make one 1m"
        self._client.ask(
            control.command(verb, args, request_id=request_id, cmdline=words, program="vxassist")
        )

    def list_group(self, name: str) -> int:
        answer: Any = self._client.ask(control.query("print", {"group": name, "names": []}))
        return len(answer["data"]["groups"][0]["records"])


def warm(lab: RunningLab, stack: ExitStack) -> Daemon:
    """Return a daemon that has made its WAL as long as it gets."""
    daemon = _Socket(stack.enter_context(lab.client()))
    _making_us(daemon, FEW, Random(3), WARM // 2)
    check_warm(lab.home / "log.db")
    return daemon


def _in_the_core(labs: dict[int, RunningLab], calls: int, rounds: int) -> list[Row]:
    cores = {}
    for groups, lab in labs.items():
        store, node = recover(lab.home / "log.db")
        store.close()
        cores[groups] = _Core(node)
    return _compared(cores, calls, rounds, "in the core")


def _compared(daemons: Mapping[int, Daemon], calls: int, rounds: int, where: str) -> list[Row]:
    (few, base), (many, ours) = sorted(daemons.items())
    random = Random(3)
    make = Turns(
        many=lambda: _making_us(ours, many, random, calls),
        few=lambda: _making_us(base, few, random, calls),
    )
    listing = Turns(
        many=lambda: _listing_us(ours, many, random, calls),
        few=lambda: _listing_us(base, few, random, calls),
    )
    rows = []
    for name, turns in (("make a volume", make), ("list one group", listing)):
        turns.run(rounds)
        rows.append(
            turns.row(
                f"{name} of {many * VOLUMES:,}, {where}",
                "many",
                "few",
                unit="us",
                goal=Goal(2, at_most=True),
                base_is=f"the same among {few * VOLUMES:,} volumes, p50 of each",
                details={"groups": many, "groups_of_the_base": few},
            )
        )
    return rows


def _making_us(daemon: Daemon, groups: int, random: Random, calls: int) -> float:
    """Return the median time of making a volume, which then is removed again."""
    waits = []
    for _ in range(calls):
        volume: dict[str, object] = {"group": f"dg{random.randrange(groups):04d}", "name": "one"}
        begin = perf_counter()
        daemon.change("volume.make", {**volume, "length_sectors": _LENGTH})
        waits.append(perf_counter() - begin)
        daemon.change("volume.remove", volume)
    return 1e6 * percentile(waits, 0.5)


def _listing_us(daemon: Daemon, groups: int, random: Random, calls: int) -> float:
    """Return the median time of listing a group."""
    waits = []
    for _ in range(calls):
        name = f"dg{random.randrange(groups):04d}"
        begin = perf_counter()
        records = daemon.list_group(name)
        waits.append(perf_counter() - begin)
        assert records == 1 + 3 * VOLUMES, records
    return 1e6 * percentile(waits, 0.5)
