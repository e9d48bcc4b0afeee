"""Questions about the past, put to a stored log as they come from outside."""

from pathlib import Path
from typing import Any

import pytest

from eventstore.asking.questions import STATE_QUESTIONS, answer, answer_now
from eventstore.errors import NotFound, Rejected
from eventstore.model.objects import rid_text
from eventstore.model.state import State
from eventstore.past.moments import time_of
from eventstore.present.standing import Log, Standing
from eventstore.source import open_log
from tests.support.core import a_core
from tests.support.model import SECOND_US, START_US, appears, goes, init_disk, make
from tests.support.past import Past, at, back, past_of, time, tx

HEAD = 31
NEEDED: dict[str, dict[str, Any]] = {
    "get": {"object": "dg/vol"},
    "volume.maxsize": {"group": "dg"},
    "volume.maxgrow": {"group": "dg", "name": "vol"},
}


def objects(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["op"], row["object"]) for row in changes]


@pytest.mark.parametrize("question", sorted(STATE_QUESTIONS))
def test_the_past_answers_as_the_present_did(past: Past, question: str) -> None:
    args: dict[str, Any] = NEEDED.get(question, {})
    shared = past.source.replayers["shared"].state_at(1)
    states: dict[Log, State] = {"shared": shared, "node": past.core.state}
    now = answer_now(Standing("node", states.__getitem__), question, args)
    assert now.log == "node"
    assert past.data(question, **args) == now.data


def test_the_state_of_a_moment_is_the_one_that_was_current(past: Past) -> None:
    for position, document in past.core.documents.items():
        if position:
            assert past.data("state", at(position)) == document


def test_an_answer_says_of_which_log_and_moment_it_is(past: Past) -> None:
    found = past.asks("dg.list", at(8))
    assert (found["cluster"], found["log"], found["position"]) == ("prod", "node/node1", 8)
    assert found["resolved"] == f"at @8 ({found['at']})"
    assert past.asks("dg.list")["resolved"] is None


def test_the_shared_log_is_asked_by_its_name(past: Past) -> None:
    found = past.asks("state", {"kind": "head", "log": "shared"})
    assert (found["log"], found["position"]) == ("shared", 1)
    assert past.asks("state", {"kind": "head", "log": "node/node1"})["log"] == "node/node1"


def test_a_log_that_nobody_has_is_rejected(past: Past) -> None:
    with pytest.raises(Rejected, match="no log other"):
        past.asks("state", {"kind": "head", "log": "other"})


@pytest.mark.parametrize(
    ("question", "args", "when"),
    [
        ("nonsense", {}, None),
        ("get", {}, None),
        ("print", {"names": 7}, None),
        ("log", {"n": "three"}, None),
        ("diff", {"a": at(1)}, None),
        ("state", {}, {"kind": "noon"}),
        ("state", {}, "head"),
    ],
)
def test_a_question_that_is_put_wrongly_is_rejected(
    past: Past, question: str, args: dict[str, object], when: object
) -> None:
    with pytest.raises(Rejected):
        answer(past.source, question, args, when)


@pytest.mark.parametrize(
    "name", ["", "nobody", "dg/nobody", "#99", "#²", "x#1", "dg/", "#" + "9" * 5000]
)
def test_an_object_that_does_not_exist_is_not_found(past: Past, name: str) -> None:
    for question in ("get", "blame"):
        with pytest.raises(NotFound):
            past.asks(question, object=name)


def test_an_object_is_found_by_every_name_it_has(past: Past) -> None:
    dgid = past.core.dgid()
    vol = past.data("get", object="dg/vol")
    assert vol == past.data("get", object=rid_text(past.key("vol")))
    assert vol == past.data("get", object=f"{dgid}/vol")
    assert past.data("get", object="sdx")["identity"] == "id-sd1"
    assert past.data("get", object="dg")["rid"] == f"{dgid}#0"


def test_the_log_lists_every_commit_in_its_order(past: Past) -> None:
    assert past.log() == list(range(1, HEAD + 1))
    assert past.log(reverse=True) == list(range(HEAD, 0, -1))


