"""Commands run in this process, against a daemon that answers from a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.answers import by_question
from tests.support.commands import Runner
from tests.support.fake_daemon import FakeDaemon, fake_daemon


@pytest.fixture(scope="session")
def everything() -> Iterator[FakeDaemon]:
    with fake_daemon(by_question) as daemon:
        yield daemon


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], everything: FakeDaemon) -> Runner:
    everything.requests.clear()
    return Runner(capsys, everything)
