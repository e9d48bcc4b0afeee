"""What can go wrong between a store and a PostgreSQL server, and the way out: one table.

A server says what is wrong by a code (SQLSTATE). Whoever is refused before being connected gets
words only, from libpq or the server: they are looked up among the phrases of each entry, in the
table's order, and the words themselves are always the cause that is told. Nothing here decides
what became of a transaction (`eventstore.storage.postgres.lost`).

It must not import the driver: that costs every process that has no database a tenth of a second.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import NamedTuple

from eventstore.errors import (
    AppendFailed,
    Damaged,
    NotFound,
    NotPermitted,
    Rejected,
    StoreError,
    Unavailable,
)


class Refusal(NamedTuple):
    """One thing that can be wrong; `said` is what is true.

    `codes` are SQLSTATEs, or how they begin; `phrases` are regular expressions. `waits`: it passes
    by itself, so that trying again helps; `away`: nobody is there to say anything, which may pass.
    """

    id: str
    kind: type[StoreError]
    said: str
    fix: str
    codes: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    waits: bool = False
    away: bool = False


MAY_NOT = "V-5-1-9169"
TABLE = (
    Refusal(
        "V-5-1-9167",
        NotPermitted,
        "the server does not let this user in",
        "see to the user's name, to the password (`passfile`, or PGPASSWORD in the daemon's "
        "environment), to `sslmode`, and to pg_hba.conf on the server",
        ("28",),
        (
            "password authentication failed",
            "no password supplied",
            r"pg_hba\.conf",
            "authentication failed for user",
            'role ".*" does not exist',
            "is not permitted to log in",
            "certificate authentication failed",
        ),
    ),
    Refusal(
        "V-5-1-9168",
        NotFound,
        "there is no such database on the server",
        "see to its name in the URL, or have it made: createdb NAME",
        ("3D000",),
        ('database ".*" does not exist',),
    ),
    Refusal(
        MAY_NOT,
        NotPermitted,
        "the user may not do what the store needs",
        "as the owner of the schema: 'vx store migrate URL --grant ROLE'",
        ("42501",),
        ("permission denied",),
    ),
    Refusal(
        "V-5-1-9170",
        Unavailable,
        "the server does not prove over TLS that it is the one that is named",
        "see to the host's name in the URL, to `sslrootcert`, and to the server's certificate; "
        "a weaker `sslmode` would talk to anybody",
        (),
        (
            "certificate",
            "SSL error",
            "does not support SSL",
            "SSL connection",
            "SSL SYSCALL",
            "SSL negotiation",
        ),
    ),
    Refusal(
        "V-5-1-9171",
        Rejected,
        "the URL has something in it that means nothing",
        "postgresql://USER@HOST:PORT/DATABASE?schema=NAME, then libpq's parameters, each with %20 "
        "and the like for what is no letter or digit",
        (),
        (
            r"\binvalid \w",
            "bad value for",
            "unrecognized configuration parameter",
            "missing key/value",
        ),
    ),
    Refusal(
        "V-5-1-9172",
        Unavailable,
        "the server has no room left",
        "make room on the server's disk, or raise what limits it; nothing was changed, and what "
        "waits goes on by itself",
        ("53100", "53200", "53400"),
    ),
    Refusal(
        "V-5-1-9173",
        Unavailable,
        "the server has no connection left",
        "raise max_connections, or the limit of this role or database, or end what holds so many: "
        "SELECT * FROM pg_stat_activity",
        ("53300",),
        ("too many clients", "too many connections", "remaining connection slots"),
        waits=True,
    ),
    Refusal(
        "V-5-1-9174",
        Unavailable,
        "the server stopped a statement that took too long",
        "see what holds it up (pg_stat_activity, pg_locks), or raise statement_timeout and "
        "lock_timeout for this role; nothing was changed",
        ("57014", "55P03", "25P03", "25P04"),
    ),
    Refusal(
        "V-5-1-9175",
        Unavailable,
        "the server takes no changes now: it starts, stops, or follows another one",
        "wait until it has, or name every server of the database in the URL, with "
        "target_session_attrs=read-write",
        ("57P03", "25006"),
        (
            "the database system is",
            "session is read-only",
            "server is in hot standby mode",
            "server is not in hot standby mode",
        ),
        waits=True,
    ),
    Refusal(
        "V-5-1-9176",
        Unavailable,
        "the connection to the server was lost",
        "see that the server runs and what its log says; the connection is made again by itself",
        ("57P01", "57P02", "57P05", "08"),
        ("server closed the connection", "Connection reset", "connection is closed", "terminat"),
        away=True,
    ),
    Refusal(
        "V-5-1-9177",
        Unavailable,
        "no PostgreSQL server answers",
        "see to host and port in the URL, that the server runs and listens there, and that "
        "nothing between drops what is sent",
        (),
        (
            "Connection refused",
            "No such file or directory",
            "timeout expired",
            "timed out",
            "No route to host",
            "Network is unreachable",
            "Permission denied",
            "failed to resolve host",
            "could not translate host name",
            "but received",
            "could not connect",
            "could not send",
            "could not receive",
        ),
        away=True,
    ),
)
"""In the order in which phrases are looked for: of several hosts each says something."""

OTHER = Refusal(
    "V-5-1-9178",
    Unavailable,
    "the server refused",
    "look at the server's log; nothing was changed",
    (),
)
"""What is in no entry."""

_DAMAGE = ("42P01", "42703", "XX001", "XX002")
"""A table or column that is not there; a page that is not what was written."""


def require_driver() -> None:
    """Make sure that the driver can be imported.

    Raises:
        Unavailable: the extra that brings it is not installed.

    """
    if find_spec("psycopg") is None:
        raise Unavailable(
            "V-5-1-9166",
            "the PostgreSQL driver is not installed",
            cause="it is needed where a log or an archive is in a database, and is an extra",
            fix="pip install 'vxconfigd[postgres]'",
        )


def refusal_of(error: BaseException) -> Refusal:
    """Return what an error of the driver, or one that it caused, is about."""
    code, words = _told(error)
    if code is not None:
        found = [entry for entry in TABLE if code.startswith(entry.codes)]
    else:
        found = [entry for entry in TABLE if any(re.search(one, words) for one in entry.phrases)]
    return found[0] if found else OTHER


def refused(what: str, error: BaseException) -> StoreError:
    """Return our error for one of the driver's; `what` begins the message, without secrets."""
    code, words = _told(error)
    if code is not None and code.startswith(_DAMAGE):
        return Damaged(f"{what}: store damaged", cause=words)
    entry = refusal_of(error)
    return entry.kind(entry.id, f"{what}: {entry.said}", cause=words, fix=entry.fix)


def append_refused(what: str, error: BaseException) -> AppendFailed:
    """Return our error for a write that the server did not take: nothing of it was done."""
    entry = refusal_of(error)
    message = what if entry is OTHER else f"{what}: {entry.said}"
    return AppendFailed(entry.id, message, cause=_told(error)[1], fix=entry.fix, rule="G5")


def passes(error: BaseException, *, away: bool = False) -> bool:
    """Tell whether trying again helps; `away`: also where no server is there to answer."""
    entry = refusal_of(error)
    return entry.waits or (away and (entry.away or entry is OTHER))


def said_by_driver(error: BaseException) -> BaseException | None:
    """Return the driver's own error that another one was made of, or None."""
    said: BaseException | None = error
    while said is not None and not hasattr(said, "sqlstate"):
        said = said.__cause__
    return said


def _told(error: BaseException) -> tuple[str | None, str]:
    """Return the code, if the server gave one, and the words; both are the innermost error's."""
    said = said_by_driver(error) or error
    code = getattr(said, "sqlstate", None)
    lines = [line.strip() for line in str(said).splitlines()]
    return code, "; ".join(line for line in lines if line)
