"""Real PostgreSQL servers, on a Unix socket in a directory of their own.

A server refuses to be root's: under root it is run as `postgres`, or as `nobody`. Nothing outlives
the test: a process beside it (`postgres_guard`) clears the directory when the test ends, also when
it is killed.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Literal, TypedDict
from urllib.parse import quote, urlencode

import psycopg
import pytest

from tests.support import postgres_guard
from tests.support.waiting import wait_until

REQUIRED = "POSTGRES_REQUIRED"
"""The environment's word for: where there is no PostgreSQL the tests fail instead of skipping."""
OLDEST = 15
SUPERUSER = "postgres"
DEADLINE_S = 60.0

_DISK, _MEMORY = Path("/tmp"), Path("/dev/shm")
_ROOM_BYTES = 4 << 30
"""What has to be free in memory, or the disk is taken."""
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_SETTINGS = {
    "autovacuum_naptime": "5min",
    "dynamic_shared_memory_type": "mmap",  # in the directory, so that it goes with it
    "listen_addresses": "",
    "log_line_prefix": "%m [%p] %u@%d %e ",
    "max_connections": "60",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "unix_socket_permissions": "0777",
}
_CARELESS = {"fsync": "off", "full_page_writes": "off"}
"""What survives the end of every process, and not that of the machine."""


@cache
def binaries() -> Path | None:
    """Where the programs of the newest PostgreSQL are that is new enough; None if nowhere."""
    debian = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    debian.sort(key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    for directory in [*debian, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (directory / "initdb").exists() and _version(directory) >= OLDEST:
            return directory
    return None


def _version(directory: Path) -> int:
    said = subprocess.run(
        [directory / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    return int(said.split()[2].split(".")[0])


def require_postgres() -> Path:
    """Return where the programs are; without them the test skips, or fails where it must not."""
    found = binaries()
    if found is None:
        reason = f"needs the server programs of PostgreSQL {OLDEST} or later"
        if os.environ.get(REQUIRED):
            pytest.fail(f"{reason} ({REQUIRED} is set)")
        pytest.skip(reason)
    return found


class _Somebody(TypedDict, total=False):
    """For `subprocess`: who a server is run as; empty for whoever runs the test."""

    user: int
    group: int
    extra_groups: list[int]


def _somebody() -> _Somebody:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    who = pwd.getpwnam(SUPERUSER if SUPERUSER in names else "nobody")
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}


def run(program: str, *args: str | Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a program of PostgreSQL's as who servers are run as; return what it printed."""
    done = subprocess.run(
        [require_postgres() / program, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, **(environment or {})},
        **_somebody(),
    )
    assert done.returncode == 0, f"{program}: {done.stdout}"
    return done.stdout


def _has_room(directory: Path) -> bool:
    return directory.is_dir() and shutil.disk_usage(directory).free > _ROOM_BYTES


class Ground:
    """A directory for servers, with the guard that clears it; in memory, if it may be."""

    def __init__(self, *, durable: bool = False) -> None:
        # Not below the test's own directory: an address holds 107 bytes, and who a server is run
        # as may not look into that one.
        where = _DISK if durable or not _has_room(_MEMORY) else _MEMORY
        self.directory = Path(tempfile.mkdtemp(prefix="vxpg-", dir=where))
        if who := _somebody():
            os.chown(self.directory, who["user"], who["group"])
        self.directory.chmod(0o755)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", postgres_guard.__file__, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends the test by its group does not end this
        )

    def close(self) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(DEADLINE_S)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@cache
def _template() -> Path:
    """The data of a server that nobody used yet; made once in a process."""
    ground = Ground()
    atexit.register(ground.close)
    data = ground.directory / "template"
    run(
        *("initdb", "--pgdata", data, "--username", SUPERUSER, "--auth", "trust"),
        *("--encoding", "UTF8", "--locale", "C", "--wal-segsize", "1"),
        *("--no-sync", "--no-instructions"),
    )
    return data


class Server:
    """One server, that is not started yet; `durable` for one whose disk is really flushed."""

    _numbers = count(1)

    def __init__(
        self, *, durable: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self.programs = require_postgres()
        self.ground = Ground(durable=durable)
        self.port = _free_port()
        self.data = self.ground.directory / "data"
        self.log = self.ground.directory / "log"
        self.settings = {**_SETTINGS, **({} if durable else _CARELESS), **(settings or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.copy(_template(), self.data)

    # Its files.

    def copy(self, source: Path, to: Path) -> None:
        """Copy files or directories, for who it is run as."""
        subprocess.run(["cp", "-a", "--reflink=auto", source, to], check=True, **_somebody())

    def give(self, path: Path, content: bytes | None = None) -> Path:
        """Make a file, or a directory, that only it may read; return its path."""
        if content is None:
            path.mkdir(mode=0o700)
        else:
            path.touch(0o600)
            path.write_bytes(content)
        if who := _somebody():
            os.chown(path, who["user"], who["group"])
        return path

    def admit(self, *rules: str) -> None:
        """Put rules of `pg_hba.conf` before those that are there; it has to be started anew."""
        file = self.data / "pg_hba.conf"
        file.write_text("\n".join([*rules, file.read_text()]))

    # Its life.

    def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it takes connections, if only for reading."""
        assert not self.running
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        where = [f"-D{self.data}", f"-k{self.ground.directory}", f"-p{self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", *where, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                **_somebody(),
            )
        if wait:
            wait_until(self._ready, DEADLINE_S)

    def _ready(self) -> bool:
        assert self.running, self.said
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        ours = lines[0] == str(self.pid)  # the file of one that was killed stays
        return ours and lines[7:] != [] and lines[7].strip() in {"ready", "standby"}

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Shut it down, if it runs."""
        if self.process is not None and self.running:
            self.process.send_signal(_SIGNALS[mode])
            self.process.wait(DEADLINE_S)

    def kill(self) -> None:
        """Kill every process of it at once, as the end of its machine would."""
        assert self.process is not None
        self.process.kill()
        postgres_guard.kill_all(self.data)
        self.process.wait(DEADLINE_S)

    def close(self) -> None:
        """End it, and leave nothing of it."""
        if self.process is not None and self.running:
            self.kill()
        self.ground.close()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self.process is not None
        return self.process.pid

    @property
    def said(self) -> str:
        """What it logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # What is asked of it.

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER, **options: str) -> str:
        """A URL as a user writes it."""
        where = {"host": str(self.ground.directory), "port": str(self.port), **options}
        return f"postgresql://{quote(user)}@/{quote(database)}?{urlencode(where, quote_via=quote)}"

    def database(self) -> str:
        """Make a database that is empty; return its URL."""
        return self.url(self.database_name())

    def database_name(self) -> str:
        """Make a database that is empty; return its name."""
        name = f"db{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def sql(self, statement: str, *values: object, database: str = SUPERUSER) -> list[Any]:
        """Execute a statement by itself, as who may do everything; return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def postgres_server(
    *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server that runs and is the test's own, for what would disturb others."""
    server = Server(durable=durable, settings=settings)
    try:
        server.start()
        yield server
    finally:
        server.close()
