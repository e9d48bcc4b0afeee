"""The servers that tests start: what they promise the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres_server
from tests.support.postgres_guard import working_in
from tests.support.postgres_server import Ground, Server, require_postgres
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


def test_a_database_is_fresh(postgres: Server) -> None:
    one, other = postgres.database(), postgres.database()
    with psycopg.connect(one) as connection:
        connection.execute("CREATE TABLE t (x int)")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


@pytest.mark.parametrize("end", [Server.kill, Server.stop])
def test_what_was_committed_outlives_the_end_of_a_server(
    end: object, own_postgres: Server
) -> None:
    assert callable(end)
    own_postgres.sql("CREATE TABLE t AS SELECT 1 AS x")
    end(own_postgres)
    assert not working_in(own_postgres.data)
    own_postgres.start()
    assert own_postgres.sql("SELECT x FROM t") == [(1,)]


def test_a_test_that_is_killed_leaves_neither_processes_nor_files() -> None:
    require_postgres()
    program = (
        "from tests.support.postgres_server import Server; s = Server(); s.start();"
        "print(s.ground.directory, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as killed:
        assert killed.stdout is not None
        ground = Path(killed.stdout.readline().strip())
        assert working_in(ground)
        killed.kill()
    wait_until(lambda: not ground.exists())
    assert not working_in(ground)


def test_a_ground_that_is_closed_is_gone() -> None:
    ground = Ground()
    ground.close()
    assert not ground.directory.exists()


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip), ("1", pytest.fail)])
def test_without_postgresql_tests_skip_or_fail_where_it_must_be_there(
    required: str, outcome: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(postgres_server.REQUIRED, required)
    monkeypatch.setattr(postgres_server, "binaries", lambda: None)
    expected = getattr(outcome, "Exception")  # noqa: B009 pytest adds it, its types do not
    with pytest.raises(expected, match="needs the server programs of PostgreSQL 15 or later"):
        require_postgres()
