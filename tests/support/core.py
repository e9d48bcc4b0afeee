"""A daemon's core without a daemon: inputs go in, entries are kept, and stored where asked."""

from pathlib import Path
from typing import Any, Literal

from daemon.core.livelog import LiveLog
from daemon.core.node import Node
from daemon.core.ready import Begin, Found, HardState, Input, Notified, Ready, Stop, Submit, Viewed
from daemon.core.sharedlog import SharedLog
from daemon.core.view import View, ViewNode
from eventstore.codec import ZERO_HASH, Actor, Commit, Context, Entry, Head, decode_events
from eventstore.model import commands as cmd, events as ev
from eventstore.model.notifications import DeviceFact, DevicesScanned, Notification
from eventstore.model.objects import Volume
from eventstore.model.state import State
from eventstore.present.views import document_view
from eventstore.storage.store import Store
from tests.support.model import (
    BOOT,
    SECOND_US,
    START_US,
    appears,
    init_disk,
    make_group,
    size_for,
)

Log = Literal["shared", "node"]
LINEAGES: dict[Log, bytes] = {"shared": bytes(range(16)), "node": bytes(range(16, 32))}
BEGIN = Begin(BOOT, "0.1.0", "3.53.4")


def an_empty_log(log: Log) -> LiveLog:
    return LiveLog(log, State(), Head(LINEAGES[log], 0, ZERO_HASH, 0), 0)


def an_empty_shared_log() -> SharedLog:
    return SharedLog(State(), Head(LINEAGES["shared"], 0, ZERO_HASH, 0))


class Core:
    """A node, founded like a home, and a clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.monotonic_ms = 1_000
        self.wall_us = START_US
        self.entries: list[Entry] = []
        shared, own = an_empty_shared_log(), an_empty_log("node")
        self._found(shared, ev.ClusterCreated("c1", "prod", ("node1",)), None)
        self._found(own, ev.NodeCreated("node1", "c1"), 1)
        self.node = Node("node1", "prod", shared, own, HardState())
        self.documents = {0: document_view(State()), 1: document_view(own.state)}
        self._requests = 0

    def _found(self, log: LiveLog, event: ev.AnyEvent, shared_position: int | None) -> None:
        context = Context(Actor(program="vxconfigd"), clock_us=self.wall_us)
        tx = f"node1@{log.log}-{log.head.position + 1}"
        self.entries.append(
            log.record(tx, "node1", context, (event,), term=0, shared_position=shared_position)
        )

    @property
    def state(self) -> State:
        return self.node.own.state

    @property
    def position(self) -> int:
        return self.node.own.head.position

    def commits(self, log: Log = "node") -> list[Commit]:
        items = (entry.item for entry in self.entries if entry.log == log)
        return [item for item in items if isinstance(item, Commit)]

    def events(self) -> tuple[ev.AnyEvent, ...]:
        """The events of the last commit."""
        return tuple(decode_events(self.commits()[-1].payload))

    def dgid(self, name: str = "dg") -> str:
        group = self.state.group(name)
        assert group is not None
        return group.space

    def waits(self, seconds: float = 1.0) -> None:
        self.monotonic_ms += int(seconds * 1000)
        self.wall_us += int(seconds * SECOND_US)

    def clock_jumps(self, seconds: float) -> None:
        self.wall_us += int(seconds * SECOND_US)

    def steps(self, said: Input) -> Ready:
        ready = self.node.step(self.monotonic_ms, self.wall_us, said)
        self.entries += ready.append
        self.documents[self.position] = document_view(self.state)
        return ready

    def begins(self) -> Ready:
        """The daemon starts; what the process had in memory is gone, the logs are not."""
        old = self.node
        self.node = Node(old.name, old.cluster, old.shared, old.own, old.hard_state)
        return self.steps(BEGIN)

    def hears_who_is_in(self) -> Ready:
        """The kernel says that this node is all there is."""
        here = ViewNode("node1", BOOT, daemon=1)
        return self.steps(Viewed(View("c1", (here,), "node1", quorate=True)))

    def shares(self, event: ev.AnyEvent) -> None:
        """The shared log says something."""
        self._found(self.node.shared, event, None)

    def sees(self, *notifications: Notification) -> Ready:
        ready = Ready()
        for notification in notifications:
            self.waits()
            ready = self.steps(Notified(notification))
        return ready

    def scans(self, *devices: DeviceFact, reason: Literal["start", "overrun"] = "start") -> Ready:
        self.waits()
        return self.steps(Notified(DevicesScanned(reason, devices, 99, BOOT)))

    def stops(self) -> Ready:
        self.waits()
        return self.steps(Stop("SIGTERM"))

    def asks(
        self,
        command: cmd.AnyCommand,
        request: str = "",
        *,
        expect: int | None = None,
        dry_run: bool = False,
        found: Found | None = None,
        user: str = "root",
        scan: DevicesScanned | None = None,
    ) -> Ready:
        """Submit a command; it comes back with the one reply there must be."""
        self.waits()
        self._requests += 1
        verb = str(command.__struct_config__.tag)
        context = Context(
            Actor(0, user, 42, "vx"),
            command=f"vx {verb}",
            message=f"why {self._requests}",
            clock_us=self.wall_us,
        )
        ready = self.steps(
            Submit(
                self._requests,
                request or f"r{self._requests}",
                verb,
                command,
                context,
                found=found,
                expect=expect,
                dry_run=dry_run,
                scan=scan,
            )
        )
        assert [token for token, _answer in ready.replies] == [self._requests]
        return ready

    def volume(self, name: str) -> Volume:
        (group,) = self.state.groups()
        record = self.state.named(group.space, name)
        assert isinstance(record, Volume)
        return record


def the_answer(ready: Ready) -> dict[str, Any]:
    ((_token, answer),) = ready.replies
    return answer


def a_core(*publics: int) -> Core:
    """A daemon that has begun, and group dg whose disks d1, .. (devices sd1, ..) are so large."""
    core = Core()
    core.begins()
    for number, public in enumerate(publics, 1):
        core.sees(appears(f"sd{number}", size=size_for(public)))
        core.asks(init_disk(f"sd{number}"))
    names = [f"d{number}=sd{number}" for number in range(1, len(publics) + 1)]
    if names:
        core.asks(make_group("dg", *names))
    return core


def a_store(path: Path) -> Store:
    """A new store whose logs have their names, and lineages that are always the same."""
    with Store.open(path) as store:
        store.create_log("shared", "prod")
        store.create_log("node", "node1")
        for log, lineage in LINEAGES.items():
            store._driver.execute("UPDATE identity SET lineage = ? WHERE log = ?", (lineage, log))
    return Store.open(path)


def stored(core: Core, path: Path) -> Path:
    """Write what a core said is to be written; return where."""
    with a_store(path) as store:
        store.append(core.entries)
    return path
