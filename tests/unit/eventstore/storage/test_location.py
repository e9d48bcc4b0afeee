"""What a user writes for a place names a file or a database, and a password is never said."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventstore.errors import Rejected
from eventstore.storage.location import POINTER, Database, located, location_of

URL = "postgresql://vx@db1:5432,db2/vx"


@pytest.mark.parametrize(
    ("text", "url", "schema"),
    [
        (URL, URL, "vxconfigd"),
        (f"{URL}?schema=node1", URL, "node1"),
        (f"{URL}?a=1&schema=n%20x&sslmode=verify-full", f"{URL}?a=1&sslmode=verify-full", "n x"),
        ("postgres:///vx?host=/run&schema=b", "postgresql:///vx?host=/run", "b"),
    ],
)
def test_a_url_names_a_database_and_a_schema(text: str, url: str, schema: str) -> None:
    assert location_of(text) == Database(url, schema)


def test_all_else_is_a_file() -> None:
    assert location_of("/var/lib/vxconfigd/log.db") == Path("/var/lib/vxconfigd/log.db")


def test_a_schema_that_is_not_named_may_be_meant() -> None:
    assert location_of(URL, schema="node2") == Database(URL, "node2")
    assert location_of(f"{URL}?schema=n1", schema="node2") == Database(URL, "n1")


@pytest.mark.parametrize("schema", ["pg_catalog", "information_schema", "x" * 49, "a%22b", ""])
def test_a_schema_that_there_cannot_be_is_refused(schema: str) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        location_of(f"{URL}?schema={schema}")


def test_a_fragment_is_refused_and_says_how_it_is_written() -> None:
    with pytest.raises(Rejected) as raised:
        location_of(f"{URL}#node1")
    assert "parameter" in str(raised.value.cause)


@pytest.mark.parametrize(
    "text", ["postgresql://vx:secret@db1/vx?schema=n", f"{URL}?password=secret&schema=n"]
)
def test_a_password_is_never_said(text: str) -> None:
    found = location_of(text)
    assert isinstance(found, Database)
    assert found.has_secret
    assert "secret" not in str(found)
    assert location_of(found.full_url) == found


def test_what_is_said_names_the_same_place() -> None:
    found = location_of(f"{URL}?sslmode=verify-full&schema=node1")
    assert location_of(str(found)) == found


def test_a_home_says_by_a_file_that_its_log_is_in_a_database(tmp_path: Path) -> None:
    file = tmp_path / "log.db"
    assert located(file) == file
    (tmp_path / POINTER).write_text(f"{URL}?schema=n1\n")
    assert located(file) == Database(URL, "n1", file)
    file.touch()
    assert located(file) == file


@pytest.mark.parametrize("password", ["sec/ret", "sec@ret", "sec?ret", "sec%zzret", "sec%ret"])
def test_a_password_that_is_not_written_as_a_url_wants_it_is_refused_and_not_shown(
    password: str,
) -> None:
    with pytest.raises(Rejected) as refused:
        location_of(f"postgresql://u:{password}@db1:5432/vx?connect_timeout=1")
    assert "sec" not in f"{refused.value.message} {refused.value.cause} {refused.value.fix}"
    assert "db1:5432/vx" in refused.value.message
