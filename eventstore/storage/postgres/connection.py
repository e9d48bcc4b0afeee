"""A connection to a PostgreSQL server, behind the calls of SQLite's driver.

Statements come with question marks and go with numbers, values and rows in binary. The server
keeps what was prepared. An error is told as `DatabaseError`, whose cause is the driver's own.

It must only be imported where a database is named.
"""

from __future__ import annotations

import logging
import re
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from threading import RLock
from typing import Any, NamedTuple

import psycopg
from psycopg import RawCursor, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import BytesBinaryDumper, StrBinaryDumper

from eventstore.codec import Head
from eventstore.errors import Damaged, Unavailable
from eventstore.storage.engine import DatabaseError, Dialect
from eventstore.storage.location import Database
from eventstore.storage.postgres_errors import passes

OLDEST = 15
"""The oldest version of the server."""
RECONNECT_S = 30.0
"""How long a server may be away; a fail-over takes some seconds."""
PASSES_S = 5.0
"""How long a server may say, to whom has just come, that it cannot at the moment."""
_PAUSE_S, _PAUSE_MAX_S = 0.02, 1.0
_PREPARE_AFTER = 2
_DEFAULTS = {
    "client_encoding": "utf-8",
    "connect_timeout": "5",  # for each address of a URL
    "fallback_application_name": "vxconfigd",
    # A network that was cut is noticed, and not waited for.
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
_SETTINGS = (
    "SELECT set_config('search_path', $1, false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('default_transaction_deferrable', 'off', false),"
    " CASE current_setting('synchronous_commit') WHEN 'off'"
    " THEN set_config('synchronous_commit', 'on', false) END"
)
# What is ignored there is told here.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

_ROLLBACKS = count(1)
_BEGIN = {
    "BEGIN": "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "BEGIN IMMEDIATE": "BEGIN",
}


class _Int8(Int8BinaryDumper):
    """Every number as one of 64 bits: a statement is prepared by the types of its values."""


class _Text(StrBinaryDumper):
    """Every text as one; left to itself the driver says of none what it is."""


_DUMPERS: tuple[tuple[type, Any], ...] = (
    (int, _Int8),
    (bytes, BytesBinaryDumper),
    (bytearray, BytesBinaryDumper),
    (str, _Text),
)


class Session(NamedTuple):
    """Which server, and which process of it, a connection is to."""

    system: int
    pid: int
    began: str


class Patience:
    """Waiting in longer and longer pauses, and not for ever."""

    def __init__(self, limit_s: float) -> None:
        self._until = time.monotonic() + limit_s
        self._pause_s = _PAUSE_S

    def wait(self) -> bool:
        """Wait a while; tell whether it is worth another try."""
        left = self._until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._pause_s, left))
        self._pause_s = min(self._pause_s * 2, _PAUSE_MAX_S)
        return True


class Connection(psycopg.Connection[Any]):
    """A connection that remembers that it was warned."""

    warned = False
    """Since somebody last set this to False."""

    def remember_warnings(self) -> None:
        """Do that from now on."""
        me = weakref.ref(self)

        def note(notice: psycopg.errors.Diagnostic) -> None:
            if notice.severity_nonlocalized == "WARNING" and (one := me()) is not None:
                one.warned = True

        self.add_notice_handler(note)


def conninfo(url: str) -> str:
    """Return what libpq is given: a URL, and our defaults where it says nothing.

    Raises:
        psycopg.ProgrammingError: it is none.
    """
    given = conninfo_to_dict(url)
    return make_conninfo(url, **_DEFAULTS | {k: str(v) for k, v in given.items()})


def connect(location: Database, *, plain: bool = False) -> Connection:
    """Return a connection to a store's database that looks into its schema.

    `plain` for who brings statements of another form than ours.

    Raises:
        psycopg.Error: it cannot be had.
        Unavailable: the server is too old.
    """
    connection = Connection.connect(
        conninfo(location.url),
        autocommit=True,
        prepare_threshold=_PREPARE_AFTER,
        cursor_factory=psycopg.Cursor if plain else RawCursor,
    )
    try:
        _check_version(location, connection.info.server_version)
        if not plain:
            for kind, dumper in _DUMPERS:
                connection.adapters.register_dumper(kind, dumper)
        connection.remember_warnings()
        RawCursor(connection).execute(_SETTINGS, (quoted(location.schema),))
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(location: Database, version: int) -> None:
    if version < OLDEST * 10_000:
        raise Unavailable(
            "V-5-1-9153",
            f"the server of {location} is too old",
            cause=f"it is PostgreSQL {version // 10_000}",
            fix=f"name a server of PostgreSQL {OLDEST} or later",
        )


