"""Old versions of events, with two planted ones."""

from pathlib import Path
from types import GenericAlias
from typing import Any, Union

import pytest
from msgspec import msgpack
from msgspec.msgpack import Decoder

from eventstore import codec
from eventstore.model import events as ev, evolve, upcast
from eventstore.model.objects import NODE_SPACE, Node
from eventstore.past import replay
from tests.support.core import LINEAGES
from tests.support.histories import EVENTS
from tests.support.past import log_of, sealed


class NodeMadeV1(ev.Event, frozen=True, tag="node-made/1"):
    """The oldest form: it had no cluster."""

    name: str


class NodeMadeV2(ev.Event, frozen=True, tag="node-made/2"):
    """The form after it: the cluster had a number."""

    name: str
    cluster: int


def first(old: NodeMadeV1) -> NodeMadeV2:
    return NodeMadeV2(old.name, 1)


def second(old: NodeMadeV2) -> ev.NodeCreated:
    return ev.NodeCreated(old.name, f"c{old.cluster}")


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that knows two superseded forms of an event."""
    old = (NodeMadeV1, NodeMadeV2)
    stored: Any = GenericAlias(list, (Union.__getitem__((*EVENTS, *old)),))
    monkeypatch.setitem(upcast.UPCASTERS, NodeMadeV1, first)
    monkeypatch.setitem(upcast.UPCASTERS, NodeMadeV2, second)
    monkeypatch.setattr(codec, "OLD_EVENTS", old)
    for module in (codec, replay):
        monkeypatch.setattr(module, "decode_stored", Decoder(stored).decode)
    for kind in old:
        lifted = evolve.STORED_HANDLERS[upcast.PlexCreatedV1]
        monkeypatch.setitem(evolve.STORED_HANDLERS, kind, lifted)


OLDEST = msgpack.encode([{"e": "node-made/1", "name": "n"}])
OLDER = msgpack.encode([{"e": "node-made/2", "name": "n", "cluster": 7}])


@pytest.mark.parametrize(("payload", "cluster"), [(OLDEST, "c1"), (OLDER, "c7")])
def test_an_old_event_is_lifted_through_every_version_to_the_present(
    payload: bytes, cluster: str
) -> None:
    assert codec.decode_events(payload) == [ev.NodeCreated("n", cluster)]


def test_a_present_event_stays_as_it_is() -> None:
    created = ev.NodeCreated("n", "c")
    assert codec.decode_events(codec.encode_events([created])) == [created]


def test_a_log_of_old_events_replays(tmp_path: Path) -> None:
    head = codec.Head(LINEAGES["node"], 0, codec.ZERO_HASH, 0)
    with log_of(tmp_path, [sealed(head, OLDER, b"")]) as source:
        state = replay.replay(source.readers["node"], 1)
    assert state.get((NODE_SPACE, 0)) == Node(NODE_SPACE, 0, name="n", cluster_id="c7")
