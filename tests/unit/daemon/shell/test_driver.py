"""The loop around the core: one flush for what waits, and nothing after a failed one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from daemon.config import ClusterSettings, NodeSettings, Settings
from daemon.core.messages import AnyMessage, Deposed
from daemon.core.ready import Answer, Begin, Directive, Replay, Stop, Submit
from daemon.shell import home as homes
from daemon.shell.driver import QUEUE_MAX, Driver, Unsettled
from daemon.shell.recovery import recover
from eventstore.codec import Context
from eventstore.errors import AppendFailed, Overloaded, Unavailable
from eventstore.model.commands import DestroyDiskGroup

ERROR = AppendFailed("V-5-1-12204", "the log could not be written", cause="no room")
Failures = list[tuple[Unavailable, list[Unsettled]]]


@pytest.fixture
def failures() -> Failures:
    """What the driver told its owner."""
    return []


@pytest.fixture
def driver(tmp_path: Path, failures: Failures) -> Iterator[Driver]:
    homes.found(tmp_path, Settings(ClusterSettings("lab"), NodeSettings("node1")))
    store, node = recover(tmp_path / "log.db")
    quiet = structlog.wrap_logger(
        structlog.ReturnLogger(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
    )
    yield Driver(store, node, Nobody(), quiet, lambda error, left: failures.append((error, left)))
    store.close()


class Nobody:
    """No peers and no kernel: a node alone, of which nothing is asked."""

    def send(self, to: str, message: AnyMessage) -> None:
        raise AssertionError((to, message))

    def direct(self, directive: Directive) -> None:
        raise AssertionError(directive)

    def replay(self, wanted: Replay) -> None:
        raise AssertionError(wanted)


def in_a_loop(story: Callable[[], None]) -> None:
    """Tell a story inside an event loop, and let what it scheduled happen."""

    async def main() -> None:
        story()
        happened = asyncio.Event()
        asyncio.get_running_loop().call_soon(happened.set)
        await happened.wait()

    asyncio.run(main())


def request(name: str, *, dry_run: bool = False) -> Submit:
    """Return a request that will be rejected, which is a commit too."""
    return Submit(0, name, "dg.destroy", DestroyDiskGroup("none"), Context(), dry_run=dry_run)


def test_what_waits_in_one_turn_of_the_loop_shares_a_flush(driver: Driver) -> None:
    answers: list[Answer] = []

    def story() -> None:
        driver.put(Begin("boot", "1", "3"))
        for i in range(50):
            driver.submit(request(f"r{i}"), answers.append)
        assert driver.store.logs["node"].last() == 1

    in_a_loop(story)
    assert driver.store.logs["node"].last() == 52
    assert [answer["ok"] for answer in answers] == [False] * 50


def test_nobody_is_answered_before_the_flush(driver: Driver) -> None:
    seen: list[int] = []

    def story() -> None:
        driver.put(Begin("boot", "1", "3"))
        driver.submit(request("r"), lambda _answer: seen.append(driver.store.logs["node"].last()))

    in_a_loop(story)
    assert seen == [3]


def test_what_peers_said_shares_a_step_once_all_was_heard(driver: Driver) -> None:
    def story() -> None:
        driver.put(Begin("boot", "1", "3"))
        driver.receive("node2", Deposed(7, "node2", 1))
        assert driver.node.member.heard == 0
        driver.heard()
        assert driver.node.member.heard == 7
        driver.heard()

    in_a_loop(story)


def test_one_input_too_many_is_refused(driver: Driver) -> None:
    def story() -> None:
        for _ in range(QUEUE_MAX):
            driver.put(request("dry", dry_run=True))
        with pytest.raises(Overloaded):
            driver.put(request("one too many"))

    in_a_loop(story)
    in_a_loop(lambda: driver.put(request("room again", dry_run=True)))


def test_after_a_failed_flush_nobody_is_answered_and_nothing_is_taken(
    driver: Driver, failures: Failures
) -> None:
    answers: list[Answer] = []
    driver.store._failed = ERROR

    def story() -> None:
        driver.put(Begin("boot", "1", "3"))
        driver.submit(request("r1"), answers.append)
        driver.submit(request("r2"), answers.append)

    in_a_loop(story)
    assert answers == []
    ((error, left),) = failures
    assert (error, [one.request for one in left]) == (ERROR, ["r1", "r2"])
    with pytest.raises(AppendFailed):
        driver.put(Stop("test"))
    assert driver.store.logs["node"].last() == 1