def quoted(name: str) -> str:
    """Return a name as a statement has it."""
    return '"' + name.replace('"', '""') + '"'


def session_of(connection: psycopg.Connection[Any]) -> Session:
    """Return which server and which process of it a connection is to."""
    row = connection.execute(
        "SELECT s.system_identifier, a.pid::int8, a.backend_start::text "
        "FROM pg_control_system() s, pg_stat_activity a WHERE a.pid = pg_backend_pid()",
        binary=True,
    ).fetchone()
    assert row is not None
    return Session(*row)


def fell_back(log: str, position: int, durable: Head) -> Damaged:
    """Return the error for a server that has less than it acknowledged."""
    return Damaged(
        f"log {log}: the database has not what it acknowledged: it ends @{position}, and "
        f"@{durable.position} was stored",
        position=min(position, durable.position) + 1,
        cause="it was restored from a backup, or a standby took over that lacked the end",
    )


def roll_back(connection: psycopg.Connection[Any]) -> None:
    """End a transaction that came to nothing, and have all statements prepared anew.

    The driver holds some for prepared that were behind the error. It forgets them at a rollback
    whose text it has not seen before.
    """
    connection.execute(f"ROLLBACK -- {next(_ROLLBACKS)}")


@lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """Return a statement with a numbered place for each question mark."""
    if sql in _BEGIN:
        return _BEGIN[sql]
    numbers = count(1)
    return re.sub(r"\?", lambda _mark: f"${next(numbers)}", sql)


@contextmanager
def told() -> Iterator[None]:
    """Tell the driver's errors as every engine's are."""
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(str(error).strip()) from error


class _Later:
    """The rows of a statement whose answer was not fetched yet."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def fetchone(self) -> Any:
        with told():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with told():
            found: list[Any] = self._cursor.fetchall()
            return found

    def fetchmany(self, size: int) -> list[Any]:
        with told():
            found: list[Any] = self._cursor.fetchmany(size)
            return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    @property
    def rowcount(self) -> int:
        with told():
            with suppress(psycopg.ProgrammingError):  # it has no rows, but we have waited
                self._cursor.fetchone()
            found: int = self._cursor.rowcount
            return found


class PostgresDriver:
    """One held connection, for one thread at a time; others wait for it.

    With patience it connects again where nothing hangs on its being the same connection.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, connect_: Callable[[], Connection], *, patience_s: float = 0.0) -> None:
        self._connect = connect_
        self._patience_s = patience_s
        self.lock = RLock()
        self.held = False
        """Whether what runs hangs on its being this very connection."""
        with told():
            self.connection = self._patiently(PASSES_S, away=False)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        return self.connection.info.transaction_status != pq.TransactionStatus.IDLE

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Later:
        """Run a statement; return a cursor over its rows."""
        with self.lock, told():
            if not self.held:
                self.alive()  # it may have gone while it was held
            held = self.held or self.in_transaction
            try:
                return self._run(sql, parameters)
            except psycopg.OperationalError:
                if held or not self._patience_s or not self.connection.closed:
                    raise
            self._revive()
            return self._run(sql, parameters)

    def _run(self, sql: str, parameters: Sequence[Any]) -> _Later:
        cursor = self.connection.cursor(binary=True)
        cursor.execute(numbered(sql), parameters or None)
        return _Later(cursor)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        """Run a statement for each row of values."""
        with self.lock, told():
            self.connection.cursor().executemany(numbered(sql), list(parameters))

    def alive(self) -> None:
        """Connect again if the connection is known to be gone."""
        if self._patience_s and self.connection.closed:
            self._revive()

    def _revive(self) -> None:
        self.connection = self._patiently(self._patience_s, away=True)

    def _patiently(self, limit_s: float, *, away: bool) -> Connection:
        patience = Patience(limit_s)
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError as error:
                if not passes(error, away=away) or not patience.wait():
                    raise

    def close(self) -> None:
        """Let go of the server."""
        self.connection.close()
