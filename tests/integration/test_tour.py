"""README's tour is what `make run` prints, but for what differs from run to run."""

import pytest

from tests.support import tour
from tests.support.loopdisks import needs_loop_devices

pytestmark = pytest.mark.integration


@pytest.mark.root
@needs_loop_devices
def test_the_tour_in_the_readme_is_what_the_program_prints() -> None:
    assert tour.normalised(tour.give()) == tour.normalised(tour.in_readme())


def test_without_loop_devices_the_tour_is_given_on_the_monitor() -> None:
    said = tour.give("--monitor")
    assert "acknowledged and missing: 0" in said
    assert "commits hold: rows, chain, content, replay, digest" in said