@pytest.mark.parametrize(
    ("args", "positions"),
    [
        ({"n": 3}, [29, 30, 31]),
        ({"n": 2, "reverse": True}, [31, 30]),
        ({"n": 0}, []),
        ({"since": at(29)}, [29, 30, 31]),
        ({"until": at(2)}, [1, 2]),
        ({"since": at(8), "until": tx("make-wide")}, [8, 9]),
        ({"since": back(1)}, [30, 31]),
        ({"since": at(9), "until": at(8)}, []),
        ({"tx": "make-vol"}, [8]),
        ({"tx": "nobody"}, []),
        ({"actor": "ann"}, [10, 12]),
        ({"actor": "kernel", "n": 1}, [24]),
        ({"node": "node1", "n": 1}, [31]),
        ({"node": "node2"}, []),
        ({"type": "request-rejected"}, [10, 25]),
        ({"type": "disk-added"}, [7, 28, 31]),
        ({"type": "disk-added", "since": at(8), "n": 1}, [31]),
        ({"object": "dg/vol"}, [8, 12, 13, 15]),
        ({"object": "dg/vol", "type": "volume-resized"}, [12]),
        ({"object": "sdx"}, [3, 4, 13, 15]),
        ({"since": time(START_US)}, list(range(1, 32))),
        ({"since": time(START_US - SECOND_US)}, list(range(1, 32))),
        ({"since": time(2**60)}, []),
        ({"since": time(START_US + 1), "until": at(3)}, [3]),
        ({"which": "shared"}, [1]),
    ],
)
def test_the_log_lists_what_is_asked_for(
    past: Past, args: dict[str, Any], positions: list[int]
) -> None:
    assert past.log(**args) == positions


def test_a_line_of_the_log_says_who_did_what(past: Past) -> None:
    (line,) = past.data("log", tx="grow-vol")
    assert (line["position"], line["actor"], line["command"]) == (12, "ann", "vx volume.growby")
    assert line["objects"] == ["dg/d1-01", "dg/vol-01", "dg/vol"]
    assert line["events"] == ["subdisk-resized", "plex-resized", "volume-resized"]
    assert line["message"].startswith("why")


def test_what_was_removed_is_found_by_its_record_id(past: Past) -> None:
    wide = past.data("get", at(9), object="dg/wide")["rid"]
    assert past.log(object=wide) == [9, 11]
    with pytest.raises(NotFound):
        past.log(object="dg/wide")
    assert past.log(object="dg/wide", until=at(9)) == [9]


def test_what_was_renamed_is_found_by_its_record_id_and_every_name(past: Past) -> None:
    device = past.data("get", object="sdx")["rid"]
    assert past.log(object=device) == past.log(object="sdx") == [3, 4, 13, 15]
    assert past.log(object="sd1", until=at(12)) == [3, 4]


def test_show_tells_one_commit_whole(past: Past) -> None:
    shown = past.data("show", tx("grow-vol"))
    assert (shown["position"], shown["tx"], shown["term"]) == (12, "grow-vol", 0)
    assert shown["previous_hash"] == past.data("show", at(11))["hash"]
    assert shown["context"]["actor"]["user"] == "ann"
    assert shown["shared_position"] == 1
    assert shown["events"][0]["name"] == "subdisk-resized"
    assert objects(shown["diff"]) == [("~", "dg/d1-01"), ("~", "dg/vol"), ("~", "dg/vol-01")]
    assert shown["diff"][1]["fields"] == {"length_sectors": [100, 108]}


def test_show_tells_what_a_notification_caused(past: Past) -> None:
    shown = past.data("show", at(13))
    assert shown["context"]["cause"] == {"kind": "notification", "ref": "boot-1:7"}
    assert objects(shown["diff"]) == [
        ("~", "dg/d1"),
        ("~", "dg/vol"),
        ("~", "dg/vol-01"),
        ("~", "sd1"),
    ]


def test_every_commit_can_be_shown(past: Past) -> None:
    for position in range(1, HEAD + 1):
        assert past.data("show", at(position))["position"] == position
    assert past.data("show", at(1))["previous_hash"] is None


def test_diff_tells_what_leads_from_one_moment_to_another(past: Past) -> None:
    found = past.data("diff", a=at(8), b=at(12))
    assert (found["from"], found["to"]) == (8, 12)
    assert objects(found["changes"]) == [("~", "dg/d1-01"), ("~", "dg/vol"), ("~", "dg/vol-01")]


