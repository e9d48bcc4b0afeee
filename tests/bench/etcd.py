"""etcd as a peer: where its programs are, its servers on loopback, and what is asked of them.

Debian's packages are taken where they are installed; else they are unpacked below `build`, and
nothing is installed. Without either the rows that need it are left out, and the report says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter

from tests.bench import http2
from tests.bench.http2 import field, fields

PACKAGES = ("etcd-server", "etcd-client")
ELECTION_MS = 200
TUNED = ("--heartbeat-interval", "20", "--election-timeout", str(ELECTION_MS))
PUT = "/etcdserverpb.KV/Put"
KEYS = 1000
DEADLINE_S = 120.0
_RANGE = "/etcdserverpb.KV/Range"
_STATUS = "/etcdserverpb.Maintenance/Status"
_UNPACKED = Path("build/etcd")
_QUOTA_BYTES = 8 << 30
_ANYWHERE = {"ETCD_UNSUPPORTED_ARCH": "arm64"}
"""Without it 3.4 refuses to start where it was tested less."""


@cache
def program(name: str) -> str | None:
    """Where `etcd` or `etcdctl` is; None if it is nowhere, and cannot be had."""
    there = shutil.which(name) or shutil.which(name, path=str(_UNPACKED / "usr/bin"))
    if there is None and _unpack():
        there = shutil.which(name, path=str(_UNPACKED / "usr/bin"))
    return there and str(Path(there).absolute())


@cache
def _unpack() -> bool:
    """Let apt bring the packages, and unpack them."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return False
    _UNPACKED.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(
        ["apt-get", "download", *PACKAGES], cwd=_UNPACKED, capture_output=True, check=False
    )
    for package in _UNPACKED.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, _UNPACKED], check=True)
    return got.returncode == 0


def is_missing() -> bool:
    """Whether there is no etcd here; says so."""
    missing = program("etcd") is None or program("etcdctl") is None
    if missing:
        print(
            f"  no etcd here: left out (fix: apt-get install {' '.join(PACKAGES)})",
            file=sys.stderr,
        )
    return missing


@cache
def version() -> str:
    """Return what the server says it is."""
    said = subprocess.run([_etcd(), "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split("\n", 1)[0].removeprefix("etcd Version: ")


def _etcd() -> str:
    there = program("etcd")
    assert there is not None
    return there


def key(number: int) -> bytes:
    return b"/datadg/vol%04d/comment" % (number % KEYS)


def put(number: int, value: bytes) -> bytes:
    """Return the message that puts a value to one of the keys."""
    return field(1, key(number)) + field(2, value)


class Server:
    """One server, of a cluster of its own or with others."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self._directory = directory / name
        self.target, self.peer = (f"127.0.0.1:{_free_port()}" for _ in range(2))
        self._process: subprocess.Popen[bytes] | None = None
        self.arguments: Sequence[str] = ()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def size(self) -> int:
        """Return the bytes of its files."""
        return sum(path.stat().st_blocks * 512 for path in self._directory.rglob("*"))

    def start(self) -> None:
        with self._directory.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _etcd(), "--name", self.name, "--data-dir", self._directory,
                    "--listen-client-urls", f"http://{self.target}",
                    "--advertise-client-urls", f"http://{self.target}",
                    "--listen-peer-urls", f"http://{self.peer}",
                    "--initial-advertise-peer-urls", f"http://{self.peer}",
                    "--logger", "zap", "--log-level", "warn",
                    "--quota-backend-bytes", str(_QUOTA_BYTES), *self.arguments,
                ],
                stdout=log, stderr=log, env={**os.environ, **_ANYWHERE},
            )  # fmt: skip

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(DEADLINE_S)
            self._process = None

    def connect(self) -> http2.Connection:
        return http2.Connection(self.target)

    def wait(self) -> None:
        """Return when it has answered a linearizable read."""
        begin = perf_counter()
        while perf_counter() - begin < DEADLINE_S:
            try:
                connection = self.connect()
            except OSError:
                continue
            try:
                connection.ask(_RANGE, field(1, key(0)), timeout_s=2)
            except (OSError, http2.Refused):
                continue
            else:
                return
            finally:
                connection.close()
        raise TimeoutError(f"etcd at {self.target} does not serve")

    def is_leader(self) -> bool:
        connection = self.connect()
        try:
            status = fields(connection.ask(_STATUS, b"", timeout_s=2))
        finally:
            connection.close()
        header = status[1]
        assert isinstance(header, bytes)
        return fields(header).get(2) == status.get(4)

    def ctl(self, *words: str) -> list[str]:
        """Return the command that asks this server."""
        ctl = program("etcdctl")
        assert ctl is not None
        return [ctl, f"--endpoints={self.target}", *words]


@contextmanager
def servers(directory: Path, count: int, *more: str) -> Iterator[list[Server]]:
    """Run a cluster of so many servers, each with `more` arguments."""
    directory.mkdir(parents=True, exist_ok=True)
    made = [Server(directory, f"etcd{number}") for number in range(count)]
    cluster = ",".join(f"{one.name}=http://{one.peer}" for one in made)
    try:
        for one in made:
            one.arguments = ("--initial-cluster", cluster, *more)
            one.start()
        for one in made:
            one.wait()
        yield made
    finally:
        for one in made:
            one.kill()


def leader_of(made: Sequence[Server]) -> Server:
    """Return the server that leads; there is one in a while."""
    begin = perf_counter()
    while perf_counter() - begin < DEADLINE_S:
        for one in made:
            if one.is_leader():
                return one
    raise TimeoutError("no leader")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
