"""What a node decides, step by step."""

import pytest

from daemon.core.ready import Found, Ready
from eventstore.codec import decode_context, decode_header
from eventstore.model import commands as cmd, events as ev
from tests.support.core import Core, a_core, the_answer
from tests.support.model import (
    START_US,
    appears,
    changes,
    fact,
    goes,
    grow,
    init_disk,
    make,
    remove,
    size_for,
    snapshot,
)

HOUR_US = 3_600_000_000


def test_a_daemon_that_begins_takes_the_next_term_as_master() -> None:
    core = Core()
    for term in (1, 2):
        core.begins()
        hard = core.hears_who_is_in().hard_state
        assert hard is not None
        assert (hard.term, hard.promised_to) == (term, "node1")
        assert core.commits("shared")[-1].term == term


def test_a_daemon_that_begins_is_another_one_than_before() -> None:
    core = Core()
    first = core.begins().hard_state
    second = core.begins().hard_state
    assert first is not None
    assert second is not None
    assert second.incarnation > first.incarnation


def test_a_daemon_that_begins_says_whether_the_one_before_had_stopped() -> None:
    core = Core()
    core.begins()
    assert core.events() == (ev.DaemonStarted("boot-1", "0.1.0", "3.53.4", clean=True),)
    core.begins()
    assert core.events() == (ev.DaemonStarted("boot-1", "0.1.0", "3.53.4", clean=False),)
    core.stops()
    core.begins()
    assert core.events() == (ev.DaemonStarted("boot-1", "0.1.0", "3.53.4", clean=True),)


def test_stopping_is_recorded() -> None:
    core = a_core()
    core.stops()
    assert core.events() == (ev.DaemonStopped("SIGTERM"),)


def test_a_change_is_one_commit_under_the_requests_identifier() -> None:
    core = a_core(160)
    before = core.position
    answer = the_answer(core.asks(make("vol", 100), "my-id"))
    header = decode_header(core.commits()[-1].header)
    assert (answer["ok"], answer["data"]["position"]) == (True, before + 1)
    assert (header.tx, header.node, header.shared_position) == ("my-id", "node1", 1)


def test_who_asked_and_why_stands_in_the_context() -> None:
    core = a_core(160)
    core.asks(make("vol", 100), user="ann")
    context = decode_context(core.commits()[-1].context)
    assert (context.actor.user, context.command) == ("ann", "vx volume.make")
    assert context.message.startswith("why")
    assert context.clock_us == core.wall_us


def test_the_same_request_again_gets_its_first_outcome_and_no_commit() -> None:
    core = a_core(160)
    first = the_answer(core.asks(make("vol", 100), "my-id"))
    ready = core.asks(make("vol", 100), "my-id")
    assert ready.append == ()
    assert the_answer(ready)["data"] == first["data"]


def test_a_request_that_the_log_has_gets_the_outcome_found_there() -> None:
    core = a_core(160)
    ready = core.asks(make("vol", 100), "old", found=Found("done", 2))
    assert ready.append == ()
    assert the_answer(ready)["data"]["position"] == 2


def test_a_rejection_is_recorded_with_who_and_why() -> None:
    core = a_core(160)
    answer = the_answer(core.asks(make("vol", 200), "big", user="ann"))
    (event,) = core.events()
    assert isinstance(event, ev.RequestRejected)
    assert (event.request, event.verb, event.rule) == ("big", "volume.make", "D2")
    assert (answer["ok"], answer["error"]["id"]) == (False, event.message_id)
    assert answer["error"]["node"] == "node1"
    assert decode_context(core.commits()[-1].context).actor.user == "ann"


def test_a_rejected_request_may_be_tried_again_under_its_identifier() -> None:
    core = a_core(160)
    core.asks(make("vol", 160))
    assert not the_answer(core.asks(make("more", 8), "again"))["ok"]
    core.asks(remove("vol"))
    assert the_answer(core.asks(make("more", 8), "again"))["ok"]


def test_a_change_expected_after_the_last_one_is_made() -> None:
    core = a_core(160)
    assert the_answer(core.asks(make("vol", 8), expect=core.position))["ok"]


