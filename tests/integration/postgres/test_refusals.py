"""What a server can refuse: each has a name and a way out, and nothing is half done."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from eventstore.codec import Commit
from eventstore.errors import AppendFailed, StoreError
from eventstore.storage import postgres_errors
from tests.support.faults import needs_mount
from tests.support.postgres_load import opened
from tests.support.postgres_pair import postgres_pair
from tests.support.postgres_server import Server, postgres_server
from tests.support.postgres_tls import TlsServer, postgres_tls
from tests.support.postgres_wire import wire_to
from tests.support.small_disks import small_disk
from tests.support.stores import note

pytestmark = pytest.mark.integration


def refused(url: str) -> StoreError:
    """Return why a store cannot be opened; what is secret is in no part of it."""
    with pytest.raises(StoreError) as found:
        opened(url).close()
    assert found.value.fix
    assert found.value.cause
    assert "secret" not in f"{found.value.message} {found.value.cause} {found.value.fix}"
    return found.value


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with postgres_tls(tmp_path_factory.mktemp("tls")) as server:
        server.sql("CREATE ROLE vx LOGIN PASSWORD 'secret'")
        server.sql("CREATE ROLE few LOGIN PASSWORD 'secret' CONNECTION LIMIT 0")
        server.sql("CREATE DATABASE closed")
        server.sql("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        yield server


@pytest.mark.parametrize(
    ("wrong", "id_", "said"),
    [
        ({"password": "secretly"}, "V-5-1-9167", "password authentication failed"),
        ({"user": "nobody"}, "V-5-1-9167", "authentication failed"),
        ({"sslmode": "disable", "password": "secret"}, "V-5-1-9167", "pg_hba.conf"),
        ({"database": "none"}, "V-5-1-9168", '"none" does not exist'),
        ({"database": "closed"}, "V-5-1-9169", "permission denied"),
        ({}, "V-5-1-9152", "permission denied"),
        ({"host": "elsewhere.test"}, "V-5-1-9170", "does not match host name"),
        ({"sslrootcert": "other"}, "V-5-1-9170", "certificate verify failed"),
        ({"sslrootcert": "/none"}, "V-5-1-9170", 'file "/none" does not exist'),
        ({"sslmode": "perhaps"}, "V-5-1-9171", "perhaps"),
        ({"nonsense": "1"}, "V-5-1-9171", "nonsense"),
        ({"options": "-c nonsense=1"}, "V-5-1-9171", "nonsense"),
        ({"connect_timeout": "soon"}, "V-5-1-9171", "soon"),
        ({"port": "1"}, "V-5-1-9177", "Connection refused"),
        ({"hostaddr": "", "host": "/none"}, "V-5-1-9177", "No such file or directory"),
        ({"hostaddr": "", "host": "none.invalid"}, "V-5-1-9177", "none.invalid"),
    ],
)
def test_what_is_wrong_in_a_url_is_named(
    wrong: dict[str, str], id_: str, said: str, tls: TlsServer
) -> None:
    given = {k: str(tls.other_authority) if v == "other" else v for k, v in wrong.items()}
    database, user = given.pop("database", "postgres"), given.pop("user", "vx")
    error = refused(tls.tls_url(database, user, given.pop("password", "secret"), **given))
    assert (error.id, said in str(error.cause)) == (id_, True), error.cause


def test_a_server_that_is_too_old_is_named(postgres: Server) -> None:
    with wire_to(postgres) as wire:
        wire.rewrite = {b"server_version\x0015": b"server_version\x0014"}
        error = refused(wire.url(postgres.database_name()))
    assert error.cause is not None
    assert "PostgreSQL 14" in error.cause


def test_another_program_at_the_address_is_named(postgres: Server) -> None:
    with wire_to(postgres) as wire:
        wire.rewrite = {b"R\x00": b"H\x00"}
        error = refused(wire.url("postgres", connect_timeout="2"))
    assert error.id == "V-5-1-9177"


def test_a_server_that_never_answers_is_named(postgres: Server) -> None:
    with wire_to(postgres) as wire:
        wire.stall()
        error = refused(wire.url("postgres", connect_timeout="1"))
        wire.flow()
    assert (error.id, error.cause) == ("V-5-1-9177", "connection timeout expired")


FEW = {"max_connections": "4", "superuser_reserved_connections": "0", "max_wal_senders": "0"}


@pytest.mark.long
def test_too_many_connections_are_named_and_waited_for() -> None:
    with postgres_server(settings=FEW) as server:
        pool = ExitStack()
        for _ in range(4):
            pool.enter_context(psycopg.connect(server.url()))
        assert refused(server.url()).id == "V-5-1-9173"
        leaving = threading.Timer(0.2, pool.close)
        leaving.start()
        opened(server.url()).close()
        leaving.join()


@pytest.mark.long
def test_a_server_that_follows_another_one_is_named() -> None:
    with postgres_pair(durable=False) as pair:
        error = refused(pair.standby.url())
        assert error.id == "V-5-1-9175"
        assert refused(pair.standby.url(target_session_attrs="read-write")).id == "V-5-1-9175"


@pytest.mark.long
def test_a_server_that_recovers_is_named() -> None:
    server = Server(settings={"hot_standby": "off"})
    try:
        server.give(server.data / "standby.signal", b"")
        server.start()
        assert refused(server.url()).id == "V-5-1-9175"
    finally:
        server.close()


# What goes wrong under a store that is open.


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_a_statement_that_takes_too_long_is_named_and_nothing_of_it_is_done(
    limit: str, postgres: Server
) -> None:
    name = postgres.database_name()
    url = postgres.url(name, options=f"-c {limit}=200")
    with opened(url) as store, psycopg.connect(postgres.url(name)) as other:
        first = store.append([note("first")])
        other.execute("UPDATE vxconfigd.heads SET mark = 0")
        with pytest.raises(AppendFailed) as found:
            store.append([note("second")])
        assert found.value.id == "V-5-1-9174"
        other.rollback()
    with opened(url) as again:
        assert list(again.logs["node"].commits()) == first


def test_rights_that_are_taken_away_are_named_and_nothing_is_half_done(postgres: Server) -> None:
    name = postgres.database_name()
    opened(postgres.url(name)).close()
    for statement in (
        f"CREATE ROLE of_{name} LOGIN",
        f"GRANT USAGE ON SCHEMA vxconfigd TO of_{name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vxconfigd TO of_{name}",
    ):
        postgres.sql(statement, database=name)
    url = postgres.url(name, f"of_{name}")
    with opened(url) as store:
        first = store.append([note("first")])
        postgres.sql(f"REVOKE INSERT ON vxconfigd.node_commits FROM of_{name}", database=name)
        with pytest.raises(AppendFailed) as found:
            store.append([note("second")], new_hard_state=b"second")
        assert found.value.id == "V-5-1-9169"
    with opened(url) as again:
        assert list(again.logs["node"].commits()) == first
        assert again.hard_state() is None


@pytest.mark.parametrize(
    ("statement", "id_"),
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", "V-5-1-9176"),
        ("SELECT 1 / 0", "V-5-1-9178"),
    ],
)
def test_what_ends_a_connection_is_named_and_what_is_in_no_entry_is_told_in_its_words(
    statement: str, id_: str, postgres: Server
) -> None:
    with pytest.raises(psycopg.Error) as found:
        postgres.sql(statement)
    error = postgres_errors.refused("store", found.value)
    assert (error.id, error.cause) == (id_, str(found.value))


@needs_mount
def test_a_full_disk_of_the_server_is_named_and_goes_on_when_there_is_room(
    own_postgres: Server,
) -> None:
    where = own_postgres.give(own_postgres.ground.directory / "small")
    with small_disk(where, mib=16) as disk:
        own_postgres.sql(f"CREATE TABLESPACE small LOCATION '{where}'")
        own_postgres.sql("CREATE DATABASE d TABLESPACE small TEMPLATE template0")
        url = own_postgres.url("d")
        store = opened(url)
        stored: list[Commit] = []
        own, error = random.Random(1), None
        while error is None:
            try:
                stored += store.append([note(own.randbytes(50_000).hex())])
            except AppendFailed as refused_:
                error = refused_
        store.close()
        assert error.id == "V-5-1-9172"
        disk.grow(mib=64)
        with opened(url) as again:
            assert list(again.logs["node"].commits()) == stored
            again.append([note("more")])
        own_postgres.sql("DROP DATABASE d")
