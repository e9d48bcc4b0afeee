"""Texts that name a log of an archive."""

from __future__ import annotations

import pytest

from eventstore.errors import Rejected
from eventstore.storage.fleet.naming import Place, is_archive, place_of, text_of
from eventstore.storage.location import is_url, shown

URL = "postgresql://db.example/fleet"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (URL, Place(URL)),
        (f"{URL}#", Place(URL)),
        (f"{URL}#prod", Place(URL, "prod")),
        (f"{URL}#prod/node2", Place(URL, "prod", "node2")),
        (f"{URL}#a%20b%2Fc/d%23", Place(URL, "a b/c", "d#")),
    ],
)
def test_what_a_text_names_is_told_and_written_again(text: str, place: Place) -> None:
    assert place_of(text) == place
    assert place_of(text_of(place)) == place


def test_a_node_is_one_of_a_cluster() -> None:
    with pytest.raises(Rejected, match="of which cluster node a is"):
        text_of(Place(URL, None, "a"))


def test_a_database_is_told_from_a_file_and_an_archive_from_a_store() -> None:
    assert [is_url(text) for text in (URL, "postgres://x/y", "/a/log.db", "a#b")] == [
        *(True, True, False, False)
    ]
    assert [is_archive(text) for text in (f"{URL}#", f"{URL}#a", URL, "/a#b")] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://vx:s3cret@db/fleet",
        "postgresql://vx:s3c%72et@db/fleet?password=s3cret",
        "postgresql:///fleet?user=vx&password=s3cret#prod",
        "postgresql:///fleet?sslpassword=s3cret",
        "postgresql://vx:s3cret@a:5432,b:5433/fleet?target_session_attrs=read-write#prod/a",
    ],
)
def test_no_password_is_shown(text: str) -> None:
    assert "s3c" not in shown(text)
    assert "fleet" in shown(text)