def test_a_wrong_expected_position_changes_nothing_and_is_recorded() -> None:
    core = a_core(160)
    seen = core.position
    core.asks(make("vol", 8))
    answer = the_answer(core.asks(make("other", 8), expect=seen))
    assert answer["error"]["exit"] == 4
    assert isinstance(core.events()[0], ev.RequestRejected)
    assert core.state.named(core.state.groups()[0].space, "other") is None


def test_what_changed_no_object_does_not_disturb_an_expectation() -> None:
    core = a_core(160)
    seen = core.position
    core.asks(make("vol", 200))
    core.sees(goes("nobody"))
    core.begins()
    assert core.position > seen
    assert the_answer(core.asks(make("vol", 8), expect=seen))["ok"]


def test_a_dry_run_says_what_would_happen_and_leaves_everything_as_it_was() -> None:
    core = a_core(160)
    before = snapshot(core.state), core.node.own.head, core.node.own.digest
    ready = core.asks(make("vol", 100), dry_run=True)
    data = the_answer(ready)["data"]
    assert (ready.append, data["outcome"]) == ((), "dry-run")
    assert [event["name"] for event in data["events"]] == [
        "volume-created",
        "plex-created",
        "subdisk-created",
    ]
    assert [row["object"] for row in data["diff"]] == ["dg/d1-01", "dg/vol", "dg/vol-01"]
    assert (snapshot(core.state), core.node.own.head, core.node.own.digest) == before


def test_a_dry_run_that_would_be_rejected_is_told_so_and_not_recorded() -> None:
    ready = a_core(160).asks(make("vol", 200), dry_run=True)
    assert ready.append == ()
    assert not the_answer(ready)["ok"]


def test_a_request_after_its_own_dry_run_is_made() -> None:
    core = a_core(160)
    core.asks(make("vol", 100), "id", dry_run=True)
    assert the_answer(core.asks(make("vol", 100), "id"))["data"]["outcome"] == "done"


def test_a_decision_that_would_break_an_invariant_is_refused_and_the_state_kept() -> None:
    core = a_core(160)
    core.asks(make("vol", 100))
    overlapping = ev.SubdiskResized(core.volume("vol").space, 4, length=100_000)
    before = snapshot(core.state)
    with pytest.raises(Exception, match="would break an invariant"):
        core.node.own.try_out((overlapping,))
    assert snapshot(core.state) == before


def test_a_notification_is_one_commit_with_its_cause() -> None:
    core = a_core(160)
    core.asks(make("vol", 100))
    before = core.position
    core.sees(goes("sd1"))
    context = decode_context(core.commits()[-1].context)
    assert core.position == before + 1
    assert len(core.events()) == 4
    assert (context.actor.program, context.cause and context.cause.kind) == (
        "kernel",
        "notification",
    )
    assert context.cause
    assert context.cause.ref == "boot-1:7"


def test_the_first_scan_of_a_new_home_ends_no_unknown_interval() -> None:
    core = Core()
    core.begins()
    core.scans(fact("sda"))
    assert [type(event) for event in core.events()] == [ev.DeviceAdded]


def test_the_first_scan_after_a_down_time_records_the_unknown_interval() -> None:
    core = a_core(160)
    last_us = core.wall_us
    core.waits(60)
    core.begins()
    core.scans(fact("sd1", size=size_for(160)))
    (event,) = core.events()
    assert event == ev.IntervalUnknown("the daemon was down", last_us, core.wall_us, "boot-1")
    assert list(core.node.private.intervals) == [(core.position, event)]


def test_only_the_first_scan_ends_the_down_time() -> None:
    core = a_core(160)
    core.begins()
    core.scans(fact("sd1", size=size_for(160)))
    assert core.scans(fact("sd1", size=size_for(160))).append == ()


def test_what_changed_while_the_daemon_was_down_is_in_the_commit_that_says_so() -> None:
    core = a_core(160)
    core.begins()
    core.scans()
    kinds = [type(event) for event in core.events()]
    assert kinds == [ev.IntervalUnknown, ev.DeviceRemoved, ev.DiskStateSet]


