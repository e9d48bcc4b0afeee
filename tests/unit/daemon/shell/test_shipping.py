"""What a daemon knows of what is shipped of it, and how its archive is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daemon.__main__ import _flags, _parser
from daemon.config import CONFIG_FILE, load, origins
from daemon.shell.shipping import LATE_S, Shipments, problems
from tests.support.stores import Maker, SqliteEngine

URL = "postgresql://vx:s3cret@db/fleet"
AWAY: dict[str, Any] = {"message": "it does not answer", "cause": "gone", "fix": "look"}


def shipments(notes: list[str]) -> Shipments:
    return Shipments(Path("/nowhere"), URL, notes.append)


def test_how_far_the_archive_is_behind_is_told_in_commits_and_seconds(tmp_path: Path) -> None:
    shipping = shipments([])
    with SqliteEngine(tmp_path).open() as store:
        store.append(Maker().entries(5))
        assert [row["lag"] for row in shipping.standing(store)["logs"]] == [None, None]
        shipping._hear({"log": "node/node1", "position": 3, "problem": None})
        own = shipping.standing(store)["logs"][1]
        assert (own["position"], own["lag"], own["lag_s"] > 0) == (3, 2, True)
        shipping._hear({"log": "node/node1", "position": 5, "problem": None})
        own = shipping.standing(store)["logs"][1]
        assert (own["lag"], own["lag_s"]) == (0, 0)


def test_what_is_in_the_way_is_said_once_and_that_it_is_gone(tmp_path: Path) -> None:
    notes: list[str] = []
    shipping = shipments(notes)
    for message in (AWAY, AWAY, None, None):
        shipping._hear({"away": message})
    assert notes == [
        "it does not answer (gone) -> shipped later",
        "shipping to the archive goes on",
    ]
    shipping._hear({"log": "shared", "position": 1, "problem": {**AWAY, "message": "another"}})
    with SqliteEngine(tmp_path).open() as store:
        standing = shipping.standing(store)
    assert standing["problem"] == "another: gone"
    assert "s3cret" not in str(standing)


def test_an_archive_that_falls_behind_is_a_problem_and_one_that_keeps_up_is_none() -> None:
    row = {"log": "shared", "position": 1, "lag": 4, "lag_s": LATE_S - 1}
    standing: dict[str, Any] = {"logs": [row], "problem": None, "fix": None}
    assert problems(standing) == []
    row["lag_s"] = LATE_S
    assert "behind: shared by 4 commits" in problems(standing)[0]["text"]


def test_the_archive_is_named_on_the_command_line_or_in_the_settings(tmp_path: Path) -> None:
    text = f'[cluster]\nname = "c"\n[node]\nname = "n"\n[archive]\nurl = "{URL}"\n'
    (tmp_path / CONFIG_FILE).write_text(text)
    assert load(tmp_path).archive.url == URL
    flags = _flags(_parser().parse_args(["--archive", "postgresql://other/x"]))
    assert load(tmp_path, flags).archive.url == "postgresql://other/x"
    shown = {name: value for name, value, _where in origins(tmp_path)}
    assert shown["archive.url"] == "postgresql://vx@db/fleet"


def test_a_password_in_the_url_of_a_log_is_not_shown_either(tmp_path: Path) -> None:
    settings = f'[cluster]\nname = "c"\n[node]\nname = "n"\n[log]\ndatabase = "{URL}"\n'
    (tmp_path / CONFIG_FILE).write_text(settings)
    shown = {name: value for name, value, _where in origins(tmp_path)}
    assert shown["log.database"] == "postgresql://vx@db/fleet"
