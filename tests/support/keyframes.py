"""Keyframes of a store: cut where a test wants them, or where the survey does."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from eventstore.past.replay import open_keyframe
from eventstore.proofs.survey import Cut, Dropped, Finding, Reached, Slice, Walk, carry_out, survey
from eventstore.storage.keyframes import Keyframe, NotWhole, cut, write_last, write_slice
from eventstore.storage.reader import LogReader
from eventstore.storage.store import Store
from tests.support.long_history import extend


def cut_at(store: Store, positions: Collection[int], log: str = "node") -> None:
    """Give a log keyframes at positions, whatever they cost."""
    reader = store.logs[log]
    walk = Walk(reader)
    for commit in reader.commits():
        walk.take(commit)
        if commit.position in positions:
            place = Keyframe(log, commit.position, commit.hash, commit.digest, walk.last_change)
            frame, slices = cut(reader.lineage, place, walk.state)
            keep(store, frame, slices)


def keep(store: Store, frame: Keyframe, slices: list[bytes]) -> None:
    """Store a keyframe as a daemon does."""

    def work(driver: Any) -> None:
        for number, body in enumerate(slices[:-1]):
            write_slice(driver, frame.log, frame.position, number, body)
        write_last(driver, frame, slices[-1])

    store.keep(work)


def look_over(
    store: Store, log: str = "node", *, whole: bool = True, commits_min: int = 100
) -> list[Finding]:
    """Survey a log, do what is asked for, and return what was found, but for progress."""
    found: list[Finding] = []
    for finding in survey(store.logs[log], whole=whole, commits_min=commits_min):
        if isinstance(finding, Slice | Cut | Dropped):
            carry_out(store, finding)
        if not isinstance(finding, Slice | Reached):
            found.append(finding)
    return found


def cut_positions(findings: list[Finding]) -> list[int]:
    return [found.frame.position for found in findings if isinstance(found, Cut)]


def dropped_positions(findings: list[Finding]) -> list[int]:
    return [found.position for found in findings if isinstance(found, Dropped)]


def good_positions(reader: LogReader) -> list[int]:
    """Where there are keyframes that would be opened."""
    reader.keyframes.proven.clear()
    return [frame.position for frame in reader.keyframes.all() if _opens(reader, frame)]


def _opens(reader: LogReader, frame: Keyframe) -> bool:
    try:
        open_keyframe(reader, frame)
    except NotWhole:
        return False
    return True


def a_long_store(path: Path, commits: int, *, groups: int = 2, volumes: int = 3) -> Store:
    """Make a store with a long log, and open it."""
    with Store.open(path) as store:
        extend(store, commits, groups=groups, volumes=volumes)
    return Store.open(path)