def test_a_scan_after_an_overrun_records_the_unknown_interval() -> None:
    core = a_core(160)
    last_us = core.wall_us
    core.scans(fact("sd1", size=size_for(160)), reason="overrun")
    (event,) = core.events()
    assert isinstance(event, ev.IntervalUnknown)
    assert (event.since_us, event.until_us) == (last_us, core.wall_us)
    assert "were lost" in event.reason


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_clock_that_jumped_is_recorded_before_what_it_came_with(seconds: int) -> None:
    core = a_core(160)
    position, was_us = core.position, core.wall_us
    core.clock_jumps(seconds)
    ready = core.asks(make("vol", 100))
    assert len(ready.append) == 2
    ((at, jump),) = core.node.private.intervals
    assert (at, the_answer(ready)["data"]["position"]) == (position + 1, position + 2)
    assert f"{seconds:+.3f} s" in jump.reason
    assert jump.until_us - jump.since_us == HOUR_US
    assert jump.since_us <= was_us + HOUR_US


def test_a_clock_that_drifts_is_not_one_that_jumped() -> None:
    core = a_core(160)
    core.clock_jumps(1.9)
    assert len(core.asks(make("vol", 100)).append) == 1


def test_time_never_goes_back_in_the_log() -> None:
    core = a_core(160)
    core.clock_jumps(-3600)
    core.asks(make("vol", 100))
    times = [decode_header(commit.header).time_us for commit in core.commits()]
    assert times == sorted(times)
    assert decode_context(core.commits()[-1].context).clock_us == core.wall_us < times[-1]


def test_every_commit_carries_the_digest_of_the_state_after_it() -> None:
    core = a_core(160)
    core.asks(make("vol", 100))
    assert core.commits()[-1].digest == core.node.own.digest.to_bytes(16).rjust(17, b"\x01")


def test_requests_beyond_those_remembered_are_left_to_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("daemon.core.private.RECENT_MAX", 1)
    core = a_core(160)
    core.asks(make("a", 8), "first")
    core.asks(make("b", 8), "second")
    assert core.asks(make("b", 8), "second").append == ()
    assert not the_answer(core.asks(make("a", 8), "first"))["ok"]


def test_a_scan_that_changes_nothing_asks_for_no_work() -> None:
    core = a_core()
    assert core.scans().append == ()


def test_the_notes_say_what_came_and_what_was_decided() -> None:
    core = a_core(160)
    notes = [
        *core.asks(make("vol", 100), "id").notes,
        *core.asks(make("vol", 100), "id2").notes,
        *core.sees(changes("sd1", size=9999)).notes,
    ]
    assert notes[0].startswith("volume.make id -> committed @")
    assert notes[1].startswith("volume.make id2 -> rejected: ")
    assert notes[2] == "kernel: change sd1 -> device-resized"


def test_destroying_a_group_names_what_goes_as_it_was_called() -> None:
    core = a_core(160)
    core.asks(make("vol", 100))
    ready = core.asks(cmd.DestroyDiskGroup("dg"), dry_run=True)
    rows = the_answer(ready)["data"]["diff"]
    assert [(row["op"], row["object"]) for row in rows] == [
        ("-", name) for name in ("dg", "dg/d1", "dg/d1-01", "dg/vol", "dg/vol-01")
    ]


def test_nothing_is_left_of_an_input_that_asks_for_nothing() -> None:
    assert a_core().scans() == Ready(notes=("scan -> nothing changed",))


def test_times_are_those_of_the_input() -> None:
    core = a_core()
    core.sees(appears("sda"))
    core.asks(init_disk("sda"))
    assert core.node.own.head.time_us == core.wall_us > START_US


def test_growing_answers_with_where_it_is_committed() -> None:
    core = a_core(160)
    core.asks(make("vol", 100))
    answer = the_answer(core.asks(grow("vol", 8)))
    assert answer["position"] == answer["data"]["position"] == core.position
    assert (answer["log"], answer["cluster"], answer["at_us"]) == (
        "node/node1",
        "prod",
        core.wall_us,
    )
