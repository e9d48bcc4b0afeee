"""The faults that tests inflict on real servers: each is what it says, and heals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors

from tests.support.faults import needs_mount
from tests.support.networks import SERVER_ADDRESS, Cable, cable, needs_networks
from tests.support.postgres_pair import Pair, postgres_pair
from tests.support.postgres_server import DEADLINE_S, Server, postgres_server
from tests.support.postgres_tls import TlsServer, postgres_tls
from tests.support.postgres_wire import Wire, wire_to
from tests.support.small_disks import small_disk

pytestmark = pytest.mark.integration

INSERT = "INSERT INTO t VALUES (1)"
COUNT = "SELECT count(*) FROM t"


@pytest.fixture
def pair() -> Iterator[Pair]:
    with postgres_pair(durable=False) as one:
        yield one


def test_a_standby_has_what_was_acknowledged_takes_over_and_is_seeded_anew(pair: Pair) -> None:
    with psycopg.connect(pair.url()) as connection:
        connection.execute("CREATE TABLE t (x int)")
        connection.execute(INSERT)
    for expected in (2, 3):
        pair.primary.kill()
        pair.promote()
        pair.seed()
        with psycopg.connect(pair.url()) as connection:
            connection.execute(INSERT)
            assert connection.execute(COUNT).fetchone() == (expected,)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with postgres_tls(tmp_path_factory.mktemp("tls")) as server:
        server.sql("CREATE ROLE vx LOGIN PASSWORD 'right'")
        yield server


def test_a_tls_server_is_verified_in_full(tls: TlsServer) -> None:
    with psycopg.connect(tls.tls_url("postgres", "vx", "right")) as connection:
        assert connection.pgconn.ssl_in_use


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"host": "elsewhere.test"}, "does not match host name"),
        ({"sslrootcert": "other"}, "certificate verify failed"),
        ({"sslmode": "disable"}, "no pg_hba.conf entry|pg_hba.conf rejects"),
        ({"password": "wrong"}, "password authentication failed"),
    ],
)
def test_what_is_not_right_over_tls_is_refused(
    options: dict[str, str], said: str, tls: TlsServer
) -> None:
    given = {k: str(tls.other_authority) if v == "other" else v for k, v in options.items()}
    password = given.pop("password", "right")
    with pytest.raises(psycopg.OperationalError, match=said):
        psycopg.connect(tls.tls_url("postgres", "vx", password, **given))


@pytest.fixture
def wire(own_postgres: Server) -> Iterator[Wire]:
    own_postgres.sql("CREATE TABLE t (x int)")
    with wire_to(own_postgres) as way:
        yield way


def test_a_wire_that_stalls_delivers_later(wire: Wire, own_postgres: Server) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(wire.url("postgres"), autocommit=True) as connection,
    ):
        wire.stall()
        inserting = pool.submit(connection.execute, INSERT)
        assert own_postgres.sql(COUNT) == [(0,)]
        wire.flow()
        inserting.result(DEADLINE_S)
    assert own_postgres.sql(COUNT) == [(1,)]


@pytest.mark.parametrize(
    ("lost", "rows"), [("lose_request", 0), ("lose_half", 0), ("lose_answer", 1)]
)
def test_a_wire_loses_a_commit_before_or_after_it_is_done(
    lost: str, rows: int, wire: Wire, own_postgres: Server
) -> None:
    with psycopg.connect(wire.url("postgres")) as connection:
        connection.execute(INSERT)
        setattr(wire, lost, b"COMMIT")
        with pytest.raises(psycopg.OperationalError):
            connection.commit()
    assert wire.lost.is_set()
    assert own_postgres.sql(COUNT) == [(rows,)]


def test_a_server_can_pass_for_an_older_one(wire: Wire) -> None:
    wire.rewrite = {b"server_version\x0015": b"server_version\x0014"}
    with psycopg.connect(wire.url("postgres")) as connection:
        assert connection.info.server_version // 10000 == 14


@pytest.fixture
def joined() -> Iterator[Cable]:
    with cable() as one:
        yield one


@needs_networks
def test_a_cable_that_is_cut_is_told_by_the_kernels_timers_only(joined: Cable) -> None:
    server = Server(settings={"listen_addresses": "*"})
    try:
        server.admit("host all all all trust")
        with joined.on_server():
            server.start()
        url = server.url(host=SERVER_ADDRESS, tcp_user_timeout="300")
        with joined.on_client():
            connection = psycopg.connect(url)
            joined.cut()
            with pytest.raises(psycopg.OperationalError, match="timed out"):
                connection.execute("SELECT 1")
            joined.mend()
            with psycopg.connect(url) as again:
                assert again.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.close()


@needs_mount
def test_a_disk_of_the_server_fills_and_grows(own_postgres: Server) -> None:
    where = own_postgres.give(own_postgres.ground.directory / "small")
    with small_disk(where, mib=1) as disk:
        own_postgres.sql(f"CREATE TABLESPACE small LOCATION '{where}'")
        own_postgres.sql("CREATE TABLE t (x text) TABLESPACE small")
        fill = "INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 2000)"
        with pytest.raises(errors.DiskFull):
            own_postgres.sql(fill)
        disk.grow(mib=8)
        own_postgres.sql(fill)
        own_postgres.sql("DROP TABLE t")


def test_connections_run_out() -> None:
    few = {"max_connections": "2", "superuser_reserved_connections": "0"}
    with (
        postgres_server(settings={**few, "max_wal_senders": "0"}) as server,
        psycopg.connect(server.url()),
        psycopg.connect(server.url()),
        pytest.raises(psycopg.OperationalError, match="too many clients"),
    ):
        psycopg.connect(server.url())


def test_a_server_in_recovery_takes_no_connection() -> None:
    server = Server(settings={"hot_standby": "off"})
    try:
        server.give(server.data / "standby.signal", b"")
        server.start()
        with pytest.raises(psycopg.OperationalError, match="not accepting connections"):
            psycopg.connect(server.url())
    finally:
        server.close()
