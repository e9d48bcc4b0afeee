"""The simulated network: frames that are lost, late, doubled, out of order, or cut off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from daemon.core import messages as msg
from daemon.core.ready import Found, Received

if TYPE_CHECKING:
    from tests.simulation.world import World

REMEMBERED_FRAMES = 300
"""How many frames of earlier may come once more (N9)."""


class Network:
    """All links between daemons. A link is one way: (from, to)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.blocked: set[tuple[str, str]] = set()
        self.frames: deque[tuple[str, str, bytes]] = deque(maxlen=REMEMBERED_FRAMES)
        self.in_flight = 0
        self.rules: list[Rule] = []
        """What a directed case does to single messages."""

    def send(self, sender: str, to: str, message: msg.AnyMessage) -> None:
        """Send a message: it may be lost, late, or come twice."""
        world = self.world
        if to not in world.disks:
            return
        if isinstance(message, msg.Propose):
            world.checks.proposed(message.record)
        if any(rule.takes(sender, to, message) for rule in self.rules):
            return
        frame = msg.encode(message)
        self.frames.append((sender, to, frame))
        weather = world.weather
        if (sender, to) in self.blocked or world.random.random() < weather.loss:
            return
        self._transmit(sender, to, frame)
        if world.random.random() < weather.doubled:
            self._transmit(sender, to, frame)

    def _transmit(self, sender: str, to: str, frame: bytes) -> None:
        self.in_flight += 1
        self.world.checks.in_flight(self.in_flight)
        delay = self.world.weather.delay_ms(sender, to)
        self.world.after(delay, lambda: self._land(sender, to, frame))

    def _land(self, sender: str, to: str, frame: bytes) -> None:
        self.in_flight -= 1
        self.arrive(sender, to, frame)

    def arrive(self, sender: str, to: str, frame: bytes) -> None:
        """Hand a frame to the daemon that it is for, if it runs."""
        process = self.world.processes.get(to)
        if process is None or (sender, to) in self.blocked:
            return
        message = msg.decode(frame)
        found, as_of = None, 0
        if isinstance(message, msg.Ship):
            found, as_of = self.look_up(to, message.request)
        process.put(Received(sender, message, found, as_of))

    def spoil(self, random: Random) -> None:
        """A frame of earlier comes once more, cut short or with bits turned over (N16).

        A link that carries such a frame is closed (G1, G2), so nothing of it reaches the core;
        but whatever the bytes are, decoding them says so in the one way there is.
        """
        if not self.frames:
            return
        _sender, _to, frame = random.choice(list(self.frames))
        spoilt = bytearray(frame[: random.randint(1, len(frame))])
        for _ in range(random.randint(0, 4)):
            spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
        try:
            msg.decode(bytes(spoilt))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        except Exception as error:  # noqa: BLE001 that is what must not be
            self.world.checks.broken("I14", f"a spoilt frame raises {error!r}")

    def look_up(self, node: str, request: str) -> tuple[Found | None, int]:
        """Return what a node's shared log says of a request, and how far that log goes."""
        head = self.world.processes[node].core.shared.head.position
        found = self.world.checks.outcomes.get(request)
        return (found if found is not None and found.position <= head else None), head


class Rule:
    """Takes messages of one kind out of the network, for a directed case to hand on or not."""

    def __init__(
        self,
        kind: type,
        *,
        sender: str = "",
        to: str = "",
        limit: int = 1 << 30,
        only_copies: bool = False,
        where: Callable[[Any], bool] = lambda _message: True,
    ) -> None:
        self.kind = kind
        self.sender = sender
        self.to = to
        self.limit = limit
        self.only_copies = only_copies
        self.where = where
        self.taken: list[tuple[str, str, msg.AnyMessage]] = []

    def takes(self, sender: str, to: str, message: msg.AnyMessage) -> bool:
        """Whether this message is taken out; it, or its copy, is kept in `taken`."""
        fits = (
            isinstance(message, self.kind)
            and self.sender in ("", sender)
            and self.to in ("", to)
            and len(self.taken) < self.limit
            and self.where(message)
        )
        if fits:
            self.taken.append((sender, to, message))
        return fits and not self.only_copies