def test_diff_of_one_moment_is_empty(past: Past) -> None:
    assert past.data("diff", a=at(9), b=at(9))["changes"] == []


def by_record(rows: list[dict[str, Any]], *, turned: bool = False) -> dict[str, object]:
    """Differences by record ID; what is called otherwise at the end has another name there."""
    other = {"+": "-", "-": "+", "~": "~"}
    return {
        row["rid"]: (
            other[row["op"]] if turned else row["op"],
            {
                name: (new, old) if turned else (old, new)
                for name, (old, new) in row["fields"].items()
            },
        )
        for row in rows
    }


@pytest.mark.parametrize("a", range(1, HEAD, 3))
@pytest.mark.parametrize("b", [1, 9, 13, 22, 29, HEAD])
def test_diff_of_b_and_a_is_the_inverse_of_diff_of_a_and_b(past: Past, a: int, b: int) -> None:
    forth = past.data("diff", a=at(a), b=at(b))["changes"]
    back_again = past.data("diff", a=at(b), b=at(a))["changes"]
    assert by_record(back_again) == by_record(forth, turned=True)


@pytest.mark.parametrize(("a", "b"), [(1, HEAD), (8, 12), (HEAD, 9), (29, 30), (30, 29)])
def test_diff_leads_from_one_document_to_the_other(past: Past, a: int, b: int) -> None:
    before, after = (past.data("state", at(n))["state"] for n in (a, b))
    changed = {row["rid"] for row in past.data("diff", a=at(a), b=at(b))["changes"]}
    counted = {rid for rid in before.keys() | after.keys() if rid.endswith("#0")}
    differ = {rid for rid in before.keys() | after.keys() if before.get(rid) != after.get(rid)}
    assert changed <= differ
    assert differ - changed <= counted


def test_diff_can_be_about_one_object_and_what_is_in_it(past: Past) -> None:
    def about(name: str) -> list[tuple[str, str]]:
        return objects(past.data("diff", a=at(29), b=at(30), object=name)["changes"])

    assert about("temp/brief") == [("-", "temp/brief")]
    assert [name for _op, name in about("temp")] == [
        "temp",
        "temp/brief",
        "temp/brief-01",
        "temp/t1",
        "temp/t1-01",
    ]
    assert about("dg") == []


def test_diff_follows_an_object_through_its_names(past: Past) -> None:
    for name in ("sd1", "sdx", "#1"):
        changed = past.data("diff", a=at(12), b=at(15), object=name)["changes"]
        assert [row["fields"] for row in changed] == [{"name": ["sd1", "sdx"]}]


def test_diff_about_what_exists_at_neither_moment_is_not_found(past: Past) -> None:
    assert past.data("diff", a=at(10), b=at(12), object="dg/wide")["changes"] != []
    with pytest.raises(NotFound):
        past.asks("diff", a=at(11), b=at(12), object="dg/wide")


def test_blame_names_the_commit_that_gave_each_field_its_value(past: Past) -> None:
    rows = {row["field"]: row for row in past.data("blame", object="dg/vol")}
    assert (rows["name"]["position"], rows["name"]["value"]) == (8, "vol")
    assert (rows["length_sectors"]["position"], rows["length_sectors"]["actor"]) == (12, "ann")
    assert (rows["kstate"]["position"], rows["kstate"]["value"]) == (15, "ENABLED")
    assert rows["length_sectors"]["tx"] == "grow-vol"


def test_blame_covers_all_fields_of_every_record(past: Past) -> None:
    for rid in past.data("state")["state"]:
        found = {row["field"]: row["value"] for row in past.data("blame", object=rid)}
        shown = past.data("get", object=rid)
        assert found == {k: v for k, v in shown.items() if k not in ("object", "type", "rid")}


def test_blame_of_the_past_knows_nothing_of_later(past: Past) -> None:
    rows = {row["field"]: row for row in past.data("blame", at(9), object="dg/vol")}
    assert (rows["length_sectors"]["value"], rows["length_sectors"]["position"]) == (100, 8)


