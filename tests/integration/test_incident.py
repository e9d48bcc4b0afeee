"""INCIDENT.md is what happens, but for what differs from run to run."""

import pytest

from tests.support import incident, tour

pytestmark = [pytest.mark.integration, pytest.mark.timeout(tour.DEADLINE_S)]


@pytest.mark.long
def test_the_page_tells_what_happens() -> None:
    page = incident.PAGE.read_text(encoding="utf-8")
    assert tour.normalised(incident.tell()) == tour.normalised(page)
