"""What is packed of a log for an archive, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from eventstore.codec import Commit, Head, decode_header, seal
from eventstore.errors import Damaged
from eventstore.keeping import parcels
from eventstore.keeping.parcels import Packer
from eventstore.model import digest
from eventstore.model.state import State
from tests.support.fleets import DAY_US, entries_of, shared_steps

LINEAGE = bytes(range(16))


class Log:
    """A log that is a list, as far as a packer looks at it."""

    log = name = "shared"
    lineage = LINEAGE

    def __init__(self, commits: Sequence[Commit]) -> None:
        self.all = commits

    def commits(self, low: int, high: int) -> Iterator[Commit]:
        return iter(self.all[low - 1 : high])

    def commit(self, position: int) -> Commit:
        return self.all[position - 1]


def commits(many: int) -> list[Commit]:
    head, found = Head(LINEAGE, 0, bytes(32), 0), list[Commit]()
    for entry in entries_of("shared", "a", shared_steps("prod", ("a",)), State(), many, DAY_US):
        item: Any = entry.item
        found.append(seal(head, item, 7))
        head = Head(LINEAGE, found[-1].position, found[-1].hash, item.clock_us)
    return found


def packer(log: Log, after: int = 0) -> Packer:
    reader: Any = log
    if after == 0:
        return Packer(reader, None, State())
    before = packer(log)
    before.skip(after)
    return Packer(reader, log.commit(after), before.state)


def test_a_parcel_has_the_commits_in_their_order_and_what_is_kept_beside_them() -> None:
    log = Log(commits(40))
    parcel = packer(log).next()
    assert parcel is not None
    assert list(parcel.commits) == log.all
    assert list(parcel.times) == [decode_header(c.header).time_us for c in log.all]
    assert all(parcel.touches)
    assert parcel.redactions == []


def test_a_parcel_is_bounded_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "COMMITS_MAX", 15)
    log = Log(commits(40))
    packing = packer(log)
    sizes = [len(parcel.commits) for parcel in iter(packing.next, None)]
    assert sizes == [15, 15, 10]
    assert (packing.position, packing.hash) == (40, log.all[-1].hash)


def test_the_first_commit_of_each_month_has_a_keyframe() -> None:
    log = Log(commits(110))
    parcel = packer(log).next()
    assert parcel is not None
    framed = [frame.position for frame, _body in parcel.keyframes]
    assert framed == [1, 10, 41, 71, 102]


def test_where_others_shipped_it_is_gone_on_from_there() -> None:
    log = Log(commits(40))
    packing = packer(log)
    packing.skip(23)
    parcel = packing.next()
    assert parcel is not None
    assert parcel.commits[0].position == 24
    assert packer(log, 23).next() == parcel


def test_objects_come_and_go_under_their_names() -> None:
    parcel = packer(Log(commits(9))).next()
    assert parcel is not None
    seen = {one.name: one for one in parcel.objects}
    assert (seen["vol03"].first_position, seen["vol03"].last_position) == (7, 9)
    assert (seen["vol03"].is_there, seen["vol02"].is_there) == (False, True)
    assert seen["proddg"].kind == "dg"


@pytest.mark.parametrize("field", ["header", "payload", "context", "hash", "digest"])
def test_a_commit_that_does_not_hold_is_not_packed(field: str) -> None:
    found = commits(20)
    whole: bytes = getattr(found[12], field)
    changed: Any = {field: whole[:-1] + bytes([whole[-1] ^ 1])}
    found[12] = found[12]._replace(**changed)
    with pytest.raises(Damaged) as caught:
        packer(Log(found)).next()
    assert caught.value.position == 13


def test_a_state_that_is_another_than_was_recorded_is_not_begun_with() -> None:
    log = Log(commits(5))
    reader: Any = log
    with pytest.raises(Damaged, match="the state at @5 is another"):
        Packer(reader, log.commit(5), State())
    assert digest.of_state(State()) == 0