def test_blame_finds_what_is_gone_by_its_record_id_while_it_was_there(past: Past) -> None:
    wide = past.data("get", at(9), object="dg/wide")["rid"]
    assert past.data("blame", at(9), object=wide)[0]["position"] == 9
    with pytest.raises(NotFound):
        past.asks("blame", object=wide)


def test_blame_of_what_came_back_begins_anew(tmp_path: Path) -> None:
    core = a_core()
    core.sees(appears("sda"))
    core.asks(init_disk("sda"))
    core.sees(goes("sda"), appears("sdb", "id-sda"))
    with past_of(core, tmp_path) as past:
        rows = {row["field"]: row["position"] for row in past.data("blame", object="sdb")}
    assert (rows["identity"], rows["disk_id"], rows["name"], rows["present"]) == (3, 4, 6, 6)


@pytest.mark.parametrize(
    ("request_id", "outcome", "position"),
    [
        ("make-vol", "done", 8),
        ("too-much", "rejected", 10),
        ("make-third", "rejected", 25),
        ("nobody", "unknown", None),
    ],
)
def test_outcome_tells_what_became_of_a_request(
    past: Past, request_id: str, outcome: str, position: int | None
) -> None:
    found = past.data("outcome", id=request_id)
    assert (found["outcome"], found["position"]) == (outcome, position)


def test_a_request_that_was_rejected_and_then_done_is_done(tmp_path: Path) -> None:
    core = a_core(160)
    core.asks(make("vol", 200), "again")
    core.asks(make("vol", 100), "again")
    with past_of(core, tmp_path) as past:
        assert past.data("outcome", id="again")["outcome"] == "done"
        assert past.where("again") == core.position


def test_what_a_node_knew_is_what_it_had_applied_by_then(past: Past) -> None:
    reader = past.source.readers["node"]
    applied_us = reader.commit(8).applied_us
    found = past.data("knew", time(applied_us), node="node1")
    assert (found["node"], found["own"], found["shared"]) == ("node1", 8, 1)


def test_what_another_node_knew_is_not_in_this_log(past: Past) -> None:
    with pytest.raises(NotFound, match="not of node2"):
        past.data("knew", node="node2")


def test_verify_answers_for_both_logs_or_the_one_that_is_named(past: Past) -> None:
    both = past.data("verify", replay=True)
    assert (both["ok"], [row["log"] for row in both["logs"]]) == (True, ["shared", "node/node1"])
    one = past.data("verify", {"kind": "head", "log": "shared"})
    assert (one["log"], one["commits"]) == ("shared", 1)


def test_an_answer_about_a_time_that_nobody_observed_says_so(past: Past) -> None:
    reader = past.source.readers["node"]
    stopped_us, found_us = time_of(reader, 18), time_of(reader, 20)
    during = past.asks("dg.list", time((stopped_us + found_us) // 2))
    assert during["position"] == 18
    assert ["the daemon was down" in note for note in during["notes"]] == [True]
    for sure in (stopped_us, found_us):
        assert past.asks("dg.list", time(sure))["notes"] == []
    assert past.asks("dg.list", at(18))["notes"] == []


def test_each_interval_that_covers_a_moment_is_told(past: Past) -> None:
    reader = past.source.readers["node"]
    just_before_us = time_of(reader, 20) - 1
    notes = past.asks("dg.list", time(just_before_us))["notes"]
    assert len(notes) == 2
    assert "the clock jumped by -5.000 s" in notes[1]


def test_a_diff_over_a_time_that_nobody_observed_says_so(past: Past) -> None:
    notes = past.asks("diff", a=at(18), b=at(HEAD))["notes"]
    assert notes[0].startswith("from @18 (")
    assert len(notes) == 4
    assert past.asks("diff", a=at(HEAD), b=at(24))["notes"][1:] == []


def test_a_log_is_opened_by_its_home_or_its_file(tmp_path: Path) -> None:
    with past_of(a_core(160), tmp_path) as past:
        position = past.core.position
    for path in (tmp_path, tmp_path / "log.db"):
        with open_log(str(path)) as source:
            assert source.readers["node"].last() == position


def test_a_log_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound), open_log(str(tmp_path / "absent")):
        pass
