"""The story that has everything in it, stored once."""

from collections.abc import Iterator

import pytest

from tests.support.histories import the_whole_story
from tests.support.past import Past, past_of


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with past_of(the_whole_story(), tmp_path_factory.mktemp("story")) as found:
        yield found
