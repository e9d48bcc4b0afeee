"""Segments that earlier releases wrote give back what was put into them, for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import astuple

from eventstore.codec import content_hashes_hold
from eventstore.storage.segment import BLOCK_COMMITS, Segment

KEPT = sorted(Path(__file__).parent.glob("segments/*.segment"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_golden_segment_is_what_was_sealed(path: Path) -> None:
    recorded = json.loads(path.with_suffix(".json").read_text())
    segment = Segment(path, bytes.fromhex(recorded["seal"]))
    segment.check()
    foot = segment.foot
    assert (foot.first, foot.last) == (recorded["first"], recorded["last"])
    assert foot.hash.hex() == recorded["hash"]
    assert [list(astuple(one)) for one in foot.redactions] == recorded["redactions"]
    blocks = range(len(foot.blocks))
    commits = [commit for number in blocks for commit in segment.commits(number)]
    assert [commit.hash.hex()[:16] for commit in commits] == recorded["hashes"]
    assert all(map(content_hashes_hold, commits))
    assert [c.position for c in commits if c.context is None] == [
        position for position, _log, _by in recorded["redactions"]
    ]
    assert [c.payload for c in commits[:BLOCK_COMMITS]] == segment.payloads(0)


def test_there_is_a_golden_segment() -> None:
    assert [path.stem for path in KEPT] == ["format-1"]
