"""What a service manager is told."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.shell.notify import notify


@pytest.fixture
def manager() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.settimeout(10)
        yield found


def test_fields_go_to_the_managers_socket(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.bind(str(tmp_path / "n"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
    notify(READY="1", STATUS="head @7")
    assert manager.recv(100) == b"READY=1\nSTATUS=head @7"


def test_an_abstract_socket_will_do(
    manager: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.bind(f"\0{tmp_path}")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{tmp_path}")
    notify(STOPPING="1")
    assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket", "/" + "x" * 200])
def test_a_manager_that_is_not_there_harms_nobody(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify(READY="1")
