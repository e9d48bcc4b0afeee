"""What a commit did is told in words, whatever events it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from eventstore.model import events as ev
from eventstore.past.summary import summary
from tests.support.histories import EVENTS, of


def named(key: tuple[str, int]) -> str:
    return f"{key[0]}/{key[1]}"


@pytest.mark.parametrize("kind", EVENTS)
@given(data=st.data())
def test_every_event_is_told_in_words(kind: type[ev.AnyEvent], data: st.DataObject) -> None:
    assert summary([data.draw(of(kind))], named)


def test_parts_are_told_only_where_nothing_is_that_they_are_parts_of() -> None:
    plex, volume = ev.PlexRemoved("dg", 2), ev.VolumeRemoved("dg", 1)
    assert summary([plex], named) == "plex dg/2 removed"
    assert summary([plex, volume], named) == "volume dg/1 removed"


def test_what_is_beyond_the_first_facts_is_counted() -> None:
    many = [ev.VolumeRemoved("dg", rid) for rid in range(5)]
    assert summary(many, named).endswith("volume dg/2 removed; and 2 more")
