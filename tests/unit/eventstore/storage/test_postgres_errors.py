"""What is said of a PostgreSQL server that does not do what it should."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from eventstore.errors import AppendFailed, Damaged, Unavailable
from eventstore.storage import postgres_errors
from eventstore.storage.postgres_errors import OTHER, TABLE, append_refused, refusal_of, refused


class ServerError(Exception):
    """As the driver tells one."""

    def __init__(self, words: str, sqlstate: str | None = None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


def test_without_the_driver_the_extra_that_brings_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres_errors.require_driver()
    monkeypatch.setattr(postgres_errors, "find_spec", lambda _: None)
    with pytest.raises(Unavailable) as refused_:
        postgres_errors.require_driver()
    assert refused_.value.fix == "pip install 'vxconfigd[postgres]'"


def test_a_page_that_the_server_cannot_read_is_damage() -> None:
    assert isinstance(refused("x", ServerError("invalid page in block 3", "XX001")), Damaged)


def test_every_entry_has_an_id_of_its_own() -> None:
    ids = [entry.id for entry in (*TABLE, OTHER)]
    assert len(set(ids)) == len(ids)


def test_no_code_is_in_two_entries() -> None:
    codes = sorted(code for entry in TABLE for code in entry.codes)
    assert not [one for one, other in pairwise(codes) if other.startswith(one)]


def test_a_code_counts_and_not_the_words_beside_it() -> None:
    error = ServerError('database "certificate" does not exist', "53100")
    assert refusal_of(error).id == "V-5-1-9172"


@pytest.mark.parametrize(
    ("words", "id_"),
    [
        ('FATAL:  too many connections for role "vx"', "V-5-1-9173"),
        ('FATAL:  too many connections for database "vx"', "V-5-1-9173"),
        ("FATAL:  the database system is in recovery mode", "V-5-1-9175"),
        (
            "connection to a failed: Connection refused\nb failed: session is read-only",
            "V-5-1-9175",
        ),
        ("consuming input failed: server closed the connection unexpectedly", "V-5-1-9176"),
        ("consuming input failed: could not receive data: Connection timed out", "V-5-1-9177"),
        ("something of a later version", "V-5-1-9178"),
    ],
)
def test_without_a_code_the_words_count(words: str, id_: str) -> None:
    assert refusal_of(ServerError(words)).id == id_


def test_the_cause_is_what_the_server_said_in_one_line() -> None:
    outer = RuntimeError("wrapped")
    outer.__cause__ = ServerError("no room\nDETAIL:  none at all", "53100")
    error = refused("log shared", outer)
    assert error.cause == "no room; DETAIL:  none at all"
    assert error.message == "log shared: the server has no room left"


def test_a_write_that_is_refused_has_the_same_words_and_leaves_the_store_closed() -> None:
    error = append_refused("x", ServerError("", "53100"))
    assert isinstance(error, AppendFailed)
    assert error.id == refused("x", ServerError("", "53100")).id


@pytest.mark.parametrize("entry", [*TABLE, OTHER], ids=lambda entry: entry.id)
def test_every_entry_can_be_told(entry: postgres_errors.Refusal) -> None:
    error = refused("db", ServerError(re.sub(r"\W", " ", entry.said), (*entry.codes, None)[0]))
    assert error.message
    assert error.fix
