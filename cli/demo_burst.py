"""A burst of changes by several clients at once, in whose middle the daemon dies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cli import ask, exit_codes
from daemon.client import Client
from daemon.errors import RequestFailed
from daemon.wire import control

CLIENTS = 8
ENOUGH = 40
"""Acknowledged changes after which the daemon is killed."""

MOST_PER_CLIENT = 40
"""So that the disk is not full, however late the daemon dies."""

DEADLINE_S = 30.0
GROW_SECTORS = 2048


@dataclass
class Burst:
    """The identifiers of requests: acknowledged, or sent and never answered."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    problems: list[RequestFailed] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)


def run(socket_path: str, group: str, volume: str, kill: Callable[[], None]) -> Burst:
    """Grow a volume from several threads, kill the daemon, and return what was promised.

    Raises:
        RequestFailed: a change was refused, though nothing was wrong with it.

    """
    burst = Burst()
    threads = [
        threading.Thread(target=_grow, args=(socket_path, group, volume, burst))
        for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        burst.enough.wait(DEADLINE_S)
    finally:
        kill()
        for thread in threads:
            thread.join()
    for problem in burst.problems:
        raise problem
    return burst


def took_effect(socket_path: str, identifiers: list[str]) -> list[str]:
    """Return those requests of which the daemon says that they are done."""
    with Client(socket_path) as client:
        return [identifier for identifier in identifiers if _is_done(client, identifier)]


def _is_done(client: Client, identifier: str) -> bool:
    try:
        data = client.ask(control.query("outcome", {"id": identifier})).get("data")
    except RequestFailed as error:
        if error.exit_code != exit_codes.NOT_FOUND:
            raise
        return False
    return isinstance(data, dict) and data.get("outcome") == "done"


def _grow(socket_path: str, group: str, volume: str, burst: Burst) -> None:
    """Grow the volume again and again, until the daemon is gone."""
    with Client(socket_path, DEADLINE_S) as client:
        for _ in range(MOST_PER_CLIENT):
            identifier = ask.new_id()
            request = control.command(
                "volume.growby",
                {"group": group, "name": volume, "length_sectors": GROW_SECTORS},
                request_id=identifier,
                cmdline=f"vxassist -g {group} growby {volume} 1m",
                program="vxassist",
            )
            try:
                client.ask(request)
            except RequestFailed as error:
                _died(error, identifier, burst)
                return
            burst.acknowledged.append(identifier)
            if len(burst.acknowledged) >= ENOUGH:
                burst.enough.set()


def _died(error: RequestFailed, identifier: str, burst: Burst) -> None:
    if error.exit_code == exit_codes.PENDING:
        burst.unanswered.append(identifier)
    elif not (error.exit_code == exit_codes.UNAVAILABLE and burst.enough.is_set()):
        burst.problems.append(error)
        burst.enough.set()
