"""Logs that earlier releases wrote replay to the state that they recorded, for ever."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.codec import decode_events
from eventstore.model import digest
from eventstore.past.history import Wanted, log_lines, show
from eventstore.past.replay import replay
from eventstore.present.views import document_view
from eventstore.proofs.verify import verify
from eventstore.source import Source, open_log
from eventstore.storage.schema import LOGS
from eventstore.storage.store import Store
from tests.golden.make import as_text, states_of
from tests.support.histories import EVENTS

RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/log.db"))
NEWEST = RELEASES[-1]


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy, so that nothing can change what is kept."""
    path: Path = shutil.copytree(request.param, tmp_path / "golden")
    return path


@pytest.fixture
def source(release: Path) -> Iterator[Source]:
    with open_log(str(release / "log.db")) as found:
        yield found


@pytest.fixture
def expected(release: Path) -> Any:
    return json.loads((release / "expected.json").read_text())


def as_recorded(document: Any, recorded: Any) -> Any:
    """A state's document without the fields that records gained since."""
    return {
        rid: {
            name: plain(value) for name, value in record.items() if name in recorded.get(rid, ())
        }
        for rid, record in document.items()
    }


def plain(value: object) -> object:
    return json.loads(as_text(value))


def test_a_golden_log_verifies(source: Source) -> None:
    for reader in source.readers.values():
        assert verify(reader, with_replay=True).problem is None


def test_a_golden_log_replays_to_the_recorded_state_at_every_position(
    source: Source, expected: Any
) -> None:
    for position, document in states_of(expected).items():
        state = replay(source.readers["node"], int(position))
        assert as_recorded(document_view(state)["state"], document) == document


def test_a_golden_log_gives_the_recorded_digests_and_hashes(source: Source, expected: Any) -> None:
    for log, reader in source.readers.items():
        states = (replay(reader, at) for at in range(1, reader.last() + 1))
        found = [digest.stored(digest.of_state(state)).hex() for state in states]
        assert found == expected["digests"][log]
        assert reader.head().hash.hex() == expected["hashes"][log]


def test_a_golden_log_can_be_read_commit_by_commit(source: Source) -> None:
    replayer = source.replayers["node"]
    lines = log_lines(replayer.reader, Wanted(), 1, replayer.reader.last())
    shown = [show(replayer, row["position"]) for row in lines]
    assert [row["position"] for row in shown] == list(range(1, replayer.reader.last() + 1))


def test_a_golden_store_opens_for_appending(release: Path) -> None:
    with Store.open(release / "log.db") as store:
        assert all(store.heads[log].position > 0 for log in LOGS)
    assert (release / "log.db").exists()


def test_the_newest_golden_log_holds_every_event() -> None:
    with open_log(str(NEWEST / "log.db")) as source:
        commits = [commit for reader in source.readers.values() for commit in reader.commits()]
    told = {type(event) for commit in commits for event in decode_events(commit.payload)}
    assert told == set(EVENTS)


def test_a_golden_log_is_small() -> None:
    assert sum(path.stat().st_size for path in NEWEST.iterdir()) < 300_000
