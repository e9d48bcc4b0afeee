"""Commits that travel as one value chain from the log that they are to follow, or are refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from eventstore import bulk
from eventstore.bulk import NotWhole, pack, unpack
from eventstore.codec import ZERO_HASH, Commit, Draft, Head, head_after, seal
from eventstore.storage.reader import side_check
from tests.support.stores import Maker

HEAD = Head(bytes(range(16)), 0, ZERO_HASH, 0)


def commits(count: int, head: Head = HEAD) -> list[Commit]:
    made = []
    for entry in Maker().entries(count):
        assert isinstance(entry.item, Draft)
        made.append(seal(head, entry.item, 7))
        head = head_after(head, made[-1])
    return made


def test_what_was_packed_comes_out_as_it_was() -> None:
    some = commits(300)
    found, head = unpack(HEAD, pack(some), 7)
    assert (found, head) == (some, head_after(head_after(HEAD, some[-2]), some[-1]))


def test_it_goes_on_from_the_middle_of_a_log() -> None:
    some = commits(5)
    _found, head = unpack(HEAD, pack(some[:2]), 7)
    assert unpack(head, pack(some[2:]), 7)[0] == some[2:]


def test_nothing_is_packed_and_comes_out() -> None:
    assert unpack(HEAD, pack([]), 7) == ([], HEAD)


def test_what_is_redacted_stays_so() -> None:
    some = [commit._replace(context=None) for commit in commits(2)]
    assert unpack(HEAD, pack(some), 7)[0] == some


@pytest.mark.parametrize("column", ["header", "context", "payload"])
def test_content_that_is_not_what_the_header_says_is_refused(column: str) -> None:
    some = commits(3)
    spoilt = getattr(some[1], column)
    some[1] = some[1]._replace(**{column: spoilt[:-1] + bytes([spoilt[-1] ^ 1])})
    with pytest.raises(NotWhole):
        unpack(HEAD, pack(some), 7)


def test_another_place_or_another_log_is_refused() -> None:
    some = commits(3)
    for head in (HEAD._replace(lineage=bytes(16)), HEAD._replace(position=1)):
        with pytest.raises(NotWhole):
            unpack(head, pack(some), 7)


def test_another_history_ends_in_another_hash() -> None:
    some = commits(3)
    assert unpack(HEAD._replace(hash=b"x" * 32), pack(some), 7)[1].hash != some[-1].hash


@pytest.mark.parametrize("body", [b"", b"\xc0", b"\x90", pack(commits(2))[:-1]])
def test_what_is_no_piece_is_refused(body: bytes) -> None:
    with pytest.raises(NotWhole):
        unpack(HEAD, body, 7)


def test_a_column_that_is_shorter_is_refused() -> None:
    columns = bulk._decode(pack(commits(2)))
    with pytest.raises(NotWhole):
        unpack(HEAD, bulk._encode(replace(columns, terms=columns.terms[:1])), 7)


def test_the_check_beside_each_commit_is_the_one_that_readers_make() -> None:
    some = commits(4)
    checks = [side_check(c.digest, c.term, c.applied_us) for c in some]
    assert bulk.side_checks(some) == checks
