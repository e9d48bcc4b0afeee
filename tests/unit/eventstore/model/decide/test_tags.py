"""Names for commits: which may be given, and in which log."""

import pytest
from hypothesis import given, strategies as st

from cli import when
from eventstore.errors import NotFound, Rejected
from eventstore.model.decide import tags
from eventstore.model.decide.moment import Moment
from eventstore.model.decide.table import decide
from eventstore.model.evolve import apply
from eventstore.model.objects import Cluster, Node, Tag
from eventstore.model.state import State
from eventstore.model.tags import RemoveTag, SetTag, tags as tags_of

HERE = Moment("node1", 1, head=9)


def own_log(*names: str) -> State:
    state = State()
    state.put(Node("", 0, "node1", "c1", tags=tuple(Tag(name, 3) for name in names)))
    return state


def shared_log(*nodes: str, tag: str | None = None) -> State:
    state = State()
    named = () if tag is None else (Tag(tag, 2),)
    state.put(Cluster("", 0, "c", "c1", nodes, tags=named))
    return state


def set_tag(state: State, name: str, position: int | None = None) -> None:
    apply(state, decide(state, SetTag(name, position), HERE))


def test_a_tag_names_the_newest_commit_or_the_one_that_is_given() -> None:
    state = own_log()
    set_tag(state, "newest")
    set_tag(state, "first", 1)
    assert tags_of(state) == (Tag("first", 1), Tag("newest", 9))


def test_a_tag_can_be_taken_away_and_then_set_elsewhere() -> None:
    state = own_log("old")
    apply(state, decide(state, RemoveTag("old"), HERE))
    assert tags_of(state) == ()
    set_tag(state, "old", 7)
    assert tags_of(state) == (Tag("old", 7),)


@pytest.mark.parametrize("position", [0, -1, 10, 2**40])
def test_a_position_that_is_not_there_has_no_name(position: int) -> None:
    with pytest.raises(NotFound, match=f"@{position}"):
        decide(own_log(), SetTag("later", position), HERE)


def test_a_name_that_is_taken_stays_where_it_is() -> None:
    with pytest.raises(Rejected, match="names @3 already"):
        decide(own_log("old"), SetTag("old", 7), HERE)


def test_a_tag_that_is_not_there_cannot_be_taken_away() -> None:
    with pytest.raises(NotFound, match="no tag old"):
        decide(own_log(), RemoveTag("old"), HERE)


def test_a_log_has_a_bounded_number_of_tags() -> None:
    state = own_log(*(f"t{number}" for number in range(tags.TAGS_MAX)))
    with pytest.raises(Rejected, match="cannot be set"):
        decide(state, SetTag("more"), HERE)


@pytest.mark.parametrize("name", ["head", "HEAD", "now", "yester", "tod", "list", "7", "10:15"])
@pytest.mark.parametrize("more", ["", "@", " ago"])
def test_a_name_that_reads_like_another_moment_is_refused(name: str, more: str) -> None:
    with pytest.raises(Rejected, match="cannot name a commit"):
        decide(own_log(), SetTag(name + more), HERE)


@given(st.from_regex(tags.NAME, fullmatch=True) | st.text(max_size=12))
def test_what_can_name_a_commit_is_a_moment_of_its_own_and_nothing_else(name: str) -> None:
    assert tags.reads_as_tag(name) == when.reads_as_tag(name)
    if tags.reads_as_tag(name):
        assert when.parse(name, 1)["kind"] == "tag"


@pytest.mark.parametrize(
    ("command", "nodes", "home"),
    [
        (SetTag("t"), ("node1",), "node"),
        (SetTag("t"), ("node1", "node2"), "shared"),
        (SetTag("t", 1, "shared"), ("node1",), "shared"),
        (SetTag("t", 1, "node/node1"), ("node1", "node2"), "node"),
        (RemoveTag("in-shared"), ("node1",), "shared"),
        (RemoveTag("in-own"), ("node1", "node2"), "node"),
        (RemoveTag("nowhere"), ("node1", "node2"), "shared"),
    ],
)
def test_a_tag_is_in_the_log_that_it_points_into(
    command: SetTag | RemoveTag, nodes: tuple[str, ...], home: str
) -> None:
    assert tags.home_of(shared_log(*nodes, tag="in-shared"), own_log("in-own"), command) == home


def test_a_tag_in_the_log_of_another_node_is_that_nodes_to_set() -> None:
    with pytest.raises(Rejected, match="not this node's log"):
        decide(own_log(), SetTag("t", 1, "node/node2"), HERE)
    with pytest.raises(Rejected, match="there is no log"):
        decide(own_log(), SetTag("t", 1, "other"), HERE)
