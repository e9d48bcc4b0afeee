"""What a peer lacks is read for it wherever it is: in the live log, or in a segment."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from daemon.config import ClusterSettings, NodeSettings, Settings
from daemon.core.messages import AnyMessage, Bulk, Fetched
from daemon.core.ready import Directive, Load, Replay
from daemon.shell import home as homes
from daemon.shell.driver import Driver
from daemon.shell.recovery import recover
from eventstore.bulk import pack
from eventstore.storage.archive import file_of
from tests.support.archives import archived
from tests.support.stores import append_all, note

LAST, SEAM = 400, 300


class Peers:
    """The other nodes: what was sent to them."""

    def __init__(self) -> None:
        self.sent: list[AnyMessage] = []

    def send(self, to: str, message: AnyMessage) -> None:
        assert to == "node2"
        self.sent.append(message)

    def direct(self, directive: Directive) -> None:
        raise AssertionError(directive)

    def replay(self, wanted: Replay) -> None:
        raise AssertionError(wanted)


@pytest.fixture
def peers() -> Peers:
    return Peers()


@pytest.fixture
def driver(tmp_path: Path, peers: Peers) -> Iterator[Driver]:
    homes.found(tmp_path, Settings(ClusterSettings("lab"), NodeSettings("node1")))
    store, node = recover(tmp_path / "log.db")
    append_all(store, [note(f"t{number}", "shared") for number in range(1, LAST)])
    archived(store, SEAM, "shared")
    quiet = structlog.wrap_logger(
        structlog.ReturnLogger(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
    )
    yield Driver(store, node, peers, quiet, lambda _error, _left: None)
    store.close()


def load(after: int) -> Load:
    return Load("node2", Fetched(1, after, ()), after, LAST)


@pytest.mark.parametrize("after", [0, 255, SEAM - 1, SEAM, SEAM + 1])
def test_a_peer_gets_what_it_lacks_across_the_seam(
    driver: Driver, peers: Peers, after: int
) -> None:
    driver._send_loaded(load(after))
    (sent,) = peers.sent
    assert isinstance(sent, Fetched)
    assert list(sent.commits) == list(driver.store.logs["shared"].commits(after + 1))


@pytest.mark.parametrize("after", [0, SEAM - 1, SEAM])
def test_a_member_far_behind_gets_it_in_one_long_piece(
    driver: Driver, peers: Peers, after: int
) -> None:
    driver._send_loaded(Load("node2", Bulk(1, after, LAST, b"", b""), after, LAST))
    (sent,) = peers.sent
    assert isinstance(sent, Bulk)
    commits = list(driver.store.logs["shared"].commits(after + 1))
    assert (sent.hash, sent.body) == (commits[-1].hash, pack(commits))


def test_an_identifier_in_a_segment_is_found_where_the_index_does_not_hold(
    driver: Driver,
) -> None:
    driver.store.keep(lambda sql: sql.execute("DELETE FROM index_seals"))
    driver.store.logs["shared"].index.forget()
    for number in (7, SEAM, LAST - 1):
        assert len(driver.store.positions("shared", f"tx/t{number}")) == 1


def test_a_peer_gets_nothing_of_a_segment_that_is_missing_and_the_rest_goes_on(
    driver: Driver, peers: Peers
) -> None:
    (named,) = driver.store.logs["shared"].archive.all()
    file_of(driver.store.path, named).unlink()
    driver._send_loaded(load(10))
    assert peers.sent == []
    driver._send_loaded(load(SEAM))
    assert len(peers.sent) == 1
