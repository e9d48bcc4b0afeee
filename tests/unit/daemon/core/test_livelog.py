"""One log as the core sees it: state, digest and head move together, or not at all."""

import pytest

from daemon.core.livelog import LiveLog
from eventstore.codec import Context, Entry, content_hashes_hold
from eventstore.errors import StoreError
from eventstore.model import digest, events as ev
from tests.support.core import a_core, an_empty_log
from tests.support.model import BOOT, make, snapshot

CREATED = ev.NodeCreated("node1", "c1")
ADDED = ev.DeviceAdded(1, "sda", "x", 8, ev.Notice("add"))
TWIN = ev.DeviceAdded(2, "sda", "y", 8, ev.Notice("add"))


def recorded(log: LiveLog, *events: ev.AnyEvent, clock_us: int = 5) -> Entry:
    context = Context(clock_us=clock_us)
    return log.record("tx", "node1", context, events, term=3, shared_position=None)


def test_what_is_recorded_is_the_next_commit_and_its_keys() -> None:
    log = an_empty_log("node")
    entry = recorded(log, CREATED, ADDED)
    assert entry.keys == ("tx/tx", "#0", "#1")
    assert (log.head.position, log.head.hash) == (1, entry.item[4])
    assert content_hashes_hold(entry.item)  # type: ignore[arg-type]  # sealed, no draft


def test_the_digest_follows_the_state() -> None:
    log = an_empty_log("node")
    entry = recorded(log, CREATED, ADDED)
    assert log.digest == digest.of_state(log.state)
    assert entry.item.digest == digest.stored(log.digest)


def test_what_breaks_an_invariant_is_not_recorded() -> None:
    log = an_empty_log("node")
    recorded(log, CREATED, ADDED)
    before = snapshot(log.state), log.digest, log.head, log.last_change
    with pytest.raises(StoreError, match="break an invariant") as caught:
        recorded(log, TWIN)
    assert caught.value.rule == "I10"
    assert caught.value.cause == "an event does not fit the state: sda is taken"
    assert (snapshot(log.state), log.digest, log.head, log.last_change) == before


def test_what_a_daemon_notes_of_itself_is_no_change_of_the_configuration() -> None:
    log = an_empty_log("node")
    recorded(log, CREATED, ADDED)
    recorded(log, ev.DaemonStarted(BOOT, "0", "3", clean=True))
    recorded(log, ev.NoticeIgnored("sdz", ev.Notice("remove")))
    assert (log.head.position, log.last_change) == (3, 1)


def test_trying_out_gives_the_changes_that_undo_it() -> None:
    log = a_core(160).node.own
    before = snapshot(log.state)
    changes = log.try_out([ev.DaemonStopped("why")])
    assert snapshot(log.state) != before
    log.state.restore(changes)
    assert snapshot(log.state) == before


def test_a_log_may_begin_with_a_state_that_was_replayed() -> None:
    core = a_core(160)
    core.asks(make("vol", 8))
    own = core.node.own
    again = LiveLog("node", own.state, own.head, own.last_change)
    assert again.digest == own.digest
