"""The daemon's event loop: the service, its socket, and the signals that stop it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from daemon.config import SOCKET, Settings
from daemon.shell.control import ControlServer
from daemon.shell.logs import Logger
from daemon.shell.service import Service
from eventstore.model.objects import ENABLED


def run_daemon(home: Path, settings: Settings, logger: Logger, mode: str = ENABLED) -> None:
    """Serve a home until SIGTERM or SIGINT, in a mode; the caller holds its lock.

    Raises:
        StoreError: it cannot begin, or not go on.
    """
    asyncio.run(_serve(Service(home, settings, logger, mode), home))


async def _serve(service: Service, home: Path) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop, number.name)
    server = ControlServer(service, home / SOCKET)
    await server.start()
    try:
        await service.run()
    finally:
        await server.stop()
