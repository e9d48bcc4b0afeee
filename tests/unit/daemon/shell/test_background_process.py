"""What the survey beside the daemon takes for damage."""

from pathlib import Path

import pytest

from daemon.shell.background_process import findings
from eventstore.errors import Unavailable
from eventstore.source import DATABASE
from eventstore.storage.location import POINTER


def test_a_server_that_does_not_answer_is_no_damage_of_the_log(tmp_path: Path) -> None:
    url = f"postgresql://vx@/vx?host={tmp_path}&port=1&schema=node1"
    (tmp_path / POINTER).write_text(f"{url}\n")
    with pytest.raises(Unavailable):
        list(findings(tmp_path / DATABASE, whole=True))
