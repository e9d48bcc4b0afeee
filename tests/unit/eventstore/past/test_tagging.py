"""A tag stands wherever a moment can be named, and means what it says now."""

from collections.abc import Iterator
from typing import Any

import pytest

from eventstore.errors import NotFound
from eventstore.model.tags import RemoveTag, SetTag
from tests.support.core import a_core
from tests.support.model import make
from tests.support.past import Past, When, at, past_of, tx

FIRST = 4
"""The commit that the tag names."""


def tag(name: str, log: str | None = None) -> When:
    return {"kind": "tag", "value": name, "log": log}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    core = a_core(160)
    core.asks(SetTag("first", FIRST), "tag-first")
    core.asks(make("vol", 8), "make-vol")
    core.asks(SetTag("gone"), "tag-gone")
    core.asks(RemoveTag("gone"), "untag-gone")
    core.asks(SetTag("made", None), "tag-made")
    with past_of(core, tmp_path_factory.mktemp("tagged")) as found:
        yield found


@pytest.mark.parametrize(
    ("question", "args"),
    [
        ("state", {}),
        ("print", {}),
        ("dg.list", {}),
        ("disk.list", {}),
        ("dg.free", {}),
        ("get", {"object": "sd1"}),
        ("show", {}),
        ("log", {}),
        ("blame", {"object": "sd1"}),
        ("trace", {}),
        ("knew", {}),
        ("tags", {}),
    ],
)
def test_every_question_takes_a_tag_for_its_moment(
    tagged: Past, question: str, args: dict[str, Any]
) -> None:
    named = tagged.asks(question, tag("first"), **args)
    assert named == tagged.asks(question, {**at(FIRST), "log": "node/node1"}, **args)


def test_a_tag_is_a_bound_of_a_diff_and_of_a_listing(tagged: Past) -> None:
    differing = tagged.data("diff", a=tag("first"), b={"kind": "head"})
    assert (differing["from"], differing["to"]) == (FIRST, tagged.source.readers["node"].last())
    assert tagged.log(since=tag("first"), until=tag("first")) == [FIRST]


@pytest.mark.parametrize("when", [tag("gone"), tag("never"), tag("first", "shared")])
def test_a_tag_that_is_not_there_is_not_found(tagged: Past, when: When) -> None:
    with pytest.raises(NotFound, match="there is no tag"):
        tagged.asks("state", when)


def test_tags_are_listed_as_they_were_at_a_moment(tagged: Past) -> None:
    def names(when: When | None = None) -> list[str]:
        return [row["tag"] for row in tagged.data("tags", when)]

    assert names() == ["first", "made"]
    assert names(tx("tag-gone")) == ["first", "gone"]
    assert names(at(FIRST)) == []


def test_a_tag_says_what_it_names_and_who_gave_it(tagged: Past) -> None:
    first = tagged.data("tags")[0]
    assert (first["log"], first["position"], first["actor"]) == ("node/node1", FIRST, "root")
    assert first["set_at"] == tagged.where("tag-first")
    (line,) = tagged.data("log", tx="tag-first")
    assert line["summary"] == f"@{FIRST} named first"


def test_a_tag_changes_no_configuration(tagged: Past) -> None:
    own = tagged.core.node.own
    assert own.last_change == tagged.where("make-vol")


def test_moments_are_looked_up_in_the_log_that_one_of_them_names(tagged: Past) -> None:
    found = tagged.data("moments", whens=[tag("first"), tx("make-vol"), {"kind": "head"}])
    assert found["log"] == "node/node1"
    positions = [one["position"] for one in found["moments"]]
    assert positions == [FIRST, tagged.where("make-vol"), tagged.source.readers["node"].last()]


def test_the_log_of_another_node_is_not_answered_from_this_one(tagged: Past) -> None:
    with pytest.raises(NotFound, match="this is the log of node1, not of node2"):
        tagged.asks("show", {**at(1), "log": "node/node2"})
    with pytest.raises(NotFound, match="not of node2"):
        tagged.asks("log", which="node/node2")
