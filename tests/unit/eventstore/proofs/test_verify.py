"""Whether a log is what was written: each check, with a planted violation that it finds."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec import msgpack, structs, to_builtins

from eventstore.codec import ZERO_HASH, Commit, Draft, Head, chain, encode_events, seal
from eventstore.model import digest, events as ev
from eventstore.model.evolve import apply
from eventstore.model.state import State
from eventstore.proofs.heads import Outside
from eventstore.proofs.verify import Verdict, verify
from tests.support.core import LINEAGES
from tests.support.past import Past, at, log_of, sealed

Plant = Callable[[Commit], Commit]
FRESH = Head(LINEAGES["node"], 0, ZERO_HASH, 0)
CREATED = ev.NodeCreated("node1", "c1")
STOPPED = encode_events([ev.DaemonStopped("SIGTERM")])


def digest_after(*events: ev.AnyEvent) -> bytes:
    return digest.stored(digest.updated(0, apply(State(), events)))


def three() -> list[Commit]:
    """Three commits that hold."""
    commits = [sealed(FRESH, encode_events([CREATED]), digest_after(CREATED), 5)]
    for _ in range(2):
        commits.append(sealed(head_of(commits[-1]), STOPPED, digest_after(CREATED), 5))
    return commits


def head_of(commit: Commit) -> Head:
    return Head(FRESH.lineage, commit.position, commit.hash, 5)


def verdict(where: Path, commits: list[Commit]) -> Verdict:
    with log_of(where, commits) as source:
        return verify(source.readers["node"], with_replay=True)


def test_the_whole_story_verifies(past: Past) -> None:
    for reader in past.source.readers.values():
        found = verify(reader, with_replay=True)
        assert (found.ok, found.first_bad, found.problem) == (True, None, None)
        assert (found.commits, found.head_hash) == (reader.last(), reader.head().hash.hex())


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    assert verdict(tmp_path, []).ok


def resealed(commit: Commit, field: int, value: object) -> Commit:
    """The same commit with one field of its header changed, and the hash to match."""
    header = msgpack.encode(
        [value if n == field else old for n, old in enumerate(msgpack.decode(commit.header))]
    )
    return commit._replace(header=header, hash=chain(ZERO_HASH, header))


@pytest.mark.parametrize(
    ("plant", "problem"),
    [
        (lambda c: resealed(c, 0, 2), "format 2.1"),
        (lambda c: resealed(c, 1, bytes(16)), "belongs elsewhere"),
        (lambda c: resealed(c, 2, 7), "belongs elsewhere"),
        (lambda c: resealed(c, 6, 2), "format 1.2"),
        (lambda c: resealed(c, 8, bytes(32)), "payload or context"),
        (lambda c: resealed(c, 9, bytes(32)), "payload or context"),
        (lambda c: c._replace(payload=STOPPED), "payload or context"),
        (lambda c: c._replace(context=b"\x81\xa7message\xa1x"), "payload or context"),
        (lambda c: c._replace(digest=digest.stored(7)), "another state than was recorded"),
        (lambda c: c._replace(digest=b"\x02" + c.digest[1:]), "another state than was recorded"),
    ],
)
def test_a_planted_lie_is_found_where_it_stands(
    tmp_path: Path, plant: Plant, problem: str
) -> None:
    found = verdict(tmp_path, [plant(three()[0])])
    assert not found.ok
    assert found.first_bad == 1
    assert problem in (found.problem or "")


@pytest.mark.parametrize(("lies", "rots"), [(2, 3), (3, 2), (2, 2)])
def test_of_two_faults_the_first_is_named_whichever_check_knows_of_it(
    tmp_path: Path, lies: int, rots: int
) -> None:
    commits = three()
    commits[lies - 1] = commits[lies - 1]._replace(digest=digest.stored(7))
    commits[rots - 1] = commits[rots - 1]._replace(context=b"\x81\xa7message\xa1x")
    found = verdict(tmp_path, commits)
    first = "another state" if lies < rots else "payload or context"
    assert (found.first_bad, found.commits) == (2, 1)
    assert first in (found.problem or "")


def test_a_commit_that_does_not_follow_from_the_last_is_found(tmp_path: Path) -> None:
    first, second, third = three()
    found = verdict(tmp_path, [first, second._replace(hash=bytes(32)), third])
    assert (found.first_bad, found.commits) == (2, 1)
    assert found.problem == "commit @2 is not what was written"


def test_a_commit_that_is_missing_is_found(tmp_path: Path) -> None:
    first, _second, third = three()
    found = verdict(tmp_path, [first, third])
    assert (found.first_bad, found.problem) == (2, "log node/node1: commit @2 is missing")


def test_time_that_goes_back_is_found(tmp_path: Path) -> None:
    first = three()[0]
    earlier = Draft("tx", "node1", b"\x80", STOPPED, digest_after(CREATED), 1)
    second = seal(head_of(first)._replace(time_us=0), earlier, 1)
    found = verdict(tmp_path, [first, second])
    assert (found.first_bad, found.problem) == (2, "commit @2: time goes back")


def test_an_event_that_does_not_fit_is_found(tmp_path: Path) -> None:
    first = three()[0]
    payload = encode_events([ev.VolumeResized("", 0, length=8)])
    found = verdict(tmp_path, [first, sealed(head_of(first), payload, b"", 5)])
    assert found.first_bad == 2
    assert "does not fit" in (found.problem or "")


def test_a_commit_of_a_newer_model_is_named(tmp_path: Path) -> None:
    first = three()[0]
    newer = STOPPED.replace(b"stopped/1", b"stopped/9")
    found = verdict(tmp_path, [first, sealed(head_of(first), newer, b"", 5)])
    assert found.first_bad == 2
    assert "daemon-stopped/9" in (found.problem or "")


def test_a_redacted_context_still_verifies(tmp_path: Path) -> None:
    commits = [commit._replace(context=None) for commit in three()]
    assert verdict(tmp_path, commits).ok


def test_without_replay_no_state_is_looked_at(tmp_path: Path) -> None:
    with log_of(tmp_path, [three()[0]._replace(digest=b"?")]) as source:
        assert verify(source.readers["node"], with_replay=False).ok


def test_payload_and_context_are_hashed_as_they_are_stored() -> None:
    commit = three()[0]
    assert commit.context is not None
    assert commit.header.endswith(
        b"\xc4\x20"
        + sha256(commit.context).digest()
        + b"\xc4\x20"
        + sha256(commit.payload).digest()
    )


def test_a_log_is_verified_in_pieces_and_goes_on_from_a_checkpoint(past: Past) -> None:
    reader, replayer = past.source.readers["node"], past.source.replayers["node"]
    whole = verify(reader, with_replay=True)
    piece = verify(reader, with_replay=True, most=7, replayer=replayer)
    reached = [piece.commits]
    while piece.checkpoint is not None:
        piece = verify(reader, with_replay=True, most=7, after=piece.checkpoint, replayer=replayer)
        reached.append(piece.commits)
    assert (piece.ok, piece.head_hash, piece.digest) == (True, whole.head_hash, whole.digest)
    assert reached == [*range(7, whole.commits, 7), whole.commits]


def test_what_was_checked_and_is_another_one_now_is_found(past: Past) -> None:
    reader = past.source.readers["node"]
    checkpoint = verify(reader, with_replay=False, most=7).checkpoint
    assert checkpoint is not None
    planted = structs.replace(checkpoint, hash="00" * 32)
    found = verify(reader, with_replay=True, after=planted)
    assert (found.ok, found.first_bad) == (False, 7)
    assert "is not the one that was checked" in str(found.problem)


def test_a_check_leaves_the_states_of_the_past_alone(past: Past) -> None:
    reader, replayer = past.source.readers["node"], past.source.replayers["node"]
    checkpoint = verify(reader, with_replay=True, most=7).checkpoint
    before = past.data("state", at(7))
    assert verify(reader, with_replay=True, after=checkpoint, replayer=replayer).ok
    assert past.data("state", at(7)) == before


def test_heads_from_outside_say_up_to_where_it_is_the_same_log(past: Past) -> None:
    reader = past.source.readers["node"]
    last = reader.last()
    heads = [Outside(reader.lineage.hex(), n, reader.commit(n).hash.hex()) for n in (3, last)]
    found = verify(reader, with_replay=False, heads=heads)
    assert (found.ok, found.known_to) == (True, last)
    longer = structs.replace(heads[1], position=last + 5, source="a safe")
    found = verify(reader, with_replay=False, heads=[heads[0], longer])
    assert (found.first_bad, found.known_to) == (last + 1, 3)
    assert f"ends @{last}, and the head of a safe says @{last + 5}" in str(found.problem)
    other = structs.replace(heads[1], hash="00" * 32)
    found = verify(reader, with_replay=False, heads=[heads[0], other])
    assert (found.first_bad, found.known_to) == (last, 3)


def test_a_head_of_a_log_that_another_has_replaced_is_told(past: Past) -> None:
    reader = past.source.readers["node"]
    of_another = Outside("00" * 16, 1, "00" * 32, log=reader.name)
    data = past.data("verify", heads=[to_builtins(of_another)])
    assert not data["ok"]
    assert "no log here has the lineage" in data["problem"]
    elsewhere = structs.replace(of_another, log="node/node7")
    ours = Outside(reader.lineage.hex(), 1, reader.commit(1).hash.hex())
    assert past.data("verify", heads=[to_builtins(elsewhere), to_builtins(ours)])["ok"]
    assert not past.data("verify", heads=[to_builtins(elsewhere)])["ok"]


def test_a_piece_knows_the_heads_of_the_pieces_before_it(past: Past) -> None:
    reader = past.source.readers["node"]
    checkpoint = verify(reader, with_replay=False, most=7).checkpoint
    early = Outside(reader.lineage.hex(), 3, reader.commit(3).hash.hex())
    assert verify(reader, with_replay=False, after=checkpoint, heads=[early]).known_to == 3
    false = structs.replace(early, hash="00" * 32)
    assert verify(reader, with_replay=False, after=checkpoint, heads=[false]).first_bad == 3
