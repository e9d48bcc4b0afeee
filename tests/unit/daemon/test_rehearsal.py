"""A rehearsal finds what comes out otherwise: each kind of bug is planted, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon import rehearsal
from daemon.core.ready import HardState
from daemon.rehearsal import Rehearsed, rehearse
from daemon.shell.crashing import Crashing, Differs
from eventstore.errors import NotFound
from eventstore.model import events as ev, evolve
from eventstore.model.decide.table import decide
from eventstore.model.state import State
from eventstore.proofs.shadow import Difference
from eventstore.storage.crashes import Files
from eventstore.storage.store import Store
from tests.support.archives import archived
from tests.support.core import a_core, stored
from tests.support.keyframes import cut_at
from tests.support.model import grow, make

SITE = Path(__file__).parents[2] / "sites" / "single"
Handler = Callable[[State, Any], Any]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A short log: a volume is made, and grown."""
    core = a_core(160)
    core.asks(make("vol", 64), "make-vol")
    core.asks(grow("vol", 16), "grow-vol")
    return stored(core, tmp_path / "log.db")


@pytest.fixture(autouse=True)
def few_io_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "IO_LAST", 2)


def outcomes(found: Rehearsed) -> dict[str, str]:
    return {part.part: part.outcome for part in found.parts}


def first(found: Rehearsed) -> Difference:
    assert found.first_difference is not None
    assert not found.ok
    return found.first_difference


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, Handler], None]:
    """Give an event another effect than it had."""

    def plant(event: type, handler: Handler) -> None:
        for table in (evolve.HANDLERS, evolve.STORED_HANDLERS):
            monkeypatch.setitem(table, event, handler)

    return plant


