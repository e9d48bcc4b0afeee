"""Utilities on all nodes: they change, read what is current, and ask again what is unknown."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from daemon.core.ready import Answer, ReadCurrent, Submit
from eventstore.codec import Actor, Context
from eventstore.model import commands as cmd
from eventstore.model.commands import AnyCommand
from eventstore.model.objects import Disk
from tests.simulation.activations import MODES
from tests.simulation.founding import GROUPS

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE_MS = 4000


def submission(
    world: World, node: str, token: int, request: str, verb: str, command: AnyCommand
) -> Submit:
    """Return a request as a utility on a node makes it, with what the node's log knows of it."""
    context = Context(Actor(0, "root", 1, "vx"), clock_us=world.wall_us(node))
    found, as_of = world.network.look_up(node, request)
    return Submit(token, request, verb, command, context, found, as_of=as_of)


class Operation(NamedTuple):
    """One thing that a utility did: when, what, and what it heard. No end: it never knew."""

    began: int
    ended: int | None
    kind: str
    group: str
    value: str
    """The value read, or (writes) the new one."""
    before: str
    """Writes: the value that was replaced."""
    position: int


class Client:
    """One utility after the other, on whichever node."""

    def __init__(self, world: World, number: int, clients: Clients) -> None:
        self.world = world
        self.number = number
        self.clients = clients
        self.random = Random(f"{world.seed}/client{number}")
        self.count = 0
        self.tries = 0
        """How often the present request was sent: of one that was sent twice, one copy may be
        rejected while the other is on its way."""

    def think(self) -> None:
        """Do the next thing after a while."""
        if not self.clients.stopped:
            self.world.after(self.random.randint(1, self.clients.pause_ms), self.act)

    def act(self) -> None:
        """Ask some node for something."""
        nodes = [name for name in self.world.names if name in self.world.processes]
        if self.clients.stopped or not nodes:
            self.think()
            return
        node = self.random.choice(nodes)
        kind = self.random.random()
        if kind < 0.3:
            self._read(node)
        elif kind < 0.38:
            self._activate(node)
        else:
            self.count += 1
            self.tries = 0
            self._write(node, f"c{self.number}-{self.count}", None, self.world.now)

    def _write(self, node: str, request: str, command: cmd.RenameDisk | None, began: int) -> None:
        world = self.world
        process = world.processes.get(node)
        if process is None:
            self._again(request, command, began)
            return
        if command is None:
            group = self.random.choice(GROUPS)
            value = self.value_at(node, group)
            if value is None:
                self.think()
                return
            command = cmd.RenameDisk(group, value, f"d{self.number}-{self.count}")
        asked = command
        self.tries += 1
        answered = False

        def reply(answer: Answer) -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._heard(request, asked, began, answer)

        def give_up() -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._again(request, asked, began)

        token = self.clients.token()
        process.put(submission(world, node, token, request, "disk.rename", asked), reply)
        world.after(PATIENCE_MS, give_up)

    def _again(self, request: str, command: cmd.RenameDisk | None, began: int) -> None:
        """Ask again under the same identifier, perhaps elsewhere: the outcome is one (D13)."""
        nodes = [name for name in self.world.names if name in self.world.processes]
        if command is None or self.clients.stopped or not nodes or self.random.random() < 0.2:
            if command is not None:
                self.clients.history.append(_write(command, began, None, 0))
            self.think()
            return
        node = self.random.choice(nodes)
        self.world.after(
            self.random.randint(1, 300), lambda: self._write(node, request, command, began)
        )

    def _heard(self, request: str, command: cmd.RenameDisk, began: int, answer: Answer) -> None:
        clients = self.clients
        if not answer["ok"]:
            self.world.checks.told(request, answer["error"])
        if answer["ok"]:
            position = answer["data"]["position"]
            if self.tries == 1:
                self.world.checks.told_done(request, position)
            clients.done[request] = position
            clients.history.append(_write(command, began, self.world.now, position))
        elif answer["error"]["exit"] in (69, 75) and self.random.random() < 0.7:
            self._again(request, command, began)
            return
        elif self.tries == 1:
            clients.refused[request] = answer["error"]["id"]
        else:
            clients.history.append(_write(command, began, None, 0))
        self.think()

    def _activate(self, node: str) -> None:
        """Ask for an activation of some group on a node, and go on without waiting (F1)."""
        world = self.world
        self.count += 1
        request = f"c{self.number}-{self.count}"
        command = cmd.SetDiskGroup(
            self.random.choice(GROUPS), {"activation": self.random.choice(MODES)}
        )
        token = self.clients.token()
        world.processes[node].put(submission(world, node, token, request, "dg.set", command))
        self.think()

    def _read(self, node: str) -> None:
        world, began = self.world, self.world.now
        group = self.random.choice(GROUPS)
        process = world.processes[node]
        answered = False

        def reply(answer: Answer) -> None:
            nonlocal answered
            if answered:
                return
            answered = True
            if answer["ok"]:
                value = self.value_at(node, group) or ""
                position = answer["position"]
                seen = Operation(began, world.now, "read", group, value, "", position)
                self.clients.history.append(seen)
            self.think()

        def give_up() -> None:
            nonlocal answered
            if not answered:
                answered = True
                self.think()

        process.put(ReadCurrent(self.clients.token()), reply)
        world.after(2 * PATIENCE_MS, give_up)

    def value_at(self, node: str, group: str) -> str | None:
        """Return the name of a group's disk as a node shows it."""
        process = self.world.processes.get(node)
        if process is None:
            return None
        state = process.core.shared.state
        found = state.group(group)
        disks = [] if found is None else state.disks(found)
        return disks[0].name if disks and isinstance(disks[0], Disk) else None


def _write(command: cmd.RenameDisk, began: int, ended: int | None, position: int) -> Operation:
    return Operation(
        began, ended, "write", command.group, command.new_name, command.disk, position
    )


class Clients:
    """All utilities of a run, and the history as they saw it."""

    def __init__(self, world: World, count: int, pause_ms: int) -> None:
        self.history: list[Operation] = []
        self.done: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self.pause_ms = pause_ms
        self.stopped = False
        self._token = 0
        self.all = [Client(world, number, self) for number in range(count)]
        for client in self.all:
            client.think()

    def token(self) -> int:
        """Return a token that nobody has."""
        self._token += 1
        return self._token
