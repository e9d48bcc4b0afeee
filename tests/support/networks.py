"""Two hosts of a test, in network namespaces of the kernel, with a cable that can be cut.

A cut is what no proxy shows: packets vanish, nothing is acknowledged, and only the kernel's own
timers can tell. Namespaces belong to threads: what a thread starts while it is on a host, threads
and processes too, is on that host. They are held by descriptors only, so nothing outlives a test.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

SERVER_ADDRESS = "10.99.0.1"
CLIENT_ADDRESS = "10.99.0.2"

_NEW_NETWORK = 0x40000000
_HERE = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)

needs_networks = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and ip"
)


class Cable:
    """The two hosts, `server` and `client`, and what joins them."""

    def __init__(self) -> None:
        self.server = _new_network()
        self.client = _new_network()
        with self.on_server():
            peer = f"/proc/{os.getpid()}/fd/{self.client}"
            _ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", peer)
            _set_up(SERVER_ADDRESS)
        with self.on_client():
            _set_up(CLIENT_ADDRESS)

    @contextmanager
    def on_server(self) -> Iterator[None]:
        """This thread is on the server's host meanwhile."""
        with _on(self.server):
            yield

    @contextmanager
    def on_client(self) -> Iterator[None]:
        """This thread is on the client's host meanwhile."""
        with _on(self.client):
            yield

    def cut(self) -> None:
        """From now on packets vanish."""
        with self.on_server():
            _ip("link", "set", "cable", "down")

    def mend(self) -> None:
        with self.on_server():
            _ip("link", "set", "cable", "up")

    def close(self) -> None:
        os.close(self.server)
        os.close(self.client)


def _set_up(address: str) -> None:
    _ip("link", "set", "lo", "up")
    _ip("address", "add", f"{address}/24", "dev", "cable")
    _ip("link", "set", "cable", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _new_network() -> int:
    """Return a descriptor of a namespace of its own."""
    with _coming_back():
        _check(_libc.unshare(_NEW_NETWORK))
        return os.open(_HERE, os.O_RDONLY)


@contextmanager
def _on(network: int) -> Iterator[None]:
    with _coming_back():
        _check(_libc.setns(network, _NEW_NETWORK))
        yield


@contextmanager
def _coming_back() -> Iterator[None]:
    here = os.open(_HERE, os.O_RDONLY)
    try:
        yield
    finally:
        _check(_libc.setns(here, _NEW_NETWORK))
        os.close(here)


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def cable() -> Iterator[Cable]:
    """Two hosts that reach each other."""
    joined = Cable()
    try:
        yield joined
    finally:
        joined.close()
