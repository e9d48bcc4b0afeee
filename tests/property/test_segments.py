"""Any commits that follow each other come back from a segment as they were."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings, strategies as st

from eventstore.codec import ZERO_HASH, Commit, Draft, Head, head_after, seal
from eventstore.storage.segment import Segment, pack

LINEAGE = bytes(range(16))
BYTES = st.binary(max_size=40)


@st.composite
def chains(draw: st.DrawFn) -> list[Commit]:
    head, commits = Head(LINEAGE, draw(st.integers(0, 2**40)), ZERO_HASH, 0), list[Commit]()
    for _ in range(draw(st.integers(1, 12))):
        draft = Draft(
            draw(st.text(max_size=8)), "node1", draw(BYTES), draw(BYTES), draw(st.binary(
                min_size=17, max_size=17)), draw(st.integers(0, 2**50)),
            draw(st.none() | st.integers(0, 2**40)), draw(st.integers(0, 2**30)),
        )  # fmt: skip
        commit = seal(head, draft, draw(st.integers(-(2**50), 2**50)))
        head = head_after(head, commit)
        redacted = draw(st.booleans())
        commits.append(commit._replace(context=None) if redacted else commit)
    return commits


@given(commits=chains())
@settings(deadline=None, max_examples=60)
def test_what_is_packed_is_given_back(commits: list[Commit]) -> None:
    data, sealed = pack("node", LINEAGE, ZERO_HASH, commits)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        segment = Segment(Path(file.name), sealed)
        segment.check()
        assert segment.commits(0) == commits
        assert segment.payloads(0) == [commit.payload for commit in commits]
        assert (segment.foot.first, segment.foot.last) == (
            commits[0].position,
            commits[-1].position,
        )
