"""What happens to the nodes of a soak's cluster: drawn from a seed, each to be healed."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

from cli.lab_cluster import Lab
from cli.lab_processes import running
from daemon.errors import RequestFailed

LASTS_S = (0.1, 1.2)
PAUSE_S = (0.0, 0.4)
WEATHER = 0.4
"""How often the monitor tells its views late, twice or in another order meanwhile."""


class Nemesis:
    """The faults of one lab; `log` says what was done."""

    def __init__(self, lab: Lab, choice: random.Random) -> None:
        self.lab = lab
        self.log: list[str] = []
        self._choice = choice
        self._stopped: list[int] = []

    def strike(self) -> None:
        """Let one or two things happen, and let them last."""
        if self._choice.random() < WEATHER:
            self._weather()
        for _ in range(self._choice.choice((1, 1, 2))):
            self._choice.choice(FAULTS)(self)
            self._last()

    def heal(self) -> None:
        """Take everything back that is not over by itself; all nodes run and join again."""
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._stopped.clear()
        self.lab.monitor.start([], 0, 0)
        self.lab.monitor.ask({"op": "fault"})
        self.lab.monitor.ask({"op": "heal"})
        self.lab.up([], 0, 1)

    def _last(self, within: tuple[float, float] = LASTS_S) -> None:
        threading.Event().wait(self._choice.uniform(*within))

    def _node(self) -> str:
        return self._choice.choice(self.lab.nodes)

    def _did(self, what: str) -> None:
        self.log.append(what)

    def _ask(self, **request: object) -> None:
        """Ask the monitor; what is not possible now is said, and is not done."""
        try:
            self.lab.monitor.ask(dict(request))
        except RequestFailed as error:
            self._did(f"({error.message})")

    def _weather(self) -> None:
        only = self._choice.sample(self.lab.nodes, self._choice.choice((1, 2, 3)))
        fault = {
            "late_ms": self._choice.choice((0, 50, 400)),
            "doubled": self._choice.random() < 0.5,
            "reordered": self._choice.random() < 0.5,
            "detect_ms": self._choice.choice((0, 0, 100, 800)),
        }
        self._did(f"fault {fault} on {','.join(only)}")
        self._ask(op="fault", **fault, only=only)

    def _kill(self) -> None:
        for node in self._choice.sample(self.lab.nodes, self._choice.choice((1, 1, 1, 2, 3))):
            self._did(f"kill {node}")
            self.lab.kill(node)

    def _kill_twice(self) -> None:
        """Kill a daemon, and kill it again while it starts."""
        node = self._node()
        self._did(f"kill {node} twice")
        self.lab.kill(node)
        with suppress(RequestFailed):
            self.lab.start(node)
        self._last(PAUSE_S)
        self.lab.kill(node)

    def _stop(self) -> str:
        node = self._node()
        pid = running(self.lab.home(node) / "vxconfigd.pid")
        self._did(f"stop {node}")
        if pid is not None:
            self._stopped.append(pid)
            os.kill(pid, signal.SIGSTOP)
        return node

    def _stop_and_go_on(self) -> None:
        self._stop()
        self._last()
        self._go_on()

    def _go_on(self) -> None:
        for pid in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._stopped.clear()

    def _stop_and_cut(self) -> None:
        """Let a daemon miss that it is not master any more, and wake up among the others."""
        node = self._stop()
        self._last(PAUSE_S)
        self._did(f"cut {node}")
        self._ask(op="cut", nodes=[node])
        self._last()
        if self._choice.random() < 0.5:
            self._did("heal")
            self._ask(op="heal")
            self._last(PAUSE_S)
        self._go_on()

    def _abort(self) -> None:
        node = self._node()
        self._did(f"abort {node}")
        self._ask(op="abort", node=node)
        if self._choice.random() < 0.5:
            self._last()
            with suppress(RequestFailed):
                self.lab.join(node)
                self._did(f"join {node}")

    def _leave(self) -> None:
        node = self._node()
        self._did(f"leave {node}")
        self._ask(op="leave", node=node, wait_s=1.0)

    def _cut(self) -> None:
        nodes = self._choice.sample(self.lab.nodes, self._choice.choice((1, 1, 2)))
        self._did(f"cut {','.join(nodes)}")
        self._ask(op="cut", nodes=nodes)
        if self._choice.random() < 0.5:
            self._last()
            self._did("heal")
            self._ask(op="heal")

    def _cut_all(self) -> None:
        """Let nobody reach anybody."""
        first, second, _third = self._choice.sample(self.lab.nodes, 3)
        self._did("cut all")
        self._ask(op="cut", nodes=[first])
        self._ask(op="cut", nodes=[second])

    def _master(self) -> None:
        node = self._node()
        self._did(f"master {node}")
        self._ask(op="setmaster", node=node)

    def _monitor(self) -> None:
        """Kill the monitor; daemons go on."""
        self._did("kill monitor")
        pid = running(self.lab.monitor.process.pid_file)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        self._last(PAUSE_S)
        self.lab.monitor.start([], 0, 0)

    def _restart(self) -> None:
        """Kill daemons while the monitor starts what it finds dead (E6)."""
        self._did("restart on")
        self.lab.restart(on=True)
        self._kill()
        self._last()
        self.lab.restart(on=False)


FAULTS: tuple[Callable[[Nemesis], None], ...] = (
    Nemesis._kill,
    Nemesis._kill,
    Nemesis._kill_twice,
    Nemesis._stop_and_go_on,
    Nemesis._stop_and_cut,
    Nemesis._abort,
    Nemesis._abort,
    Nemesis._leave,
    Nemesis._cut,
    Nemesis._cut,
    Nemesis._cut_all,
    Nemesis._master,
    Nemesis._monitor,
    Nemesis._restart,
)
