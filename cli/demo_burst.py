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

DEADLINE_S = 30.0
VOLUME_SECTORS = 2048


@dataclass
class Burst:
    """The identifiers of requests: acknowledged, or sent and never answered."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    problems: list[RequestFailed] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)


def run(socket_path: str, group: str, kill: Callable[[], str]) -> tuple[Burst, str]:
    """Make volumes from several threads, kill the daemon, and return what was promised.

    Raises:
        RequestFailed: a change was refused, though nothing was wrong with it.

    """
    burst = Burst()
    threads = [
        threading.Thread(target=_make_volumes, args=(socket_path, group, number, burst))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        burst.enough.wait(DEADLINE_S)
    finally:
        killed = kill()
        for thread in threads:
            thread.join()
    for problem in burst.problems:
        raise problem
    return burst, killed


def outcomes(socket_path: str, identifiers: list[str]) -> dict[str, str]:
    """Ask the daemon what became of requests."""
    with Client(socket_path) as client:
        return {identifier: _outcome(client, identifier) for identifier in identifiers}


def _outcome(client: Client, identifier: str) -> str:
    try:
        data = client.ask(control.query("outcome", {"id": identifier})).get("data")
    except RequestFailed as error:
        if error.exit_code != exit_codes.NOT_FOUND:
            raise
        return "unknown"
    return str(data.get("outcome")) if isinstance(data, dict) else "unknown"


def _make_volumes(socket_path: str, group: str, number: int, burst: Burst) -> None:
    """Make one volume after the other until the daemon is gone."""
    with Client(socket_path, DEADLINE_S) as client:
        for turn in range(1000):
            name = f"burst{number}-{turn}"
            args = {"group": group, "name": name, "length_sectors": VOLUME_SECTORS, "disks": []}
            request = control.command(
                "volume.make",
                args,
                request_id=ask.new_id(),
                cmdline=f"vxassist -g {group} make {name} 1m",
                program="vxassist",
            )
            try:
                client.ask(request)
            except RequestFailed as error:
                _died(error, str(request["id"]), burst)
                return
            burst.acknowledged.append(str(request["id"]))
            if len(burst.acknowledged) >= ENOUGH:
                burst.enough.set()


def _died(error: RequestFailed, identifier: str, burst: Burst) -> None:
    if error.exit_code == exit_codes.PENDING:
        burst.unanswered.append(identifier)
    elif not (error.exit_code == exit_codes.UNAVAILABLE and burst.enough.is_set()):
        burst.problems.append(error)
        burst.enough.set()
