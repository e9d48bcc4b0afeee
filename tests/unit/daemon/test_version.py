"""What the program says of itself without loading the rest of it is so."""

from daemon.version import DISK_GROUP_MAX, DISK_GROUP_MIN
from eventstore.model.decide.moving import VERSIONS


def test_the_versions_of_disk_groups_are_those_that_the_model_takes() -> None:
    assert (VERSIONS[0], VERSIONS[-1]) == (DISK_GROUP_MIN, DISK_GROUP_MAX)
