"""A copy of a server's files, as they were: what bringing it back leaves."""

from __future__ import annotations

import shutil

from tests.support.postgres_server import Server


class Backup:
    """The copy; the server is started anew by making it, and by bringing it back."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept = server.ground.directory / "backup"
        server.stop()
        server.copy(server.data, self._kept)
        server.start()

    def restore(self) -> None:
        self._server.stop()
        shutil.rmtree(self._server.data)
        self._server.copy(self._kept, self._server.data)
        self._server.start()
