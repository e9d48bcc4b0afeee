"""A primary that waits for its standby with every commit, and who takes over from whom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from tests.support.postgres_server import SUPERUSER, Server, run
from tests.support.waiting import wait_until

_FIELD = "synchronous_standby_names"


class Pair:
    """Two servers that run; the second has every commit that the first acknowledged."""

    def __init__(self, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self.servers = [Server(durable=durable, settings=settings) for _ in range(2)]
        self.primary, self.standby = self.servers

    def start(self) -> None:
        self.primary.start()
        self.seed()

    def close(self) -> None:
        for server in self.servers:
            server.close()

    def seed(self) -> None:
        """Make the standby anew from the primary, which waits for it from then on."""
        standby = self.standby
        assert not standby.running
        shutil.rmtree(standby.data)
        where = f"host={self.primary.ground.directory} port={self.primary.port}"
        who = f"user={SUPERUSER} application_name=standby"
        run(
            *("pg_basebackup", "--pgdata", standby.data, "--dbname", f"{where} {who}"),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        )
        standby.start()
        self._wait_for(standby)

    def _wait_for(self, standby: Server) -> None:
        self.primary.sql(f"ALTER SYSTEM SET {_FIELD} = 'FIRST 1 (standby)'")
        self.primary.sql("SELECT pg_reload_conf()")
        question = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        wait_until(lambda: standby.running and self.primary.sql(question) == [("sync",)])

    def promote(self) -> None:
        """Make the standby the primary, alone; the other one must not run."""
        assert not self.primary.running, "two primaries"
        self.standby.sql("SELECT pg_promote()")
        self.standby.sql(f"ALTER SYSTEM RESET {_FIELD}")
        self.standby.sql("SELECT pg_reload_conf()")
        self.primary, self.standby = self.standby, self.primary

    def url(self, database: str = SUPERUSER, **options: str) -> str:
        """A URL that names both, of which the client finds the one that takes commits."""
        where = {
            "host": ",".join(str(server.ground.directory) for server in self.servers),
            "port": ",".join(str(server.port) for server in self.servers),
            "target_session_attrs": "read-write",
        }
        query = urlencode({**where, **options}, quote_via=quote)
        return f"postgresql://{SUPERUSER}@/{database}?{query}"

    def database(self) -> str:
        """Make a database that is empty; return its URL, that names both servers."""
        name = self.primary.database_name()
        return self.url(name)


@contextmanager
def postgres_pair(
    *, durable: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """A pair that runs."""
    pair = Pair(durable=durable, settings=settings)
    try:
        pair.start()
        yield pair
    finally:
        pair.close()
