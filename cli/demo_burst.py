"""A burst of changes by several clients at once, in whose middle a daemon dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cli import ask, exit_codes
from daemon.client import Client
from daemon.errors import RequestFailed, Unreachable
from daemon.wire import control

CLIENTS = 8
ENOUGH = 40
"""Acknowledged changes after which the daemon is killed."""

MOST_PER_CLIENT = 40
"""So that the disk is not full, however late the daemon dies."""

DEADLINE_S = 30.0
PAUSE_S = 0.02
GROW_SECTORS = 2048


@dataclass
class Burst:
    """The identifiers of requests: acknowledged, refused, or sent and never answered."""

    acknowledged: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    """Those among the acknowledged that were sent when the daemon was dead already."""

    refused: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    problems: list[RequestFailed] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def all(self) -> list[str]:
        """Every request that was sent."""
        return self.acknowledged + self.refused + self.unanswered


def run(
    sockets: Sequence[str],
    group: str,
    volume: str,
    kill: Callable[[], None],
    enough: int = ENOUGH,
) -> Burst:
    """Grow a volume from several threads, kill a daemon, and return what was promised.

    Raises:
        RequestFailed: a change was refused, though nothing was wrong with it.

    """
    burst = Burst()
    threads = [
        threading.Thread(
            target=_grow, args=(sockets[n % len(sockets)], group, volume, burst, enough)
        )
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        burst.enough.wait(DEADLINE_S)
    finally:
        kill()
        burst.over.set()
        for thread in threads:
            thread.join()
    for problem in burst.problems:
        raise problem
    return burst


def outcomes(socket_path: str, identifiers: list[str]) -> dict[str, tuple[str, int]]:
    """Return what a daemon says became of requests: of those that it knows, and where."""
    with Client(socket_path) as client:
        told = {one: _outcome(client, one) for one in identifiers}
    return {one: outcome for one, outcome in told.items() if outcome is not None}


def took_effect(socket_path: str, identifiers: list[str]) -> list[str]:
    """Return those requests of which the daemon says that they are done."""
    return [one for one, (what, _) in outcomes(socket_path, identifiers).items() if what == "done"]


def _outcome(client: Client, identifier: str) -> tuple[str, int] | None:
    try:
        data = client.ask(control.query("outcome", {"id": identifier})).get("data")
    except RequestFailed as error:
        if error.exit_code != exit_codes.NOT_FOUND:
            raise
        return None
    if not isinstance(data, dict) or data["position"] is None:
        return None
    return str(data["outcome"]), int(data["position"])


def _grow(socket_path: str, group: str, volume: str, burst: Burst, enough: int) -> None:
    """Grow the volume again and again, until the daemon is gone, or once more after that."""
    end = time.monotonic() + DEADLINE_S
    done = 0
    with Client(socket_path, DEADLINE_S) as client:
        while done < MOST_PER_CLIENT and time.monotonic() < end:
            identifier, last = ask.new_id(), burst.over.is_set()
            try:
                client.ask(_request(identifier, group, volume))
            except RequestFailed as error:
                if _ends(error, identifier, burst):
                    return
                time.sleep(PAUSE_S)
                continue
            done += 1
            burst.acknowledged.append(identifier)
            if len(burst.acknowledged) >= enough:
                burst.enough.set()
            if last:
                burst.after.append(identifier)
                return


def _request(identifier: str, group: str, volume: str) -> dict[str, object]:
    return control.command(
        "volume.growby",
        {"group": group, "name": volume, "length_sectors": GROW_SECTORS},
        request_id=identifier,
        cmdline=f"vxassist -g {group} growby {volume} 1m",
        program="vxassist",
    )


def _ends(error: RequestFailed, identifier: str, burst: Burst) -> bool:
    """Note what an error means; whether the client's daemon is gone, or something is wrong."""
    if error.exit_code == exit_codes.PENDING:
        burst.unanswered.append(identifier)
        return True
    if not burst.enough.is_set():
        burst.problems.append(error)
        burst.enough.set()
        return True
    if isinstance(error, Unreachable):
        return True
    # Of a cluster without a master for a moment: nothing was changed, and it says so.
    burst.refused.append(identifier)
    return False
