"""Imports that the import contracts cannot see."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import daemon
from daemon.wire.frames import FrameReader, pack_message
from tests.tidy import rules

GROUP = {"type": "dg", "rid": "DG1#0", "name": "datadg", "dgid": "DG1", "base_minor": None}
ANSWER = {
    "ok": True,
    "log": "node/node1",
    "cluster": "c",
    "position": 1,
    "at": "2026-01-01T00:00:00.000000Z",
    "resolved": None,
    "notes": [],
    "data": {"groups": [{"dg": {**GROUP, "nconfig": None, "nlog": None}, "records": []}]},
}
SLOW_TO_LOAD = {
    "alembic",
    "asyncio",
    "click",
    "eventstore",
    "msgspec",
    "pydantic",
    "pysqlite3",
    "rich",
    "sqlalchemy",
    "structlog",
    "typer",
}


def test_nobody_imports_click() -> None:
    # typer carries its own; an error of the other one would end as exit 1 with nothing printed.
    found = [
        path
        for path in rules.python_files(*rules.LIBRARY, "tests")
        if "click" in rules.imports(path.read_text())
    ]
    assert found == []


def test_a_planted_import_is_found_wherever_it_stands() -> None:
    planted = "def late() -> None:\n    from click.core import Context\n    import typer as t\n"
    assert rules.imports(planted) == {"click", "typer"}


def test_daemon_is_ours() -> None:
    # python-daemon installs a top-level package of the same name.
    assert daemon.__file__ == str(rules.ROOT / "daemon" / "__init__.py")


def test_asking_the_daemon_loads_nothing_slow() -> None:
    assert rules.loaded_by("import daemon.client") & SLOW_TO_LOAD == set()


@contextmanager
def _daemon_that_answers(path: Path, answer: object) -> Iterator[None]:
    """A socket at `path` that answers the first question it is asked."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            reader = FrameReader()
            while not reader.feed(connection.recv(4096)):
                pass
            connection.sendall(pack_message(answer))

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(60)
        server = threading.Thread(target=serve)
        server.start()
        yield
        server.join()


def test_vxprint_of_a_group_loads_nothing_slow(tmp_path: Path) -> None:
    path = tmp_path / "s"
    line = ["vxprint", "-g", "datadg", "--socket", str(path)]
    with _daemon_that_answers(path, ANSWER):
        loaded = rules.loaded_by("from cli.main import main", f"assert main({line!r}) == 0")
    assert "cli" in loaded
    assert loaded & SLOW_TO_LOAD == set()


def test_a_daemon_loads_what_makes_certificates_only_when_it_has_to() -> None:
    loaded = rules.loaded_by("import daemon.__main__, daemon.shell.peers")
    assert "daemon" in loaded
    assert "cryptography" not in loaded


def test_a_planted_slow_import_is_found_behind_another() -> None:
    assert rules.loaded_by("import alembic.config") & SLOW_TO_LOAD >= {"alembic", "sqlalchemy"}
