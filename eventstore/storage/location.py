"""Where a store is: in a file, or in a schema of a PostgreSQL database.

A database is written as libpq's URL, with one parameter of our own: `schema`, in which the store's
tables are, so that the logs of several nodes may be on one server::

    postgresql://vx@db1:5432,db2:5432/vx?target_session_attrs=read-write&schema=node1

Every other parameter goes to libpq as it is. A password is never part of a message. This module
stays light: a command reads its options before it knows what it needs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from eventstore.errors import Rejected

POINTER = "log.url"
"""Beside where a store's file would be: the URL of the database in which the store is instead."""
SCHEMES = ("postgresql://", "postgres://")
SCHEMA = "vxconfigd"
"""The schema of a URL that names none."""
_SCHEMA_BYTES = 48
"""Shorter than a name of PostgreSQL may be: the channel for notifications is named after it."""
_NO_SCHEMA = re.compile(r"pg_.*|information_schema|.*[\x00-\x1f\"].*|", re.DOTALL)
_NO_CODE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PARAMETER = re.compile(r"\w+=")
_SECRET = ("password", "sslpassword")


class Database(NamedTuple):
    """A schema of a database; `url` is for libpq, without our own parameter.

    `beside` is the file beside which files of the store are, such as archived commits; None where
    it is read without its home.
    """

    url: str
    schema: str = SCHEMA
    beside: Path | None = None

    @property
    def full_url(self) -> str:
        """The URL as it can be written to name this schema; with what is secret."""
        mark = "&" if "?" in self.url else "?"
        return f"{self.url}{mark}schema={quote(self.schema)}"

    @property
    def has_secret(self) -> bool:
        """Whether the URL itself holds a password."""
        where, _mark, query = self.url.partition("?")
        who = where.partition("://")[2].rpartition("@")[0]
        return ":" in who or any(word.partition("=")[0] in _SECRET for word in _words(query))

    def __str__(self) -> str:
        """Return the URL as it was written, but for what is secret."""
        return shown(self.full_url)


Location: TypeAlias = Path | Database


def is_url(text: str) -> bool:
    """Tell whether a text names a database."""
    return text.startswith(SCHEMES)


def shown(text: str) -> str:
    """Return a URL as it was written, but for what is secret; what is behind a `#` stays."""
    whole, mark, rest = text.partition("#")
    where, _mark, query = whole.partition("?")
    scheme, _slashes, address = where.partition("://")
    who, at, hosts = address.rpartition("@")
    told = [word for word in _words(query) if word.partition("=")[0] not in _SECRET]
    words = f"?{'&'.join(told)}" if told else ""
    return f"{scheme}://{who.partition(':')[0]}{at}{hosts}{words}{mark}{rest}"


def located(where: Location) -> Location:
    """Return where a store is; for the file that it would be, there or where `log.url` says."""
    if isinstance(where, Database) or where.exists():
        return where
    try:
        text = where.with_name(POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        return where
    return location_of(text, where)


def location_of(text: str, beside: Path | None = None, *, schema: str = SCHEMA) -> Location:
    """Return what a user's text names: a URL a database, and all else a file.

    `schema` is meant where the URL names none.

    Raises:
        Rejected: a URL names no schema that there could be, or is none.
    """
    if not is_url(text):
        return Path(text)
    where, _mark, query = text.partition("?")
    if "#" in text:
        raise _no_url(text, "what begins with # means nothing here; the schema is a parameter")
    words = _words(query)
    check_characters(text)
    ours = [word for word in words if word.partition("=")[0] == "schema"]
    schema = unquote(ours[-1].partition("=")[2]) if ours else schema
    if _NO_SCHEMA.fullmatch(schema) or len(schema.encode()) > _SCHEMA_BYTES:
        raise _no_url(text, f"{schema!r} is no name of a schema of at most {_SCHEMA_BYTES} bytes")
    rest = "&".join(word for word in words if word not in ours)
    where = SCHEMES[0] + where.partition("://")[2]
    return Database(f"{where}?{rest}" if rest else where, schema, beside)


def _words(query: str) -> list[str]:
    return [word for word in query.split("&") if word]


def check_characters(text: str) -> None:
    """Refuse what others read otherwise than it was meant: they would say parts of a password.

    Raises:
        Rejected: a URL is so.
    """
    where, _mark, query = text.partition("?")
    words = _words(query)
    authority, _slash, database = where.partition("://")[2].partition("/")
    ambiguous = authority.count("@") > 1 or "@" in database or _NO_CODE.search(text)
    if ambiguous or not all(_PARAMETER.match(word) for word in words):
        raise _no_url(
            "@" + text.rpartition("@")[2].partition("?")[0],
            "a user or a password has / ? @ or % in it, or a parameter has no value: these are "
            "written %2F %3F %40 %25",
        )


def _no_url(text: str, cause: str) -> Rejected:
    where = text.partition("?")[0].rpartition("@")[2]
    return Rejected(
        "V-5-1-9151",
        f"the URL of a database at {where} cannot be read",
        cause=cause,
        fix="postgresql://USER@HOST:PORT/DATABASE?schema=NAME; libpq's parameters may follow",
    )
