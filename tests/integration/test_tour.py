"""README's tour is what `make run` prints, but for what differs from run to run."""

import signal

import pytest

from tests.support import tour
from tests.support.clusters import processes_of
from tests.support.loopdisks import needs_loop_devices
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(tour.DEADLINE_S)]


@pytest.mark.root
@needs_loop_devices
def test_the_tour_in_the_readme_is_what_the_program_prints() -> None:
    assert tour.normalised(tour.give()) == tour.normalised(tour.in_readme())


@pytest.mark.long
def test_without_loop_devices_the_tour_is_given_on_the_monitor() -> None:
    said = tour.give("--monitor")
    assert said.count("acknowledged and missing: 0") == 2
    assert said.count("commits hold: rows, chain, content, replay, digest") == 8


def test_whoever_interrupts_it_finds_everything_stopped() -> None:
    with tour.begun("--monitor") as (directory, process):
        wait_until(lambda: len(processes_of(directory / "cluster")) > 1, tour.DEADLINE_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(tour.DEADLINE_S) == 128 + signal.SIGINT
        assert processes_of(directory) == []
