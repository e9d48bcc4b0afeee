"""A scripted life: fair weather, and single messages taken out of the network and handed on."""

from __future__ import annotations

from typing import Any

from daemon.core import messages as msg
from daemon.core.ready import Answer, ReadCurrent
from eventstore.model import commands as cmd
from tests.simulation.clients import submission
from tests.simulation.network import Rule
from tests.simulation.run import is_whole
from tests.simulation.world import World

PATIENCE_MS = 20_000
"""In fair weather everything is over long before."""


class Scene:
    """A cluster in fair weather, whose director decides what arrives, who dies and who is told."""

    def __init__(self, count: int = 3) -> None:
        self.world = World(0, count)
        self.world.surroundings.in_use = ""
        self.world.monitor.latest_ms = 0
        self.network = self.world.network
        self._token = 0
        for name in self.world.names:
            self.world.start(name)
        self.settles()
        self.passes(1000)

    def passes(self, ms: int = 200) -> None:
        """Let time pass."""
        self.world.run_until(self.world.now + ms)

    def settles(self) -> None:
        """Wait until one master is active and all are equal."""
        end = self.world.now + PATIENCE_MS
        self.world.run_until(end, lambda: is_whole(self.world))
        assert is_whole(self.world), "it does not come together (I16)"

    # Utilities.

    def asks(
        self, node: str, request: str, old: str, new: str, group: str = "dg0"
    ) -> list[Answer]:
        """Ask a node to rename a disk; the answers come into the list."""
        answers: list[Answer] = []
        command = cmd.RenameDisk(group, old, new)
        said = submission(self.world, node, self._next(), request, "disk.rename", command)
        self.world.processes[node].put(said, answers.append)
        return answers

    def renames(self, node: str, request: str, old: str, new: str) -> None:
        """Ask, and hear *done*."""
        answers = self.asks(node, request, old, new)
        self.passes()
        assert [answer["ok"] for answer in answers] == [True]

    def reads(self, node: str) -> list[Answer]:
        """Ask a node to read what is current."""
        answers: list[Answer] = []
        self.world.processes[node].put(ReadCurrent(self._next()), answers.append)
        return answers

    def _next(self) -> int:
        self._token += 1
        return self._token

    # The network.

    def takes(self, kind: type, **where: Any) -> Rule:
        """Take messages of a kind out of the network."""
        rule = Rule(kind, **where)
        self.network.rules.append(rule)
        return rule

    def copies(self, kind: type, **where: Any) -> Rule:
        """Keep copies of messages of a kind, which arrive all the same."""
        rule = Rule(kind, only_copies=True, **where)
        self.network.rules.append(rule)
        return rule

    def hands_on(self, rule: Rule) -> None:
        """Let what was taken arrive now, and take nothing more."""
        if rule in self.network.rules:
            self.network.rules.remove(rule)
        for sender, to, message in rule.taken:
            self.network.arrive(sender, to, msg.encode(message))
        self.passes(20)

    def forgets_rules(self) -> None:
        """Let everything arrive from here on."""
        self.network.rules.clear()

    # Nodes.

    def loses(self, name: str) -> None:
        """A node dies, and its kernel's peers say so."""
        self.world.kill(name, power=True)
        self.world.monitor.leave(name)

    def brings_back(self, name: str) -> None:
        """A node joins again."""
        self.world.monitor.join(name)
        self.world.start(name)

    def cuts_off(self, name: str) -> None:
        """A node hears nobody, and nothing of any view."""
        self.world.monitor.deaf.add(name)
        for other in self.world.names:
            self.network.blocked |= {(name, other), (other, name)}

    def term(self, name: str) -> int:
        """Return the term that a node promised."""
        return self.world.processes[name].core.hard_state.term
