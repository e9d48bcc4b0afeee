import json

import pytest

from cli import failure
from daemon.errors import RequestFailed

ERROR = RequestFailed(
    "V-5-1-436",
    "Cannot allocate space",
    cause="2048 sectors are free",
    fix="add a disk",
    rule="M4",
    node="node1",
    exit_code=1,
)


def test_in_words_it_says_what_is_so_why_and_the_way_out() -> None:
    assert failure.text(ERROR, "vxassist").splitlines() == [
        "VxVM vxassist ERROR V-5-1-436 Cannot allocate space (rule M4)",
        "  node: node1",
        "  cause: 2048 sectors are free",
        "  fix: add a disk",
    ]


def test_what_is_not_known_is_left_out() -> None:
    bare = RequestFailed("V-5-1-1", "No")
    assert failure.text(bare, "vx") == "VxVM vx ERROR V-5-1-1 No"


def test_as_json_it_says_the_same() -> None:
    assert json.loads(failure.as_json(ERROR)) == {
        "schema": "vx.error/v1",
        "id": "V-5-1-436",
        "rule": "M4",
        "message": "Cannot allocate space",
        "node": "node1",
        "cause": "2048 sectors are free",
        "fix": "add a disk",
        "exit": 1,
    }


@pytest.mark.parametrize(
    "line", ["--json", "dg list --json", "-o json", "-ojson", "--output=ndjson", "-o ndjson"]
)
def test_whoever_wants_json_gets_errors_as_json(line: str) -> None:
    assert failure.wants_json(line.split())


@pytest.mark.parametrize("line", ["", "-o table", "json", "-- --json", "-o"])
def test_others_get_words(line: str) -> None:
    assert not failure.wants_json(line.split())
