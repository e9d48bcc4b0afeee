"""A read of all that a daemon knows goes beside the loop, and changes go on meanwhile (I14)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from daemon.shell.past import PastReader
from daemon.wire import control
from eventstore.source import DATABASE
from eventstore.storage.store import Store
from tests.support.asking import asked, held
from tests.support.daemons import DEADLINE_S, Daemon, daemon_without_disks
from tests.support.long_history import extend
from tests.support.processes import readers
from tests.support.stores import raw
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration

COMMITS = 2500
VOLUMES = 150
"""In each of eight groups."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with some thousand records."""
    with daemon_without_disks(tmp_path_factory.mktemp("full")) as daemon:
        with Store.open(daemon.home / DATABASE) as store:
            extend(store, COMMITS, volumes=VOLUMES)
        daemon.start()
        yield daemon


def rename(daemon: Daemon, group: str, name: str) -> int:
    return daemon.do("dg.rename", {"group": group, "new_name": name})


def reader_of(daemon: Daemon) -> int:
    """The process that has answered a large question."""
    daemon.query("state")
    (reader,) = readers(daemon.pid)
    return reader


@pytest.mark.parametrize("question", ["state", "print", "dg.list", "disk.list", "dg.free"])
def test_a_change_is_answered_while_a_large_read_is_under_way(full: Daemon, question: str) -> None:
    with ExitStack() as stack:
        with held(reader_of(full)):
            read = stack.enter_context(asked(full, question))
            rename(full, "dg0001", "renamed")
            rename(full, "renamed", "dg0001")  # the first is behind the question by now
            assert not read.is_answered
        assert read.answer()["ok"] is True


def test_a_small_read_is_answered_while_a_large_one_is_under_way(full: Daemon) -> None:
    with ExitStack() as stack:
        with held(reader_of(full)):
            read = stack.enter_context(asked(full, "state"))
            assert full.query("print", group="dg0002")["groups"][0]["dg"]["name"] == "dg0002"
            assert full.query("status")["groups"] == 8
            assert not read.is_answered
        assert read.answer()["ok"] is True


def test_a_large_read_holds_what_was_acknowledged_before_it(full: Daemon) -> None:
    for name in ("one", "two", "three"):
        position = rename(full, "dg0003", name)
        answer = full.ask(control.query("print", {}))
        assert answer["position"] >= position
        assert (answer["log"], answer["resolved"]) == ("node/node1", None)
        assert name in {row["dg"]["name"] for row in answer["data"]["groups"]}
        rename(full, name, "dg0003")


def test_a_reader_that_was_killed_leaves_no_large_read_without_an_answer(full: Daemon) -> None:
    reader = reader_of(full)
    with held(reader), asked(full, "dg.list") as read:
        rename(full, "dg0004", "dg0004x")
        rename(full, "dg0004x", "dg0004")
        os.kill(reader, signal.SIGKILL)
        assert len(read.answer()["data"]) == 8


def test_a_reader_that_nobody_asks_any_more_ends_by_itself(full: Daemon) -> None:
    async def ask_once() -> None:
        reader = PastReader(full.home, idle_s=0.01)
        request: dict[str, object] = {"question": "dg.list", "args": {}, "at": None}
        assert (await reader.ask(request, DEADLINE_S)).message()["ok"] is True
        await asyncio.to_thread(wait_until, lambda: not readers(os.getpid()))
        assert (await reader.ask(request, DEADLINE_S)).message()["ok"] is True
        await reader.stop()

    asyncio.run(ask_once())


def test_a_client_that_reads_a_large_answer_slowly_delays_nobody(full: Daemon) -> None:
    with asked(full, "state") as read:
        full.query("state")  # the one before it is written, as far as the kernel takes it
        rename(full, "dg0005", "dg0005x")
        rename(full, "dg0005x", "dg0005")
        assert read.answer()["ok"] is True


def test_all_that_is_in_trouble_is_counted_and_a_hundred_are_named(full: Daemon) -> None:
    problems = full.query("status")["problems"]
    assert len(problems) == 101
    assert problems[-1]["text"].endswith("more volumes and disks are in trouble")


def test_a_large_read_of_a_log_that_cannot_be_replayed_is_answered_from_memory(
    tmp_path: Path,
) -> None:
    with daemon_without_disks(tmp_path) as daemon:
        with Store.open(daemon.home / DATABASE) as store:
            extend(store, COMMITS, volumes=VOLUMES)
        daemon.start()
        with raw(daemon.home / DATABASE) as connection:
            connection.execute("UPDATE node_commits SET payload = x'90' WHERE position = 1")
            connection.execute("DELETE FROM keyframes")
        wait_until(lambda: len(daemon.query("dg.list")) == 8)
        assert len(daemon.query("print")["groups"]) == 8
