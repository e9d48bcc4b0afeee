"""The monitor's present state, and those who are told of it.

A change is on disk before anyone is told. What is told to a node goes into its stream and is sent
in the order in which it happened.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Literal

import msgspec

from daemon.core.ready import Held
from daemon.kernel.monitor import changes as ch, disks, store
from daemon.kernel.monitor.reviver import Reviver
from daemon.kernel.monitor.streams import Attached, is_meant
from eventstore.errors import StoreError, Unavailable
from eventstore.model.notifications import DevicesScanned

RETURN_S = 3.0
"""How long after its own start the monitor waits for daemons that were attached before; they try
again every two seconds at the latest."""


class Keeper:
    """One monitor's state in its directory."""

    def __init__(self, directory: Path, monitor: disks.Monitor) -> None:
        self.monitor = monitor
        self.attached: dict[str, Attached] = {}
        self.reviver = Reviver(lambda: self.monitor.members, note)
        self._directory = directory
        self._timers: set[asyncio.TimerHandle] = set()

    def begin(self) -> None:
        """Wait for those who were attached when the monitor ended; the others are gone."""
        for name, state in self.monitor.members.nodes.items():
            if state.daemon:
                self.later(RETURN_S, ch.Detach(name, state.daemon))

    async def end(self) -> None:
        """Find out nothing more, and start nothing more."""
        # First of all, so that daemons which lose the monitor are not taken for dead ones.
        self.attached.clear()
        for timer in self._timers:
            timer.cancel()
        await self.reviver.stop()

    def revive(self) -> None:
        """Let the daemons be started again that are down while their node is in the cluster."""
        for node in self.monitor.members.without_daemon():
            self.reviver.needs(node)

    def disk(self, asked: disks.DiskRequest) -> disks.Told:
        """Let something happen to a disk.

        Raises:
            StoreError: it cannot, or not be remembered.

        """
        told = disks.apply(self.monitor, asked, time.time_ns() // 1000)
        self._remember(told.monitor)
        for node, notification in told.notifications.items():
            if node in self.attached:
                self.attached[node].tell(notification)
        return told

    def change(self, request: ch.Request) -> ch.Outcome:
        """Let something happen to the membership.

        Raises:
            StoreError: it cannot, or not be remembered.

        """
        outcome = ch.apply(self.monitor.members, request)
        if outcome.members != self.monitor.members:
            nodes = tuple(outcome.members.nodes)
            changed = msgspec.structs.replace(self.monitor, members=outcome.members, nodes=nodes)
            self._remember(changed)
        if outcome.note:
            note(outcome.note)
        for node in sorted(outcome.told & self.attached.keys()):
            self.attached[node].view(outcome.members.view_of(node), outcome.members.faults)
        for node, held in outcome.held.items():
            if node in self.attached:
                self.attached[node].hold(held)
        return outcome

    def attach(self, asked: ch.Attach, process: int | None) -> Attached:
        """Take a daemon on: it hears what is held, its view, a scan, and then the news.

        Raises:
            StoreError: it is not one of ours.

        """
        outcome = self.change(asked)
        state = outcome.members.nodes[asked.node]
        before = self.attached.pop(asked.node, None)
        if before is not None:
            before.close()
        attached = Attached(asked.node, state.daemon, process)
        attached.put({"t": "taken", "n": state.taken})
        if state.holding is not None and state.holding.held:
            attached.hold(Held(state.holding.number))
        attached.first_view(outcome.members.view_of(asked.node))
        attached.tell(self.scan(asked.node, "start"))
        self.attached[asked.node] = attached
        return attached

    def detached(self, attached: Attached) -> None:
        """A daemon's connection has ended: it is dead, which is found out now or later."""
        attached.close()
        if self.attached.get(attached.node) is attached:
            del self.attached[attached.node]
            request = ch.Detach(attached.node, attached.number)
            self.later(self._detection_s(attached.node), request)

    def found_out(self, nodes: tuple[str, ...], request: ch.Request) -> list[str]:
        """Let something that happened to nodes be found out, now or later; who is told now."""
        return self.later(max(self._detection_s(node) for node in nodes), request)

    def _detection_s(self, node: str) -> float:
        faults = self.monitor.members.faults
        return faults.detect_ms / 1000 if is_meant(faults, node) else 0.0

    def later(self, delay_s: float, request: ch.Request) -> list[str]:
        """Let something happen after a while, at once if that is none; who is told at once."""
        if not delay_s:
            return self._happen(request)

        def due() -> None:
            self._timers.discard(timer)
            self._happen(request)

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)
        return []

    def _happen(self, request: ch.Request) -> list[str]:
        if isinstance(request, ch.Detach):
            there = self.attached.get(request.node)
            if there is not None and there.number == request.daemon:
                return []  # it came back, and is the same run
        try:
            told = sorted(self.change(request).told)
            self.revive()
        except Unavailable as error:
            note(f"{error.message}: {error.cause} -> try again")
            self.later(1.0, request)
        except StoreError as error:
            note(f"{error.message} -> not needed any more")
        else:
            return told
        return []

    def scan(self, node: str, reason: Literal["start", "overrun", "request"]) -> DevicesScanned:
        """Return the disks that a node has."""
        return DevicesScanned(
            reason=reason,
            devices=disks.scan(self.monitor, node),
            kernel_us=time.time_ns() // 1000,
            boot_id=self.monitor.members.nodes[node].boot_id,
        )

    def status(self) -> dict[str, Any]:
        """Return all that is remembered, who is attached, and who does not reach whom."""
        state: dict[str, Any] = msgspec.to_builtins(self.monitor, order="deterministic")
        return {
            **state,
            "attached": sorted(self.attached),
            "cut": [list(pair) for pair in self.monitor.members.cut_pairs()],
        }

    def _remember(self, monitor: disks.Monitor) -> None:
        try:
            store.save(self._directory, monitor)
        except OSError as error:
            raise Unavailable(
                "V-5-1-9019", "the monitor cannot write its state", cause=str(error)
            ) from error
        self.monitor = monitor


def note(text: str) -> None:
    """Say on stderr, which is the monitor's log, what was seen and not done."""
    sys.stderr.write(f"monitor: {text}\n")
    sys.stderr.flush()