def test_a_log_rehearses_to_what_was_recorded(log: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    found = rehearse(log, None, lambda *told: heard.append(told))
    assert found.ok
    assert outcomes(found) == {
        **dict.fromkeys(("open", "replay", "crashes", "start"), "same"),
        "recording": "skipped",
    }
    crashed = [(done, total) for part, done, total in heard if part == "crashing"]
    assert crashed[-1][0] == crashed[-1][1] == len(crashed)


def test_a_log_of_which_most_is_archived_rehearses_as_before(log: Path) -> None:
    with Store.open(log) as store:
        last = store.heads["node"].position
        cut_at(store, {last - 1})
        archived(store, last - 3)
    assert rehearse(log, None).ok


def test_only_the_last_commits_are_crashed_where_that_is_asked(log: Path) -> None:
    all_of_it, last = (rehearse(log, count).parts[2].count for count in (None, 1))
    assert last < all_of_it


def test_a_wal_that_a_log_comes_with_is_broken_off_at_each_of_its_writes(
    log: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "killed" / "log.db"
    copy.parent.mkdir()
    with Store.open(log) as store:
        store.append([], new_hard_state=msgspec.msgpack.encode(HardState(term=1)))
        Files.of(log).to(copy)
    found = rehearse(copy, 1)
    assert found.ok
    assert "writes of the WAL that it came with" in found.parts[2].text


def broken(_path: Path) -> None:
    raise KeyError("planted")


def test_a_recovery_that_fails_on_what_a_site_wrote_is_found(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(log) as store:
        store.append([], new_hard_state=msgspec.msgpack.encode(HardState(term=1)))
        files = Files.of(log)
        crashing = Crashing(store.logs, "prod", tmp_path)
        monkeypatch.setattr("daemon.shell.crashing.opened", broken)
        with pytest.raises(Differs) as raised:
            crashing.break_off(files)
        crashing.close()
    assert "its own WAL, crash before write 1" in raised.value.difference.text
    assert "planted" in raised.value.difference.text


def test_a_log_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        rehearse(tmp_path, None)


def test_an_event_with_another_effect_is_named_by_object_field_and_both_values(
    log: Path, planted: Callable[[type, Handler], None]
) -> None:
    was = evolve.HANDLERS[ev.VolumeResized]

    def longer(state: State, event: ev.VolumeResized) -> Any:
        return was(state, msgspec.structs.replace(event, length=event.length + 1))

    planted(ev.VolumeResized, longer)
    found = rehearse(log, None)
    difference = first(found)
    assert (difference.part, difference.log) == ("replay", "node/node1")
    assert (difference.object, difference.field) == ("dg/vol", "length_sectors")
    assert (difference.recorded, difference.found) == (80, 81)
    assert outcomes(found)["crashes"] == "skipped"


def test_an_event_without_its_effect_is_named_too(
    log: Path, planted: Callable[[type, Handler], None]
) -> None:
    planted(ev.PlexResized, lambda _state, _event: ())
    difference = first(rehearse(log, None))
    assert (difference.object, difference.field) == ("dg/vol-01", "length_sectors")
    assert (difference.recorded, difference.found) == (80, 64)


def test_an_object_that_was_not_there_is_named_as_a_whole(
    log: Path, planted: Callable[[type, Handler], None]
) -> None:
    made = evolve.HANDLERS[ev.VolumeResized]

    def extra(state: State, event: ev.VolumeResized) -> Any:
        volume = state.get((event.dgid, event.rid))
        assert volume is not None
        copy = msgspec.structs.replace(volume, rid=999, name="extra")
        return (*made(state, event), state.put(copy))

    planted(ev.VolumeResized, extra)
    difference = first(rehearse(log, None))
    assert (difference.object, difference.recorded) == ("dg/extra", None)


def test_two_differences_at_once_are_still_placed(
    log: Path, planted: Callable[[type, Handler], None]
) -> None:
    planted(ev.PlexResized, lambda _state, _event: ())
    planted(ev.VolumeResized, lambda _state, _event: ())
    difference = first(rehearse(log, None))
    with Store.open(log) as store:
        assert difference.position == store.heads["node"].position
    assert "dg/vol" in difference.text


def test_a_last_transaction_that_can_be_torn_is_found(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Store._write

    def in_two(store: Store, batch: Any, body: bytes | None) -> None:
        write(store, batch, None)
        store._driver.execute("COMMIT")
        store._driver.execute("BEGIN IMMEDIATE")
        write(store, type(batch)(store.heads, store.logs), body)

    monkeypatch.setattr(Store, "_write", in_two)
    difference = first(rehearse(log, None))
    assert (difference.part, difference.log) == ("crashes", "node/node1")
    assert "crash at" in difference.text


def test_a_recovery_that_forgets_is_found_at_the_first_commit_it_forgets(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard_state = Store.hard_state
    monkeypatch.setattr(Store, "hard_state", lambda store: hard_state(store) and None)
    difference = first(rehearse(log, None))
    assert difference.part == "crashes"
    assert "the hard state is another one" in difference.text


def test_a_decision_that_is_another_one_is_named_with_what_was_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def longer(*given: Any) -> tuple[ev.AnyEvent, ...]:
        return tuple(
            msgspec.structs.replace(event, name="other")
            if isinstance(event, ev.VolumeCreated)
            else event
            for event in decide(*given)
        )

    monkeypatch.setattr("daemon.core.private.decide", longer)
    difference = first(rehearse(SITE, 1))
    assert (difference.part, difference.field) == ("recording", "name")
    assert (difference.recorded, difference.found) == ("vol01", "other")
    assert "Submit" in difference.text


def test_a_request_that_is_refused_by_now_is_named_with_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_given: Any) -> tuple[ev.AnyEvent, ...]:
        raise NotFound("V-5-1-1", "no such thing any more")

    monkeypatch.setattr("daemon.core.private.decide", refused)
    difference = first(rehearse(SITE, 1))
    assert (difference.part, difference.log) == ("recording", "node/node1")
    assert difference.position is not None
    assert "no such thing any more" in difference.text


@pytest.fixture
def damaged(log: Path) -> Path:
    with Store.open(log) as store:
        sql = "UPDATE node_commits SET payload = x'90' WHERE position = 3"
        store._driver.execute(sql)
    return log


def test_a_log_that_is_damaged_is_told_by_its_first_bad_position(damaged: Path) -> None:
    difference = first(rehearse(damaged, None))
    assert (difference.log, difference.position) == ("node/node1", 3)
