"""A bundle: a slice of a node's logs that says the same as the logs, and cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from eventstore.asking.questions import answer
from eventstore.errors import Conflict, Damaged, NotFound, Rejected, StoreError, UnknownFormat
from eventstore.keeping import bundling
from eventstore.past.moments import Moment
from eventstore.proofs import bundles, heads, signing
from eventstore.proofs.bundles import Bundle
from eventstore.proofs.heads import Head, Outside
from eventstore.proofs.verify import verify
from eventstore.source import Source, open_log
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from eventstore.text import iso
from tests.support.histories import the_whole_story
from tests.support.past import Past, past_of

READS: list[tuple[str, dict[str, Any]]] = [
    ("print", {}), ("dg.list", {}), ("disk.list", {}), ("state", {}), ("show", {}),
    ("log", {"n": 3}), ("head", {}), ("verify", {"replay": True}), ("knew", {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with past_of(the_whole_story(), tmp_path_factory.mktemp("bundled")) as found:
        yield found


def head_at(source: Source, position: int, home: Path) -> Head:
    reader = source.readers["node"]
    said = heads.head_of(
        reader.commit(position), reader.lineage, reader.name,
        cluster="c1", node="node1", time_us=1_790_000_000_000_000,
    )  # fmt: skip
    return heads.sign(said, signing.key_of(home, make=True))


def made(past: Past, where: Path, **given: Any) -> Path:
    """A bundle of the story, by default of all of it, signed, up to a signed head."""
    last = past.source.readers["node"].last()
    wanted = {
        "since": None, "until": None, "redact": False, "recording": {}, "made": iso(0),
        "by": "tests", "programs": {"vxconfigd": "0"}, "cluster_id": "c1",
        "heads": [head_at(past.source, last, where)],
        "signer": (signing.key_of(where), None),
    }  # fmt: skip
    content, _manifest = bundling.bundle(past.source, bundling.Wanted(**wanted | given))
    path = where / "bundle.vxb"
    path.write_bytes(content)
    return path


def at(position: int) -> Moment:
    return Moment("position", position)


@contextmanager
def node_log(path: Path) -> Iterator[LogReader]:
    with open_log(str(path)) as source:
        yield source.readers["node"]


def test_a_whole_bundle_has_every_commit_as_it_was(past: Past, tmp_path: Path) -> None:
    with open_log(str(made(past, tmp_path))) as source:
        for log, reader in source.readers.items():
            assert list(reader.commits()) == list(past.source.readers[log].commits())


def test_a_slice_answers_as_the_log_does(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    path = made(past, tmp_path, since=at(last // 2))
    with open_log(str(path)) as source:
        assert source.readers["node"].first == last // 2 - 1
        for position in range(last // 2, last + 1):
            when = {"kind": "position", "value": position}
            for question, args in READS[:5]:
                ours = answer(source, question, args, when)
                assert ours["data"] == past.asks(question, when, **args)["data"], question


def test_a_listing_names_what_came_before_the_slice(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    with open_log(str(made(past, tmp_path, since=at(last - 3)))) as source:
        for question in ("log", "follow"):
            args: dict[str, Any] = {"n": 3} if question == "log" else {"after": last - 3}
            assert answer(source, question, args, None)["data"] == past.data(question, **args)


def test_every_question_has_an_answer_on_a_slice(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    with open_log(str(made(past, tmp_path, since=at(last - 5), until=at(last - 1)))) as source:
        for question, args in READS:
            assert answer(source, question, args, None)["data"] is not None
        low = {"kind": "relative", "value": -2}
        head = {"kind": "head"}
        assert answer(source, "diff", {"a": low, "b": head}, None)["data"]["to"] == last - 1
        with pytest.raises(NotFound, match="has no commit @1"):
            answer(source, "state", {}, {"kind": "position", "value": 1})


def test_a_slice_verifies_and_leads_to_its_signed_head(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    path = made(past, tmp_path, since=at(3), until=at(last - 4))
    assert Bundle(path).problems() == ["shared: no signed head of it is here"]
    with node_log(path) as reader:
        found = verify(reader, with_replay=True)
        assert (found.ok, found.first, found.commits) == (True, 2, last - 4)


def test_who_asked_can_be_left_out_and_the_chain_still_holds(past: Past, tmp_path: Path) -> None:
    path = made(past, tmp_path, redact=True)
    with node_log(path) as reader:
        commits = list(reader.commits())
        assert all(commit.context is None for commit in commits)
        assert [c.hash for c in commits] == [c.hash for c in past.source.readers["node"].commits()]
        assert verify(reader, with_replay=True).ok
    assert b"vxassist" not in Bundle(path).section("node.commits")


def test_a_recording_comes_back_as_it_was(past: Past, tmp_path: Path) -> None:
    files = {"00000001-000000.rec": b"some" * 1000, "00000001-000001.rec": b""}
    assert Bundle(made(past, tmp_path, recording=files)).recording() == files


def test_a_bundle_is_small(past: Past, tmp_path: Path) -> None:
    path = made(past, tmp_path)
    stored = sum(
        len(commit.header) + len(commit.payload) + len(commit.context or b"")
        for reader in past.source.readers.values()
        for commit in reader.commits()
    )
    sections = Bundle(path).manifest.sections
    assert sum(one.packed for one in sections) < stored / 3


def test_a_head_that_says_otherwise_stops_the_making(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    reader = past.source.readers["node"]
    false = heads.head_of(
        reader.commit(last - 1)._replace(position=last), reader.lineage, reader.name,
        cluster="c1", node="node1", time_us=1,
    )  # fmt: skip
    signing.key_of(tmp_path, make=True)
    with pytest.raises(Damaged, match="is another one than a signed head says"):
        made(past, tmp_path, heads=[false])


def test_nobody_signed_is_said(past: Past, tmp_path: Path) -> None:
    found = Bundle(made(past, tmp_path, signer=None, heads=[])).problems()
    assert found == [
        "nobody signed the bundle itself",
        "shared: no signed head of it is here",
        "node/node1: no signed head of it is here",
    ]


def test_a_changed_byte_anywhere_is_found(past: Past, tmp_path: Path) -> None:
    path = made(past, tmp_path)
    content, random = path.read_bytes(), Random(1)
    for _ in range(300):
        planted = bytearray(content)
        planted[random.randrange(len(planted))] ^= random.randint(1, 255)
        path.write_bytes(planted)
        assert _found(path)


def _found(path: Path) -> bool:
    try:
        problems = Bundle(path).problems()
    except StoreError:
        return True
    return any("does not hold" in one or "nobody" in one for one in problems)


@pytest.mark.parametrize("cut", [1, 100, 3000])
def test_a_bundle_that_was_cut_short_is_told(cut: int, past: Past, tmp_path: Path) -> None:
    path = made(past, tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(Conflict, match="not what was written"):
        Bundle(path)


def test_what_is_no_bundle_or_a_newer_one_is_told(past: Past, tmp_path: Path) -> None:
    path = made(past, tmp_path)
    path.write_bytes(b"vxbundle 2\n" + path.read_bytes()[11:])
    with pytest.raises(UnknownFormat, match="in a format"):
        Bundle(path)
    path.write_bytes(b"nothing")
    with pytest.raises(Rejected, match="is no bundle"):
        Bundle(path)


def test_no_daemon_opens_an_unfolded_slice(past: Past, tmp_path: Path) -> None:
    Bundle(made(past, tmp_path)).unfold(tmp_path / "log.db")
    with pytest.raises(UnknownFormat):
        Store.open(tmp_path / "log.db")
    with open_log(str(tmp_path)) as source:
        assert source.readers["node"].is_slice


def test_heads_outside_a_slice_say_nothing_about_it(past: Past, tmp_path: Path) -> None:
    last = past.source.readers["node"].last()
    with node_log(made(past, tmp_path, since=at(5), until=at(last - 2))) as reader:
        known = [
            Outside(reader.lineage.hex(), at_, past.source.readers["node"].commit(at_).hash.hex())
            for at_ in (2, 7, last)
        ]
        found = verify(reader, with_replay=False, heads=known)
        assert (found.ok, found.known_to) == (True, 7)
        false = [Outside(reader.lineage.hex(), 7, "00" * 32)]
        assert verify(reader, with_replay=False, heads=false).first_bad == 7


def test_another_versions_state_is_not_taken_for_the_beginning(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(past, tmp_path, since=at(9))
    monkeypatch.setattr("eventstore.storage.keyframes.MODEL", "another")
    with open_log(str(path)) as source, pytest.raises(UnknownFormat, match="no state to begin"):
        answer(source, "state", {}, None)
    assert bundles.is_bundle(path)
